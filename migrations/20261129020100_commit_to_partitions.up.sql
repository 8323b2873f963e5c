-- The statements of turns, for the tables of the migration before. Nothing has been released, so those that don't fit them go at once.
drop function find_turn, find_turn_v2, find_turns, insert_turn, insert_turn_v2, insert_turn_v3, update_turn, update_turn_v2, update_turn_v3,
    commit_turns, refuse_what_a_deleted_flow_answered;

-- The session of a token, and whether an earlier copy of the request was answered anywhere at the tenant, also by a flow or in a session
-- that is gone. Each by a whole unique key, so that no state of the planner's statistics can make it read more. A plan is kept as long as
-- its connection, so one that was made for an empty table must not be to read it all.
create function find_turn_v3(tenant uuid, flow uuid, token bytea, request bytea)
    returns table (
        answered boolean,
        token_hash bytea, status text, screen text, sealed_state bytea, sealed_context bytea, version bigint,
        last_reply_kind text, sealed_last_reply bytea, last_request bytea, expires_at timestamptz, updated_at timestamptz,
        opened_at bigint, reopenings integer
    )
    language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', tenant::text, true);
    return query
        select a.request_digest is not null,
            s.token_hash, s.status, s.screen, s.sealed_state, s.sealed_context, s.version,
            s.last_reply_kind, s.sealed_last_reply, s.last_request, s.expires_at, s.updated_at, s.opened_at, s.reopenings
        from (values (1)) as one (n)
        left join answered_requests a on a.tenant_id = tenant and a.request_digest = request
        left join sessions s on s.tenant_id = tenant and s.flow_id = flow and s.token_hash = token;
end
$$;

-- Commits a session's first turn together with its exchange; false if the session is there already. That the request was answered
-- meanwhile, the primary key of answered_requests tells.
create function insert_turn_v4(
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
        last_reply_kind, sealed_last_reply, last_request, expires_at, shared)
    values (tenant, flow, token, new_session_id, new_status, new_screen, new_state, 1, reply_kind, new_reply, request, new_expires_at,
        new_shared)
    on conflict (tenant_id, flow_id, token_hash) do nothing;
    if not found then
        return false;
    end if;
    insert into answered_requests (tenant_id, request_digest) values (tenant, request);
    insert into exchanges (tenant_id, session_id, number, flow_id, action, screen_in, screen_out, outcome, duration_us, plugin_version,
        request_id)
    values (tenant, new_session_id, 1, flow, turn_action, turn_screen_in, new_screen, turn_outcome, turn_duration_us,
        turn_plugin_version, turn_request_id);
    return true;
end
$$;

-- Commits a turn of a session that was found at a version, together with its exchange; false if it is at another version by now. A
-- screen or state that is null stays as it was. opens counts the conversation from here; restarts forgets the state of before, also where
-- there is no new one; suspect counts an opening that one recipient would seldom make.
create function update_turn_v4(
    tenant uuid, flow uuid, token bytea, new_status text, new_screen text, new_state bytea, request bytea, reply_kind text,
    new_reply bytea, turn_action text, turn_screen_in text, turn_outcome text, turn_duration_us bigint, turn_plugin_version integer,
    turn_request_id uuid, found_version bigint, opens boolean, restarts boolean, suspect boolean
)
    returns boolean
    language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    session uuid;
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', tenant::text, true);
    update sessions s
    set status = new_status, screen = coalesce(new_screen, s.screen),
        sealed_state = case when restarts then new_state else coalesce(new_state, s.sealed_state) end,
        version = found_version + 1, last_reply_kind = reply_kind, sealed_last_reply = new_reply, last_request = request,
        updated_at = now(), opened_at = case when opens then found_version else s.opened_at end,
        reopenings = s.reopenings + suspect::integer,
        expires_at = case
            when found_version = 0 and s.seconds_from_first_exchange is not null
                then now() + make_interval(secs => s.seconds_from_first_exchange)
            else s.expires_at
        end
    where s.tenant_id = tenant and s.flow_id = flow and s.token_hash = token and s.version = found_version
    returning s.session_id into session;
    if not found then
        return false;
    end if;
    insert into answered_requests (tenant_id, request_digest) values (tenant, request);
    insert into exchanges (tenant_id, session_id, number, flow_id, action, screen_in, screen_out, outcome, duration_us, plugin_version,
        request_id)
    values (tenant, session, found_version + 1, flow, turn_action, turn_screen_in, new_screen, turn_outcome, turn_duration_us,
        turn_plugin_version, turn_request_id);
    return true;
end
$$;

-- The functions below get one array for each argument of the function for a single turn. They keep one plan, since to plan costs more
-- than to run it, and it goes by the keys: on a new database, where there are no statistics yet, the planner would read whole tables.

-- As find_turn_v3 for each turn; place is the turn's place in the arrays, from 1.
create function find_turns_v2(tenants uuid[], flows uuid[], tokens bytea[], requests bytea[])
    returns table (
        place bigint, answered boolean,
        token_hash bytea, status text, screen text, sealed_state bytea, sealed_context bytea, version bigint,
        last_reply_kind text, sealed_last_reply bytea, last_request bytea, expires_at timestamptz, updated_at timestamptz,
        opened_at bigint, reopenings integer
    )
    language plpgsql
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
    set enable_material = off set enable_bitmapscan = off
as $$
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', array_to_string(tenants, ','), true);
    return query
        select t.place, a.request_digest is not null,
            s.token_hash, s.status, s.screen, s.sealed_state, s.sealed_context, s.version,
            s.last_reply_kind, s.sealed_last_reply, s.last_request, s.expires_at, s.updated_at, s.opened_at, s.reopenings
        from unnest(tenants, flows, tokens, requests) with ordinality as t (tenant, flow, token, request, place)
        left join answered_requests a on a.tenant_id = t.tenant and a.request_digest = t.request
        left join sessions s on s.tenant_id = t.tenant and s.flow_id = t.flow and s.token_hash = t.token;
end
$$;

-- As insert_turn_v4 for each turn whose found_version is null, and update_turn_v4 for the others. No two turns may have the same session
-- or the same request. done has the places of those that are committed, tried of these and of those that another turn came before. The
-- rest must be tried alone: somebody else holds the flow's or the session's row, or the session has another version.
create function commit_turns_v2(
    tenants uuid[], flows uuid[], tokens bytea[], statuses text[], screens text[], states bytea[], requests bytea[], reply_kinds text[],
    replies bytea[], actions text[], screens_in text[], outcomes text[], durations_us bigint[], plugin_versions integer[],
    request_ids uuid[], session_ids uuid[], expiries timestamptz[], shareds boolean[], found_versions bigint[], opens boolean[],
    restarts boolean[], suspects boolean[]
)
    returns table (done bigint[], tried bigint[])
    language plpgsql
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
    set enable_material = off set enable_bitmapscan = off
as $$
declare
    -- Places in the arrays: whose flow and session are held here, whose session was inserted, and whose request is answered.
    held bigint[];
    begun bigint[];
    answered bigint[];
begin
    -- The limit is for what the rows skipped here don't cover, such as a request that somebody else is about to commit. The whole
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
        from unnest(tenants, flows, tokens, session_ids, statuses, screens, states, requests, reply_kinds, replies, expiries, shareds,
            found_versions) with ordinality as t (tenant, flow, token, session_id, status, screen, state, request, reply_kind, reply,
            expires_at, shared, version, place)
        where t.version is null and t.place = any (held)
    ), inserted as (
        insert into sessions (tenant_id, flow_id, token_hash, session_id, status, screen, sealed_state, version, last_reply_kind,
            sealed_last_reply, last_request, expires_at, shared)
        select tenant, flow, token, session_id, status, screen, state, 1, reply_kind, reply, request, expires_at, shared
        from turn order by tenant, flow, token
        on conflict (tenant_id, flow_id, token_hash) do nothing
        returning session_id
    )
    select coalesce(array_agg(turn.place), '{}') into begun from turn join inserted using (session_id);

    with turn as (
        select * from unnest(tenants, requests, found_versions) with ordinality as t (tenant, request, version, place)
        where t.place = any (begun) or t.version is not null and t.place = any (held)
    ), inserted as (
        insert into answered_requests (tenant_id, request_digest)
        select tenant, request from turn order by tenant, request
        on conflict (tenant_id, request_digest) do nothing
        returning tenant_id, request_digest
    )
    select coalesce(array_agg(turn.place), '{}') into answered
    from turn join inserted on inserted.tenant_id = turn.tenant and inserted.request_digest = turn.request;

    with updated as (
        update sessions s
        set status = t.status, screen = coalesce(t.screen, s.screen),
            sealed_state = case when t.restarts then t.state else coalesce(t.state, s.sealed_state) end,
            version = t.version + 1, last_reply_kind = t.reply_kind, sealed_last_reply = t.reply, last_request = t.request,
            updated_at = now(), opened_at = case when t.opens then t.version else s.opened_at end,
            reopenings = s.reopenings + t.suspect::integer,
            expires_at = case
                when t.version = 0 and s.seconds_from_first_exchange is not null
                    then now() + make_interval(secs => s.seconds_from_first_exchange)
                else s.expires_at
            end
        from unnest(tenants, flows, tokens, statuses, screens, states, requests, reply_kinds, replies, found_versions, opens, restarts,
            suspects) with ordinality as t (tenant, flow, token, status, screen, state, request, reply_kind, reply, version, opens,
            restarts, suspect, place)
        where t.version is not null and t.place = any (answered)
            and s.tenant_id = t.tenant and s.flow_id = t.flow and s.token_hash = t.token
        returning t.place, s.session_id
    )
    insert into exchanges (tenant_id, session_id, number, flow_id, action, screen_in, screen_out, outcome, duration_us, plugin_version,
        request_id)
    select t.tenant, coalesce(t.session_id, updated.session_id), coalesce(t.version, 0) + 1, t.flow, t.action, t.screen_in, t.screen_out,
        t.outcome, t.duration_us, t.plugin_version, t.request_id
    from unnest(tenants, flows, session_ids, actions, screens_in, screens, outcomes, durations_us, plugin_versions, request_ids,
        found_versions) with ordinality as t (tenant, flow, session_id, action, screen_in, screen_out, outcome, duration_us,
        plugin_version, request_id, version, place)
    left join updated on updated.place = t.place
    where t.place = any (answered);

    -- Sessions of turns whose request was answered elsewhere meanwhile.
    if not begun <@ answered then
        delete from sessions s using unnest(tenants, flows, tokens) with ordinality as t (tenant, flow, token, place)
        where t.place = any (begun) and t.place <> all (answered)
            and s.tenant_id = t.tenant and s.flow_id = t.flow and s.token_hash = t.token;
    end if;

    return query select answered, held;
end
$$;
