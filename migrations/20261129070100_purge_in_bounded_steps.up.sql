-- How far the pass is with a tenant that has more than one step can look at. Null: it is between two tenants.
alter table retention_pass
    add column at_tenant uuid,
    add column last_session uuid,
    add column last_exchange_session uuid,
    add column last_exchange_number bigint;

-- As purge_next, with a limit on what a step looks at and not only on what it deletes, and with a tenant that fails passed over. A session
-- lasts longest_session at most from its first exchange. A plan that was told to avoid what it can't avoid looks dear enough to be compiled,
-- which takes ten times as long as a step: so without jit.
create function purge_next_v2(
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
    elsif pass.ended_at > now() - pause then
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
            end if;
            perform set_config('flowhost.tenant', tenant::text, true);

            -- What the tenant's flows keep.
            select coalesce(jsonb_agg(jsonb_build_object('flow', f.flow_id, 'sessions', d.sessions, 'exchanges', d.exchanges,
                    'log_lines', d.log_lines)), '[]') as flows,
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
                delete from sessions s using looked_at l, jsonb_to_recordset(kept.flows) as k (flow uuid, sessions integer)
                where s.tenant_id = tenant and s.flow_id = l.flow_id and s.token_hash = l.token_hash and k.flow = l.flow_id
                    and case when s.status = 'open' then greatest(s.expires_at, s.updated_at) else s.updated_at end
                        < now() - make_interval(days => k.sessions)
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
                    delete from exchanges e using looked_at l, jsonb_to_recordset(kept.flows) as k (flow uuid, exchanges integer)
                    where e.tenant_id = tenant and e.session_id = l.session_id and e.number = l.number and e.created_at = l.created_at
                        and k.flow = e.flow_id and e.created_at < now() - make_interval(days => k.exchanges)
                        and k.exchanges < pass.longest_exchanges_days_before
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
                digests_gone := forget_answered_requests(tenant, now() - kept.answered, rest);
                rest := rest - digests_gone;
            end if;

            -- A flow's lines are numbered in the order of their times: its first one tells whether any is over.
            for lines_of in
                select k.flow, now() - make_interval(days => k.log_lines) as before
                from jsonb_to_recordset(kept.flows) as k (flow uuid, log_lines integer)
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
        exception when others then
            -- What it deleted is there again. How long it keeps exchanges was read before that, or is not known.
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
            last_exchange_number = pass.last_exchange_number;
    end if;
    return next;
end
$$;

-- As make_exchange_partitions, also for months before the first one that have exchanges in the partition of those without a month. Most of
-- these are moved before turns have to wait, and it gives up soon where they would have to wait for others.
create function make_exchange_partitions_v2(since timestamptz, until timestamptz)
    returns void
    language plpgsql
    security definer set search_path from current
as $$
declare
    missing timestamp[] := array(
        select month from generate_series(
            date_trunc('month', least(since, (select min(d.created_at) from exchanges_default d)) at time zone 'UTC'),
            until at time zone 'UTC', interval '1 month'
        ) as month
        where to_regclass('exchanges_' || to_char(month, 'YYYY_MM')) is null
    );
    month timestamp;
    name text;
    move text := 'with moved as (delete from exchanges_default where created_at >= %L and created_at < %L returning *) '
        'insert into %I select * from moved';
begin
    perform set_config('lock_timeout', '200ms', true);
    foreach month in array missing loop
        name := 'exchanges_' || to_char(month, 'YYYY_MM');
        execute format('create table %I (like exchanges including defaults including constraints including indexes)', name);
        execute format('alter table %I enable row level security', name);
        execute format(move, month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC', name);
    end loop;
    -- From here on turns of a month without a partition wait.
    foreach month in array missing loop
        name := 'exchanges_' || to_char(month, 'YYYY_MM');
        lock table exchanges_default in access exclusive mode;
        execute format(move, month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC', name);
        execute format(
            'alter table exchanges attach partition %I for values from (%L) to (%L)',
            name, month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC'
        );
    end loop;
end
$$;

revoke all on function make_exchange_partitions_v2 from public;
grant execute on function make_exchange_partitions_v2 to flowhost_app;
