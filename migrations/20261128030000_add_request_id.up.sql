-- What an answer calls itself (x-request-id) leads to what it left. Null: from before this was noted, or of no request.
alter table exchanges add column request_id uuid;
alter table audit_entries add column request_id uuid;
alter table plugin_log_lines add column request_id uuid;

-- As insert_turn_v2, with the request that the exchange answers.
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

-- As update_turn_v2, with the request that the exchange answers.
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
