-- How far the pass is with a tenant's digests.
alter table retention_pass add column last_answered timestamptz not null default '-infinity';

-- As forget_answered_requests, from a time on, and it says how far it came. Without that each step passed by the dead entries of all steps
-- before it: where old rows go, nothing is inserted that would make an index forget them.
create function forget_answered_requests_v2(tenant uuid, since timestamptz, before timestamptz, most bigint)
    returns table (forgotten bigint, reached timestamptz)
    language plpgsql
    security definer
as $$
begin
    return query
        with old as materialized (
            select o.request_digest, o.answered_at from answered_requests o
            where o.tenant_id = tenant and o.answered_at > '-infinity' and o.answered_at >= since
                and o.answered_at < least(before, now() - interval '7 days')
            order by o.answered_at limit most
        ), gone as (
            delete from answered_requests a using old where a.tenant_id = tenant and a.request_digest = old.request_digest returning true
        )
        select (select count(*) from gone), (select max(o.answered_at) from old o);
end
$$;

do $$
begin
    execute format('alter function forget_answered_requests_v2 set search_path = %I, pg_temp', current_schema());
end
$$;

revoke all on function forget_answered_requests_v2 from public;
grant execute on function forget_answered_requests_v2 to flowhost_app;

-- As purge_next_v2, with three ends more. A tenant that takes up the whole time of a statement is passed over like one that fails: before,
-- every later step would have ended at it, and no tenant after it would have been looked at again. A pass that ended in the future ended
-- on a clock that was wrong. And what a flow keeps is looked up by its id, since a tenant may have as many flows as it likes.
create function purge_next_v3(
    defaults jsonb, longest_session interval, pause interval, most_tenants integer, most_rows bigint
)
    returns table (
        -- working: there is more to do. over: this was the last of the pass. resting: the next pass is not due. elsewhere: another
        -- host is at it.
        came text,
        tenants integer, sessions bigint, exchanges bigint, answered_requests bigint, log_lines bigint, flow_values bigint,
        -- How long exchanges are kept by the flow that keeps them longest.
        longest_exchanges_days integer,
        -- Tenants that failed. The next pass tries them again.
        failed_tenants uuid[], last_failure text
    )
    language plpgsql
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
    set enable_mergejoin = off set jit = off
as $$
#variable_conflict use_column
declare
    pass retention_pass;
    candidates uuid[];
    tenant uuid;
    -- How many more rows this step may look at.
    rest bigint := most_rows;
    -- Whether a tenant took up the whole time of the statement.
    out_of_time boolean := false;
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.across_tenants', 'on', true);
    -- Who deletes a flow or a tenant holds its rows for long. This gives up before that ends in a deadlock.
    perform set_config('lock_timeout', '50ms', true);
    came := 'working';
    tenants := 0; sessions := 0; exchanges := 0; answered_requests := 0; log_lines := 0; flow_values := 0;
    longest_exchanges_days := 0; failed_tenants := '{}';
    select * into pass from retention_pass p for update skip locked;
    if not found then
        came := 'elsewhere';
        return next;
        return;
    elsif pass.ended_at > now() - pause and pass.ended_at <= now() then
        came := 'resting';
        return next;
        return;
    end if;

    -- One without a data key is being deleted.
    candidates := array(
        select t.tenant_id from tenants t where t.tenant_id > pass.last_tenant and t.sealed_data_key <> ''
        order by t.tenant_id limit most_tenants
    );
    foreach tenant in array candidates loop
        declare
            kept record;
            lines_of record;
            looked bigint;
            counted bigint;
            last uuid;
            last_number bigint;
            reached timestamptz;
            sessions_gone bigint;
            exchanges_gone bigint := 0;
            digests_gone bigint := 0;
            lines_gone bigint := 0;
            values_gone bigint := 0;
        begin
            if pass.at_tenant is distinct from tenant then
                pass.at_tenant := tenant;
                pass.last_session := '00000000-0000-0000-0000-000000000000';
                pass.last_exchange_session := '00000000-0000-0000-0000-000000000000';
                pass.last_exchange_number := 0;
                pass.last_answered := '-infinity';
            end if;
            perform set_config('flowhost.tenant', tenant::text, true);

            -- What the tenant's flows keep.
            select jsonb_object_agg(f.flow_id, d.sessions) filter (where f.flow_id is not null) as sessions,
                jsonb_object_agg(f.flow_id, d.exchanges) filter (where f.flow_id is not null) as exchanges,
                jsonb_object_agg(f.flow_id, d.log_lines) filter (where f.flow_id is not null) as log_lines,
                coalesce(min(d.sessions), 0) as least_sessions, coalesce(min(d.exchanges), 0) as least_exchanges,
                coalesce(max(d.exchanges), 0) as most_exchanges,
                -- A request whose session is still there is remembered, whatever the tenant says.
                greatest(
                    make_interval(days => coalesce((t.retention ->> 'answered_days')::integer, (defaults ->> 'answered_days')::integer)),
                    make_interval(days => max(d.sessions)) + longest_session
                ) as answered
            into kept
            from tenants t left join flows f on f.tenant_id = t.tenant_id
            left join lateral (
                select coalesce((f.settings -> 'retention' ->> 'sessions_days')::integer, (t.retention ->> 'sessions_days')::integer,
                        (defaults ->> 'sessions_days')::integer) as sessions,
                    coalesce((f.settings -> 'retention' ->> 'exchanges_days')::integer, (t.retention ->> 'exchanges_days')::integer,
                        (defaults ->> 'exchanges_days')::integer) as exchanges,
                    coalesce((f.settings -> 'retention' ->> 'plugin_log_days')::integer, (t.retention ->> 'plugin_log_days')::integer,
                        (defaults ->> 'plugin_log_days')::integer) as log_lines
                where f.flow_id is not null
            ) d on true
            where t.tenant_id = tenant
            group by t.tenant_id;
            pass.longest_exchanges_days := greatest(pass.longest_exchanges_days, kept.most_exchanges);

            -- Ids go by the time of a session's beginning, so the oldest come first. An open session is over when its time is. One that
            -- ended stays as long as its token could still be used, since the token would begin anew.
            with looked_at as materialized (
                select o.flow_id, o.token_hash, o.session_id
                from sessions o
                where o.tenant_id = tenant and o.session_id > pass.last_session
                    and o.session_id > '00000000-0000-0000-0000-000000000000'
                    and o.session_id < first_id_at(now() - make_interval(days => kept.least_sessions))
                order by o.session_id limit rest
            ), gone as (
                delete from sessions s using looked_at l
                where s.tenant_id = tenant and s.flow_id = l.flow_id and s.token_hash = l.token_hash
                    and case when s.status = 'open' then greatest(s.expires_at, s.updated_at) else s.updated_at end
                        < now() - make_interval(days => (kept.sessions ->> s.flow_id::text)::integer)
                    and s.expires_at < now()
                returning true
            )
            select (select count(*) from looked_at), (select count(*) from gone),
                (select l.session_id from looked_at l order by l.session_id desc limit 1)
            into looked, sessions_gone, last;
            rest := rest - looked;
            pass.last_session := coalesce(last, pass.last_session);

            -- Those of the flows that keep them longest go with their month.
            if rest > 0 and kept.least_exchanges < pass.longest_exchanges_days_before then
                with looked_at as materialized (
                    select o.session_id, o.number, o.created_at from exchanges o
                    where o.tenant_id = tenant
                        and (o.session_id, o.number) > (pass.last_exchange_session, pass.last_exchange_number)
                        and o.session_id < first_id_at(now() - make_interval(days => kept.least_exchanges))
                    order by o.session_id, o.number limit rest
                ), gone as (
                    delete from exchanges e using looked_at l
                    where e.tenant_id = tenant and e.session_id = l.session_id and e.number = l.number and e.created_at = l.created_at
                        and e.created_at < now() - make_interval(days => (kept.exchanges ->> e.flow_id::text)::integer)
                        and (kept.exchanges ->> e.flow_id::text)::integer < pass.longest_exchanges_days_before
                    returning true
                ), furthest as (select l.session_id, l.number from looked_at l order by l.session_id desc, l.number desc limit 1)
                select (select count(*) from looked_at), (select count(*) from gone),
                    (select f.session_id from furthest f), (select f.number from furthest f)
                into looked, exchanges_gone, last, last_number;
                rest := rest - looked;
                pass.last_exchange_session := coalesce(last, pass.last_exchange_session);
                pass.last_exchange_number := coalesce(last_number, pass.last_exchange_number);
            end if;

            if rest > 0 then
                select f.forgotten, f.reached into digests_gone, reached
                from forget_answered_requests_v2(tenant, pass.last_answered, now() - kept.answered, rest) f;
                rest := rest - digests_gone;
                pass.last_answered := coalesce(reached, pass.last_answered);
            end if;

            -- A flow's lines are numbered in the order of their times: its first one tells whether any is over.
            for lines_of in
                select k.key::uuid as flow, now() - make_interval(days => k.value::integer) as before
                from jsonb_each_text(kept.log_lines) as k
            loop
                exit when rest <= 0;
                continue when coalesce(
                    (select p.logged_at from plugin_log_lines p where p.tenant_id = tenant and p.flow_id = lines_of.flow
                        order by p.number limit 1),
                    'infinity'
                ) >= lines_of.before;
                with looked_at as materialized (
                    select p.number from plugin_log_lines p where p.tenant_id = tenant and p.flow_id = lines_of.flow
                    order by p.number limit rest
                ), gone as (
                    delete from plugin_log_lines g using looked_at l
                    where g.tenant_id = tenant and g.flow_id = lines_of.flow and g.number = l.number and g.logged_at < lines_of.before
                    returning true
                )
                select (select count(*) from looked_at), (select count(*) from gone) into looked, counted;
                rest := rest - looked;
                lines_gone := lines_gone + counted;
            end loop;

            if rest > 0 then
                with looked_at as materialized (
                    select o.flow_id, o.key_fingerprint from flow_values o
                    where o.tenant_id = tenant and o.expires_at > '-infinity' and o.expires_at <= now()
                    order by o.expires_at limit rest
                )
                delete from flow_values v using looked_at l
                where v.tenant_id = tenant and v.flow_id = l.flow_id and v.key_fingerprint = l.key_fingerprint and v.expires_at <= now();
                get diagnostics values_gone = row_count;
                rest := rest - values_gone;
            end if;

            sessions := sessions + sessions_gone; exchanges := exchanges + exchanges_gone;
            answered_requests := answered_requests + digests_gone; log_lines := log_lines + lines_gone;
            flow_values := flow_values + values_gone;
        exception when query_canceled or others then
            -- What it deleted is there again. How long it keeps exchanges was read before that, or is not known.
            out_of_time := sqlstate = '57014';
            failed_tenants := failed_tenants || tenant;
            last_failure := sqlerrm;
            if kept is null then
                pass.longest_exchanges_days := greatest(pass.longest_exchanges_days, pass.longest_exchanges_days_before, 36500);
            end if;
            rest := greatest(rest, 1);
        end;
        exit when rest <= 0;
        tenants := tenants + 1;
        pass.last_tenant := tenant;
        -- The limit that was met holds for no more of this statement.
        exit when out_of_time;
    end loop;

    if tenants = coalesce(array_length(candidates, 1), 0) and tenants < most_tenants then
        came := 'over';
        longest_exchanges_days := pass.longest_exchanges_days;
        -- A host that works has looked for them since.
        delete from tenant_deletions d where d.deleted_at < now() - interval '7 days';
        update retention_pass set last_tenant = default, longest_exchanges_days = default,
            longest_exchanges_days_before = pass.longest_exchanges_days, ended_at = now(), at_tenant = default;
    else
        update retention_pass set last_tenant = pass.last_tenant, longest_exchanges_days = pass.longest_exchanges_days,
            at_tenant = pass.at_tenant, last_session = pass.last_session, last_exchange_session = pass.last_exchange_session,
            last_exchange_number = pass.last_exchange_number, last_answered = pass.last_answered;
    end if;
    return next;
end
$$;
