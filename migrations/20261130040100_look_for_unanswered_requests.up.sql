-- As look_over_tenants, and counts requests without a reply in place of lines of level error, of which a call that is answered may have any number.
-- What its sender is to blame for is left out: anybody can send that.
create function look_over_tenants_v2(tenants uuid[], since timestamptz, most_flows bigint, most_failures bigint)
    returns table (
        tenant_id uuid,
        -- Whether requests can be verified.
        app_secret boolean,
        -- What a client last reported of the active key.
        reported_error text,
        -- Whether there is access to Meta's Graph API, and each status that a phone number has there.
        graph_access boolean, upload_statuses text[],
        flows bigint, flows_off bigint,
        -- Flows that are on: those that no version was activated of, and the components of the others.
        flows_without_version bigint, components bytea[],
        -- Since that time: committed exchanges that failed, and requests that got no reply.
        failed_exchanges bigint, unanswered bigint
    )
    language plpgsql
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
    set enable_mergejoin = off set enable_material = off set jit = off
as $$
#variable_conflict use_column
declare
    tenant uuid;
begin
    foreach tenant in array tenants loop
        perform set_config('flowhost.tenant', tenant::text, true);
        return query
            select tenant,
                exists (select from app_secrets a where a.tenant_id = tenant and (a.valid_until is null or a.valid_until > now())),
                (select max(k.reported_error) from key_pairs k where k.tenant_id = tenant and k.retires_at is null),
                exists (select from graph_access g where g.tenant_id = tenant),
                array(select distinct p.status from phone_numbers p where p.tenant_id = tenant order by 1),
                f.flows, f.off, f.without_version, f.components,
                (select count(*) from (
                    select from exchanges e where e.tenant_id = tenant and e.outcome = 'failed' and e.created_at > since limit most_failures
                ) as failed),
                (select least(coalesce(sum(lately.count), 0), most_failures)::bigint from (
                    select u.count from unanswered_requests u
                    where u.tenant_id = tenant and u.minute > since and u.blame <> 'peer' limit most_failures
                ) as lately)
            from (
                select count(*) as flows, count(*) filter (where one.disabled) as off,
                    count(*) filter (where not one.disabled and one.digest is null) as without_version,
                    array_agg(distinct one.digest) filter (where not one.disabled and one.digest is not null) as components
                from (
                    select o.disabled, v.digest
                    from flows o left join plugin_versions v
                        on v.tenant_id = o.tenant_id and v.flow_id = o.flow_id and v.version = o.active_version
                    where o.tenant_id = tenant limit most_flows
                ) as one
            ) as f;
    end loop;
end
$$;
