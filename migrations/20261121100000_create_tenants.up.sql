create table partners (
    partner_id uuid primary key,
    slug text not null unique,
    name text not null,
    created_at timestamptz not null default now()
);

-- The partner that tenants belong to unless they name another.
insert into partners (partner_id, slug, name)
values ('00000000-0000-7000-8000-000000000001', 'default', 'Default');

create table tenants (
    tenant_id uuid primary key,
    partner_id uuid not null references partners (partner_id),
    slug text not null unique,
    name text not null,
    waba_id text,
    disabled boolean not null default false,
    -- Sealed under the master key; everything else that is sealed of this tenant is sealed under it.
    sealed_data_key bytea not null,
    -- Goes up with every change to anything that serving the tenant depends on, so that hosts see which tenants to reload.
    revision bigint not null default 1,
    created_at timestamptz not null default now()
);
