-- Tokens that many recipients share: a session that stands alone says so, and one that is opened again and again is counted.
alter table sessions add column shared boolean not null default false;
-- How many exchanges came before the last INIT: the conversation is counted from there.
alter table sessions add column opened_at bigint not null default 0;
-- INITs in the middle of a conversation or after its end, which one recipient seldom sends.
alter table sessions add column reopenings integer not null default 0;

-- Looked at after the exchange is inserted: the unique key lets it in as soon as the exchange of a flow that is being deleted is gone, and
-- then what that flow had answered is here. Fails as the unique key would have failed.
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

-- These functions become the application's role themselves, for their transaction: what is set for a connection's session is lost where a
-- pooler is in between, and who owns the tables would see every tenant's rows.

-- As find_turn, with what the rules of shared tokens look at.
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

-- As insert_turn; new_shared is whether the session is that of one exchange only.
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

-- As update_turn. opens counts the conversation from here; restarts forgets the state of before, also where there is no new one;
-- suspect counts an opening that one recipient would seldom make.
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
