create table flows (
    tenant_id uuid not null references tenants (tenant_id) on delete cascade,
    flow_id uuid not null,
    name text not null,
    disabled boolean not null default false,
    settings jsonb not null,
    active_version integer,
    -- What was active before, oldest first: a rollback takes the last.
    previous_versions integer[] not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, flow_id),
    unique (tenant_id, name)
);

-- A component's bytes, once per tenant however many versions have them.
create table components (
    tenant_id uuid not null references tenants (tenant_id) on delete cascade,
    digest bytea not null,
    bytes bytea not null,
    primary key (tenant_id, digest)
);

create table plugin_versions (
    tenant_id uuid not null,
    flow_id uuid not null,
    version integer not null,
    digest bytea not null,
    size_bytes integer not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, flow_id, version),
    foreign key (tenant_id, flow_id) references flows (tenant_id, flow_id) on delete cascade,
    foreign key (tenant_id, digest) references components (tenant_id, digest)
);
