create table sessions (
    tenant_id uuid not null,
    flow_id uuid not null,
    -- SHA-256 of the flow token; the token itself is not stored.
    token_hash bytea not null,
    session_id uuid not null,
    status text not null check (status in ('open', 'completed', 'rejected', 'expired')),
    screen text,
    sealed_state bytea,
    sealed_context bytea,
    -- Goes up with every commit: a commit names the one that it read.
    version bigint not null,
    -- What was answered to the last request, for exact repeats; which request that was, its exchange tells.
    last_reply_kind text not null check (last_reply_kind in ('answer', 'token-rejected')),
    sealed_last_reply bytea not null,
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, flow_id, token_hash),
    -- Lists go by it too: an id begins with its time. No index may begin with (tenant_id, flow_id) but the primary key: on a new
    -- database, where there are no statistics yet, the planner takes indexes that begin alike for equally good, and a turn would read
    -- every session of the flow.
    unique (tenant_id, session_id),
    foreign key (tenant_id, flow_id) references flows (tenant_id, flow_id) on delete cascade
);

create table exchanges (
    tenant_id uuid not null,
    flow_id uuid not null,
    token_hash bytea not null,
    -- The session's version that this exchange made: 1, 2, ..
    number bigint not null,
    request_digest bytea not null,
    action text not null,
    screen_in text,
    screen_out text,
    outcome text not null check (outcome in ('screen', 'completed', 'rejected', 'failed', 'refused')),
    duration_us bigint not null,
    plugin_version integer,
    created_at timestamptz not null default now(),
    primary key (tenant_id, flow_id, token_hash, number),
    -- One request is answered once, wherever it is sent to again: the wall behind the check that finds repeats.
    unique (tenant_id, request_digest),
    foreign key (tenant_id, flow_id, token_hash) references sessions (tenant_id, flow_id, token_hash) on delete cascade
);

-- What clients reported about replies of a session.
create table client_errors (
    tenant_id uuid not null,
    flow_id uuid not null,
    token_hash bytea not null,
    client_error_id uuid not null,
    screen text,
    error_key text not null,
    sealed_message bytea not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, flow_id, token_hash, client_error_id),
    foreign key (tenant_id, flow_id, token_hash) references sessions (tenant_id, flow_id, token_hash) on delete cascade
);
