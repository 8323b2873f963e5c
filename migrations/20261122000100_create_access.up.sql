alter table partners add column disabled boolean not null default false;

-- Bearers of the admin API. Only the hash of a token is stored.
create table api_tokens (
    token_id uuid primary key,
    -- SHA-256 of the token, which is 256 random bits.
    token_hash bytea not null unique,
    role text not null check (role in ('operator', 'partner', 'deploy', 'read')),
    -- What the token reaches: everything, a partner's tenants, or one tenant.
    partner_id uuid references partners (partner_id) on delete cascade,
    tenant_id uuid references tenants (tenant_id) on delete cascade,
    expires_at timestamptz,
    -- To the minute.
    last_used_at timestamptz,
    created_at timestamptz not null default now(),
    check ((role = 'partner') = (partner_id is not null)),
    check ((role in ('deploy', 'read')) = (tenant_id is not null))
);

-- Every change: who, what, before and after, without secrets. No foreign keys: an entry outlives what it is about.
create table audit_entries (
    -- Begins with its time, so it is the order too.
    audit_id uuid primary key,
    -- The api token that was used; none: the operator's token of the environment.
    actor_token_id uuid,
    actor_role text not null,
    partner_id uuid,
    partner text,
    tenant_id uuid,
    tenant text,
    action text not null,
    target text,
    before jsonb,
    after jsonb,
    created_at timestamptz not null default now()
);

create index audit_entries_by_tenant on audit_entries (tenant_id, audit_id);
create index audit_entries_by_partner on audit_entries (partner_id, audit_id);
