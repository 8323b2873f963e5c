-- How long what belongs to the tenant is kept; what it does not say has its default. A flow may say otherwise in its settings.
alter table tenants add column retention jsonb not null default '{}';

-- The one pass over all tenants that deletes what is over. Whoever works on it holds the row, so one host does; the others go on from here
-- if that host ends.
create table retention_pass (
    only_one boolean primary key default true check (only_one),
    -- Tenants up to this one are done.
    last_tenant uuid not null default '00000000-0000-0000-0000-000000000000',
    -- The longest that any flow seen in this pass, and in the one before, keeps exchanges.
    longest_exchanges_days integer not null default 0,
    longest_exchanges_days_before integer not null default 0,
    -- When the pass before was over. Null: there was none.
    ended_at timestamptz
);
insert into retention_pass default values;
grant select, update on retention_pass to flowhost_app;

-- The smallest id that is made at this time: a UUID of version 7 begins with it, in milliseconds.
create function first_id_at(moment timestamptz) returns uuid language sql immutable
    as $$ select (lpad(to_hex(floor(extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- Forgets which requests a tenant answered before a time; returns how many, at most that many. The application may do it in this way only,
-- and not for a week: a request that nobody remembers may be answered again.
create function forget_answered_requests(tenant uuid, before timestamptz, most bigint)
    returns bigint
    language plpgsql
    security definer set search_path from current
as $$
declare
    forgotten bigint;
begin
    with old as materialized (
        select o.request_digest from answered_requests o
        where o.tenant_id = tenant and o.answered_at > '-infinity' and o.answered_at < least(before, now() - interval '7 days')
        order by o.answered_at limit most
    )
    delete from answered_requests a using old where a.tenant_id = tenant and a.request_digest = old.request_digest;
    get diagnostics forgotten = row_count;
    return forgotten;
end
$$;

revoke all on function forget_answered_requests from public;
grant execute on function forget_answered_requests to flowhost_app;

-- Deletes what is over of some tenants, the next ones of the pass. At most so many rows of each kind go in one call; a tenant with more
-- is the first of the next call. Days are the flow's, the tenant's or else the default, which the host knows.
create function purge_next(defaults jsonb, pause interval, most_tenants integer, most_rows bigint)
    returns table (
        -- working: there is more to do. over: this was the last of the pass. resting: the next pass is not due. elsewhere: another
        -- host is at it.
        came text,
        tenants integer, sessions bigint, exchanges bigint, answered_requests bigint, log_lines bigint, flow_values bigint,
        -- How long exchanges are kept by the flow that keeps them longest.
        longest_exchanges_days integer
    )
    language plpgsql
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    pass retention_pass;
    candidates uuid[];
    tenant uuid;
    kept record;
    counted bigint;
    most bigint;
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.across_tenants', 'on', true);
    came := 'working';
    tenants := 0; sessions := 0; exchanges := 0; answered_requests := 0; log_lines := 0; flow_values := 0;
    longest_exchanges_days := 0;
    select * into pass from retention_pass p for update skip locked;
    if not found then
        came := 'elsewhere';
        return next;
        return;
    elsif pass.ended_at > now() - pause then
        came := 'resting';
        return next;
        return;
    end if;

    candidates := array(select t.tenant_id from tenants t where t.tenant_id > pass.last_tenant order by t.tenant_id limit most_tenants);
    foreach tenant in array candidates loop
        perform set_config('flowhost.tenant', tenant::text, true);
        most := 0;

        -- What the tenant's flows keep. A session is over when its time is, and no sooner than it ended.
        select coalesce(jsonb_agg(jsonb_build_object('flow', f.flow_id, 'sessions', d.sessions, 'exchanges', d.exchanges,
                'log_lines', d.log_lines)), '[]') as flows,
            coalesce(min(d.sessions), 0) as least_sessions, coalesce(min(d.exchanges), 0) as least_exchanges,
            coalesce(max(d.exchanges), 0) as most_exchanges,
            -- A request whose session is still there is remembered, whatever the tenant says.
            greatest(
                coalesce((t.retention ->> 'answered_days')::integer, (defaults ->> 'answered_days')::integer),
                max(d.sessions + ceil((f.settings ->> 'session_ttl_seconds')::numeric / 86400)::integer)
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

        -- What is found is found once, so that no plan deletes more than that. Ids go by the time of a session's beginning, so the
        -- oldest come first.
        with old as materialized (
            select o.flow_id, o.token_hash
            from sessions o join jsonb_to_recordset(kept.flows) as k (flow uuid, sessions integer) on k.flow = o.flow_id
            where o.tenant_id = tenant and o.session_id > '00000000-0000-0000-0000-000000000000'
                and o.session_id < first_id_at(now() - make_interval(days => kept.least_sessions))
                and case when o.status = 'open' then greatest(o.expires_at, o.updated_at) else o.updated_at end
                    < now() - make_interval(days => k.sessions)
            order by o.session_id limit most_rows
            for update of o skip locked
        )
        delete from sessions s using old
        where s.tenant_id = tenant and s.flow_id = old.flow_id and s.token_hash = old.token_hash;
        get diagnostics counted = row_count;
        sessions := sessions + counted; most := greatest(most, counted);

        -- Those of the flows that keep them longest go with their month.
        if kept.least_exchanges < pass.longest_exchanges_days_before then
            with old as materialized (
                select o.session_id, o.number, o.created_at
                from exchanges o join jsonb_to_recordset(kept.flows) as k (flow uuid, exchanges integer) on k.flow = o.flow_id
                where o.tenant_id = tenant and o.session_id < first_id_at(now() - make_interval(days => kept.least_exchanges))
                    and o.created_at < now() - make_interval(days => kept.least_exchanges)
                    and o.created_at < now() - make_interval(days => k.exchanges)
                    and k.exchanges < pass.longest_exchanges_days_before
                limit most_rows
            )
            delete from exchanges e using old
            where e.tenant_id = tenant and e.session_id = old.session_id and e.number = old.number and e.created_at = old.created_at;
            get diagnostics counted = row_count;
            exchanges := exchanges + counted; most := greatest(most, counted);
        end if;

        counted := forget_answered_requests(tenant, now() - make_interval(days => kept.answered), most_rows);
        answered_requests := answered_requests + counted; most := greatest(most, counted);

        -- A flow's lines are numbered in the order of their times.
        with old as materialized (
            select k.flow, o.number
            from jsonb_to_recordset(kept.flows) as k (flow uuid, log_lines integer)
            cross join lateral (
                select p.number, p.logged_at from plugin_log_lines p where p.tenant_id = tenant and p.flow_id = k.flow
                order by p.number limit most_rows
            ) as o
            where o.logged_at < now() - make_interval(days => k.log_lines)
            limit most_rows
        )
        delete from plugin_log_lines l using old
        where l.tenant_id = tenant and l.flow_id = old.flow and l.number = old.number;
        get diagnostics counted = row_count;
        log_lines := log_lines + counted; most := greatest(most, counted);

        with old as materialized (
            select o.flow_id, o.key_fingerprint from flow_values o where o.tenant_id = tenant and o.expires_at <= now()
            limit most_rows for update skip locked
        )
        delete from flow_values v using old
        where v.tenant_id = tenant and v.flow_id = old.flow_id and v.key_fingerprint = old.key_fingerprint;
        get diagnostics counted = row_count;
        flow_values := flow_values + counted; most := greatest(most, counted);

        exit when most >= most_rows;
        tenants := tenants + 1;
        pass.last_tenant := tenant;
    end loop;

    if tenants = coalesce(array_length(candidates, 1), 0) and tenants < most_tenants then
        came := 'over';
        longest_exchanges_days := pass.longest_exchanges_days;
        -- A host that works has looked for them since.
        delete from tenant_deletions d where d.deleted_at < now() - interval '7 days';
        update retention_pass set last_tenant = default, longest_exchanges_days = default,
            longest_exchanges_days_before = pass.longest_exchanges_days, ended_at = now();
    else
        update retention_pass set last_tenant = pass.last_tenant, longest_exchanges_days = pass.longest_exchanges_days;
    end if;
    return next;
end
$$;
