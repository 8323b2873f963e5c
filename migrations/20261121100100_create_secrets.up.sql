create table key_pairs (
    tenant_id uuid not null references tenants (tenant_id) on delete cascade,
    key_id uuid not null,
    sealed_private_key bytea not null,
    public_key_pem text not null,
    -- SHA-256 of the public key's SPKI, `sha256:` and hex.
    fingerprint text not null,
    -- Null: active. Set: retiring, decrypts until then.
    retires_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (tenant_id, key_id),
    unique (tenant_id, fingerprint)
);

create table app_secrets (
    tenant_id uuid not null references tenants (tenant_id) on delete cascade,
    app_secret_id uuid not null,
    sealed_secret bytea not null,
    -- Null: current. Set: the previous one, valid until then.
    valid_until timestamptz,
    created_at timestamptz not null default now(),
    primary key (tenant_id, app_secret_id)
);
