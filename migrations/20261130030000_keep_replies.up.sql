-- The replies of sessions whose flow keeps them all. The last one is in its session too, where a repeat finds it; that one is sealed for
-- its session, these are sealed for their numbers, so none of them can take another's place.
create table session_replies (
    tenant_id uuid not null,
    flow_id uuid not null,
    token_hash bytea not null,
    -- That of its exchange, which may go earlier.
    number bigint not null,
    reply_kind text not null check (reply_kind in ('answer', 'token-rejected')),
    sealed_reply bytea not null,
    -- The version that gave it; null if none was asked.
    plugin_version integer,
    primary key (tenant_id, flow_id, token_hash, number),
    foreign key (tenant_id, flow_id, token_hash) references sessions (tenant_id, flow_id, token_hash) on delete cascade
);

grant select, insert, update, delete on session_replies to flowhost_app;

alter table session_replies enable row level security;

create policy of_the_tenant on session_replies using (tenant_id = current_tenant());

-- Keeps a reply of a session, and forgets the oldest where there are more than so many, or more than so many bytes.
create function keep_reply(
    tenant uuid, flow uuid, token bytea, reply_number bigint, kind text, version integer, reply bytea, most_replies bigint,
    most_bytes bigint
)
    returns void
    language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    perform set_config('role', 'flowhost_app', true), set_config('flowhost.tenant', tenant::text, true);
    insert into session_replies (tenant_id, flow_id, token_hash, number, reply_kind, sealed_reply, plugin_version)
    values (tenant, flow, token, reply_number, kind, reply, version);
    delete from session_replies r
    where r.tenant_id = tenant and r.flow_id = flow and r.token_hash = token and r.number <= (
        select max(k.number) from (
            select n.number, row_number() over newest as place, sum(octet_length(n.sealed_reply)) over newest as bytes
            from session_replies n where n.tenant_id = tenant and n.flow_id = flow and n.token_hash = token
            window newest as (order by n.number desc)
        ) as k
        where k.place > most_replies or k.bytes > most_bytes
    );
end
$$;

-- As insert_turn_v4, and keeps the reply, which is sealed a second time for that.
create function insert_turn_keeping_reply(
    tenant uuid, flow uuid, token bytea, new_status text, new_screen text, new_state bytea, request bytea, reply_kind text,
    new_reply bytea, turn_action text, turn_screen_in text, turn_outcome text, turn_duration_us bigint, turn_plugin_version integer,
    turn_request_id uuid, new_session_id uuid, new_expires_at timestamptz, new_shared boolean,
    kept_reply bytea, most_replies bigint, most_bytes bigint
)
    returns boolean
    language plpgsql
as $$
begin
    if not insert_turn_v4(tenant, flow, token, new_status, new_screen, new_state, request, reply_kind, new_reply, turn_action,
        turn_screen_in, turn_outcome, turn_duration_us, turn_plugin_version, turn_request_id, new_session_id, new_expires_at, new_shared)
    then
        return false;
    end if;
    perform keep_reply(tenant, flow, token, 1, reply_kind, turn_plugin_version, kept_reply, most_replies, most_bytes);
    return true;
end
$$;

-- As update_turn_v4, and keeps the reply, which is sealed a second time for that.
create function update_turn_keeping_reply(
    tenant uuid, flow uuid, token bytea, new_status text, new_screen text, new_state bytea, request bytea, reply_kind text,
    new_reply bytea, turn_action text, turn_screen_in text, turn_outcome text, turn_duration_us bigint, turn_plugin_version integer,
    turn_request_id uuid, found_version bigint, opens boolean, restarts boolean, suspect boolean,
    kept_reply bytea, most_replies bigint, most_bytes bigint
)
    returns boolean
    language plpgsql
as $$
begin
    if not update_turn_v4(tenant, flow, token, new_status, new_screen, new_state, request, reply_kind, new_reply, turn_action,
        turn_screen_in, turn_outcome, turn_duration_us, turn_plugin_version, turn_request_id, found_version, opens, restarts, suspect)
    then
        return false;
    end if;
    perform keep_reply(tenant, flow, token, found_version + 1, reply_kind, turn_plugin_version, kept_reply, most_replies, most_bytes);
    return true;
end
$$;
