-- As they were.
drop function commit_turns_v2, find_turns_v2, update_turn_v4, insert_turn_v4, find_turn_v3;

create function find_turn(tenant uuid, flow uuid, token bytea, request bytea)
    returns table (
        answered_number bigint, answered_token bytea, answered_here boolean,
        token_hash bytea, status text, screen text, sealed_state bytea, sealed_context bytea, version bigint,
        last_reply_kind text, sealed_last_reply bytea, expires_at timestamptz
    )
    language plpgsql
as $$
begin
    perform set_config('flowhost.tenant', tenant::text, true);
    return query
        select coalesce(e.number, case when a.request_digest is not null then 0 end),
            coalesce(e.token_hash, case when a.request_digest is not null then token end),
            coalesce(e.flow_id = flow, case when a.request_digest is not null then false end),
            s.token_hash, s.status, s.screen, s.sealed_state, s.sealed_context, s.version,
            s.last_reply_kind, s.sealed_last_reply, s.expires_at
        from (values (1)) as one (n)
        left join exchanges e on e.tenant_id = tenant and e.request_digest = request
        left join answered_requests a on a.tenant_id = tenant and a.request_digest = request
        left join sessions s on s.tenant_id = tenant and s.flow_id = flow and s.token_hash = token;
end
$$;

create function insert_turn(
    tenant uuid, flow uuid, token bytea, new_status text, new_screen text, new_state bytea, request bytea, reply_kind text,
    new_reply bytea, turn_action text, turn_screen_in text, turn_outcome text, turn_duration_us bigint, turn_plugin_version integer,
    new_session_id uuid, new_expires_at timestamptz
)
    returns boolean
    language plpgsql
as $$
begin
    perform set_config('flowhost.tenant', tenant::text, true);
    insert into sessions (tenant_id, flow_id, token_hash, session_id, status, screen, sealed_state, version,
        last_reply_kind, sealed_last_reply, expires_at)
    values (tenant, flow, token, new_session_id, new_status, new_screen, new_state, 1, reply_kind, new_reply, new_expires_at)
    on conflict (tenant_id, flow_id, token_hash) do nothing;
    if not found then
        return false;
    end if;
    insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, screen_in, screen_out, outcome,
        duration_us, plugin_version)
    values (tenant, flow, token, 1, request, turn_action, turn_screen_in, new_screen, turn_outcome, turn_duration_us,
        turn_plugin_version);
    return true;
end
$$;

create function update_turn(
    tenant uuid, flow uuid, token bytea, new_status text, new_screen text, new_state bytea, request bytea, reply_kind text,
    new_reply bytea, turn_action text, turn_screen_in text, turn_outcome text, turn_duration_us bigint, turn_plugin_version integer,
    found_version bigint
)
    returns boolean
    language plpgsql
as $$
begin
    perform set_config('flowhost.tenant', tenant::text, true);
    update sessions s
    set status = new_status, screen = coalesce(new_screen, s.screen), sealed_state = coalesce(new_state, s.sealed_state),
        version = found_version + 1, last_reply_kind = reply_kind, sealed_last_reply = new_reply, updated_at = now(),
        expires_at = case
            when found_version = 0 and s.seconds_from_first_exchange is not null
                then now() + make_interval(secs => s.seconds_from_first_exchange)
            else s.expires_at
        end
    where s.tenant_id = tenant and s.flow_id = flow and s.token_hash = token and s.version = found_version;
    if not found then
        return false;
    end if;
    insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, screen_in, screen_out, outcome,
        duration_us, plugin_version)
    values (tenant, flow, token, found_version + 1, request, turn_action, turn_screen_in, new_screen, turn_outcome,
        turn_duration_us, turn_plugin_version);
    return true;
end
$$;

create function refuse_what_a_deleted_flow_answered(tenant uuid, request bytea)
    returns void
    language plpgsql
as $$
begin
    if exists (select from answered_requests a where a.tenant_id = tenant and a.request_digest = request) then
        raise unique_violation
            using message = 'a flow that is gone answered this request', constraint = 'exchanges_tenant_id_request_digest_key';
    end if;
end
$$;

create function find_turn_v2(tenant uuid, flow uuid, token bytea, request bytea)
    returns table (
        answered_number bigint, answered_token bytea, answered_here boolean,
        token_hash bytea, status text, screen text, sealed_state bytea, sealed_context bytea, version bigint,
        last_reply_kind text, sealed_last_reply bytea, expires_at timestamptz, updated_at timestamptz, opened_at bigint,
        reopenings integer
    )
    language plpgsql
as $$
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', tenant::text, true);
    return query
        select coalesce(e.number, case when a.request_digest is not null then 0 end),
            coalesce(e.token_hash, case when a.request_digest is not null then token end),
            coalesce(e.flow_id = flow, case when a.request_digest is not null then false end),
            s.token_hash, s.status, s.screen, s.sealed_state, s.sealed_context, s.version,
            s.last_reply_kind, s.sealed_last_reply, s.expires_at, s.updated_at, s.opened_at, s.reopenings
        from (values (1)) as one (n)
        left join exchanges e on e.tenant_id = tenant and e.request_digest = request
        left join answered_requests a on a.tenant_id = tenant and a.request_digest = request
        left join sessions s on s.tenant_id = tenant and s.flow_id = flow and s.token_hash = token;
end
$$;

create function insert_turn_v2(
    tenant uuid, flow uuid, token bytea, new_status text, new_screen text, new_state bytea, request bytea, reply_kind text,
    new_reply bytea, turn_action text, turn_screen_in text, turn_outcome text, turn_duration_us bigint, turn_plugin_version integer,
    new_session_id uuid, new_expires_at timestamptz, new_shared boolean
)
    returns boolean
    language plpgsql
as $$
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', tenant::text, true);
    insert into sessions (tenant_id, flow_id, token_hash, session_id, status, screen, sealed_state, version,
        last_reply_kind, sealed_last_reply, expires_at, shared)
    values (tenant, flow, token, new_session_id, new_status, new_screen, new_state, 1, reply_kind, new_reply, new_expires_at,
        new_shared)
    on conflict (tenant_id, flow_id, token_hash) do nothing;
    if not found then
        return false;
    end if;
    insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, screen_in, screen_out, outcome,
        duration_us, plugin_version)
    values (tenant, flow, token, 1, request, turn_action, turn_screen_in, new_screen, turn_outcome, turn_duration_us,
        turn_plugin_version);
    perform refuse_what_a_deleted_flow_answered(tenant, request);
    return true;
end
$$;

create function update_turn_v2(
    tenant uuid, flow uuid, token bytea, new_status text, new_screen text, new_state bytea, request bytea, reply_kind text,
    new_reply bytea, turn_action text, turn_screen_in text, turn_outcome text, turn_duration_us bigint, turn_plugin_version integer,
    found_version bigint, opens boolean, restarts boolean, suspect boolean
)
    returns boolean
    language plpgsql
as $$
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', tenant::text, true);
    update sessions s
    set status = new_status, screen = coalesce(new_screen, s.screen),
        sealed_state = case when restarts then new_state else coalesce(new_state, s.sealed_state) end,
        version = found_version + 1, last_reply_kind = reply_kind, sealed_last_reply = new_reply, updated_at = now(),
        opened_at = case when opens then found_version else s.opened_at end,
        reopenings = s.reopenings + suspect::integer,
        expires_at = case
            when found_version = 0 and s.seconds_from_first_exchange is not null
                then now() + make_interval(secs => s.seconds_from_first_exchange)
            else s.expires_at
        end
    where s.tenant_id = tenant and s.flow_id = flow and s.token_hash = token and s.version = found_version;
    if not found then
        return false;
    end if;
    insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, screen_in, screen_out, outcome,
        duration_us, plugin_version)
    values (tenant, flow, token, found_version + 1, request, turn_action, turn_screen_in, new_screen, turn_outcome,
        turn_duration_us, turn_plugin_version);
    perform refuse_what_a_deleted_flow_answered(tenant, request);
    return true;
end
$$;

create function insert_turn_v3(
    tenant uuid, flow uuid, token bytea, new_status text, new_screen text, new_state bytea, request bytea, reply_kind text,
    new_reply bytea, turn_action text, turn_screen_in text, turn_outcome text, turn_duration_us bigint, turn_plugin_version integer,
    turn_request_id uuid, new_session_id uuid, new_expires_at timestamptz, new_shared boolean
)
    returns boolean
    language plpgsql
as $$
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', tenant::text, true);
    insert into sessions (tenant_id, flow_id, token_hash, session_id, status, screen, sealed_state, version,
        last_reply_kind, sealed_last_reply, expires_at, shared)
    values (tenant, flow, token, new_session_id, new_status, new_screen, new_state, 1, reply_kind, new_reply, new_expires_at,
        new_shared)
    on conflict (tenant_id, flow_id, token_hash) do nothing;
    if not found then
        return false;
    end if;
    insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, screen_in, screen_out, outcome,
        duration_us, plugin_version, request_id)
    values (tenant, flow, token, 1, request, turn_action, turn_screen_in, new_screen, turn_outcome, turn_duration_us,
        turn_plugin_version, turn_request_id);
    perform refuse_what_a_deleted_flow_answered(tenant, request);
    return true;
end
$$;

create function update_turn_v3(
    tenant uuid, flow uuid, token bytea, new_status text, new_screen text, new_state bytea, request bytea, reply_kind text,
    new_reply bytea, turn_action text, turn_screen_in text, turn_outcome text, turn_duration_us bigint, turn_plugin_version integer,
    turn_request_id uuid, found_version bigint, opens boolean, restarts boolean, suspect boolean
)
    returns boolean
    language plpgsql
as $$
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', tenant::text, true);
    update sessions s
    set status = new_status, screen = coalesce(new_screen, s.screen),
        sealed_state = case when restarts then new_state else coalesce(new_state, s.sealed_state) end,
        version = found_version + 1, last_reply_kind = reply_kind, sealed_last_reply = new_reply, updated_at = now(),
        opened_at = case when opens then found_version else s.opened_at end,
        reopenings = s.reopenings + suspect::integer,
        expires_at = case
            when found_version = 0 and s.seconds_from_first_exchange is not null
                then now() + make_interval(secs => s.seconds_from_first_exchange)
            else s.expires_at
        end
    where s.tenant_id = tenant and s.flow_id = flow and s.token_hash = token and s.version = found_version;
    if not found then
        return false;
    end if;
    insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, screen_in, screen_out, outcome,
        duration_us, plugin_version, request_id)
    values (tenant, flow, token, found_version + 1, request, turn_action, turn_screen_in, new_screen, turn_outcome,
        turn_duration_us, turn_plugin_version, turn_request_id);
    perform refuse_what_a_deleted_flow_answered(tenant, request);
    return true;
end
$$;

create function find_turns(tenants uuid[], flows uuid[], tokens bytea[], requests bytea[])
    returns table (
        place bigint, answered_number bigint, answered_token bytea, answered_here boolean,
        token_hash bytea, status text, screen text, sealed_state bytea, sealed_context bytea, version bigint,
        last_reply_kind text, sealed_last_reply bytea, expires_at timestamptz, updated_at timestamptz, opened_at bigint,
        reopenings integer
    )
    language plpgsql
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', array_to_string(tenants, ','), true);
    return query
        select t.place, coalesce(e.number, case when a.request_digest is not null then 0 end),
            coalesce(e.token_hash, case when a.request_digest is not null then t.token end),
            coalesce(e.flow_id = t.flow, case when a.request_digest is not null then false end),
            s.token_hash, s.status, s.screen, s.sealed_state, s.sealed_context, s.version,
            s.last_reply_kind, s.sealed_last_reply, s.expires_at, s.updated_at, s.opened_at, s.reopenings
        from unnest(tenants, flows, tokens, requests) with ordinality as t (tenant, flow, token, request, place)
        left join exchanges e on e.tenant_id = t.tenant and e.request_digest = t.request
        left join answered_requests a on a.tenant_id = t.tenant and a.request_digest = t.request
        left join sessions s on s.tenant_id = t.tenant and s.flow_id = t.flow and s.token_hash = t.token;
end
$$;

create function commit_turns(
    tenants uuid[], flows uuid[], tokens bytea[], statuses text[], screens text[], states bytea[], requests bytea[], reply_kinds text[],
    replies bytea[], actions text[], screens_in text[], outcomes text[], durations_us bigint[], plugin_versions integer[],
    request_ids uuid[], session_ids uuid[], expiries timestamptz[], shareds boolean[], found_versions bigint[], opens boolean[],
    restarts boolean[], suspects boolean[]
)
    returns table (done bigint[], tried bigint[])
    language plpgsql
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
    -- Places in the arrays: whose flow and session are held here, whose session was inserted, and whose exchange was.
    held bigint[];
    begun bigint[];
    answered bigint[];
begin
    -- The limit is for what the rows skipped here don't cover, such as a request that a flow answered that is being deleted. The whole
    -- statement fails then, and each turn is tried alone.
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', array_to_string(tenants, ','), true),
        set_config('lock_timeout', '20ms', true);

    select coalesce(array_agg(t.place), '{}') into held
    from unnest(tenants, flows, tokens, found_versions) with ordinality as t (tenant, flow, token, version, place)
    cross join lateral (
        select from flows f where f.tenant_id = t.tenant and f.flow_id = t.flow
        for key share skip locked
    ) as flow
    where t.version is null or t.version = (
        select s.version from sessions s where s.tenant_id = t.tenant and s.flow_id = t.flow and s.token_hash = t.token
        for no key update skip locked
    );

    -- In order, so that two such statements never wait for each other.
    with turn as (
        select *
        from unnest(tenants, flows, tokens, session_ids, statuses, screens, states, reply_kinds, replies, expiries, shareds,
            found_versions) with ordinality as t (tenant, flow, token, session_id, status, screen, state, reply_kind, reply, expires_at,
            shared, version, place)
        where t.version is null and t.place = any (held)
    ), inserted as (
        insert into sessions (tenant_id, flow_id, token_hash, session_id, status, screen, sealed_state, version, last_reply_kind,
            sealed_last_reply, expires_at, shared)
        select tenant, flow, token, session_id, status, screen, state, 1, reply_kind, reply, expires_at, shared
        from turn order by tenant, flow, token
        on conflict (tenant_id, flow_id, token_hash) do nothing
        returning session_id
    )
    select coalesce(array_agg(turn.place), '{}') into begun from turn join inserted using (session_id);

    with turn as (
        select *
        from unnest(tenants, flows, tokens, requests, actions, screens_in, screens, outcomes, durations_us, plugin_versions, request_ids,
            found_versions) with ordinality as t (tenant, flow, token, request, action, screen_in, screen_out, outcome, duration_us,
            plugin_version, request_id, version, place)
        where t.place = any (begun) or t.version is not null and t.place = any (held)
    ), inserted as (
        insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, screen_in, screen_out, outcome,
            duration_us, plugin_version, request_id)
        select tenant, flow, token, coalesce(version, 0) + 1, request, action, screen_in, screen_out, outcome, duration_us,
            plugin_version, request_id
        from turn order by tenant, request
        on conflict (tenant_id, request_digest) do nothing
        returning tenant_id, request_digest
    )
    select coalesce(array_agg(turn.place), '{}') into answered
    from turn join inserted on inserted.tenant_id = turn.tenant and inserted.request_digest = turn.request;

    -- As refuse_what_a_deleted_flow_answered. It is too rare for a way of its own: the whole statement fails.
    if exists (
        select from unnest(tenants, requests) as t (tenant, request)
        join answered_requests a on a.tenant_id = t.tenant and a.request_digest = t.request
    ) then
        raise unique_violation
            using message = 'a flow that is gone answered this request', constraint = 'exchanges_tenant_id_request_digest_key';
    end if;

    update sessions s
    set status = t.status, screen = coalesce(t.screen, s.screen),
        sealed_state = case when t.restarts then t.state else coalesce(t.state, s.sealed_state) end,
        version = t.version + 1, last_reply_kind = t.reply_kind, sealed_last_reply = t.reply, updated_at = now(),
        opened_at = case when t.opens then t.version else s.opened_at end,
        reopenings = s.reopenings + t.suspect::integer,
        expires_at = case
            when t.version = 0 and s.seconds_from_first_exchange is not null
                then now() + make_interval(secs => s.seconds_from_first_exchange)
            else s.expires_at
        end
    from unnest(tenants, flows, tokens, statuses, screens, states, reply_kinds, replies, found_versions, opens, restarts, suspects)
        with ordinality as t (tenant, flow, token, status, screen, state, reply_kind, reply, version, opens, restarts, suspect, place)
    where t.version is not null and t.place = any (answered)
        and s.tenant_id = t.tenant and s.flow_id = t.flow and s.token_hash = t.token;

    -- Sessions of turns whose request was answered elsewhere meanwhile.
    if not begun <@ answered then
        delete from sessions s using unnest(tenants, flows, tokens) with ordinality as t (tenant, flow, token, place)
        where t.place = any (begun) and t.place <> all (answered)
            and s.tenant_id = t.tenant and s.flow_id = t.flow and s.token_hash = t.token;
    end if;

    return query select answered, held;
end
$$;

alter function find_turns set enable_material = off;
alter function find_turns set enable_bitmapscan = off;
alter function commit_turns set enable_material = off;
alter function commit_turns set enable_bitmapscan = off;
