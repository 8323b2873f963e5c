-- What a tenant lets the host into Meta's Graph API with.
create table graph_access (
    tenant_id uuid primary key references tenants (tenant_id) on delete cascade,
    sealed_access_token bytea not null,
    updated_at timestamptz not null default now()
);

-- The phone numbers that a tenant's public key is to be uploaded for, and what is known of the key that Meta has for each.
create table phone_numbers (
    tenant_id uuid not null references graph_access (tenant_id) on delete cascade,
    -- As in the Graph API's URLs: digits.
    phone_number_id text not null,
    status text not null default 'pending'
        check (status in ('pending', 'valid', 'mismatch', 'other-key', 'missing', 'failed')),
    -- Of the key that Meta has, as far as it is known; as in key_pairs.
    fingerprint text,
    -- What Meta said, where there is more to say than the status.
    detail text,
    uploaded_at timestamptz,
    checked_at timestamptz,
    -- Whoever is about to ask Meta sets this to a time of its own, and writes down what it learnt only where it is still the same.
    next_check_at timestamptz not null default now(),
    -- Checks in a row that came to nothing.
    failures integer not null default 0,
    primary key (tenant_id, phone_number_id)
);

-- What clients report of the active key: that it is missing at Meta, or not signed. To the minute.
alter table key_pairs add column reported_error text;
alter table key_pairs add column reported_at timestamptz;

grant select, insert, update, delete on graph_access, phone_numbers to flowhost_app;

alter table graph_access enable row level security;
alter table phone_numbers enable row level security;

create policy of_the_tenant on graph_access using (tenant_id = current_tenant());
-- Which checks are due, and how many stand how, is asked of all tenants at once, like which tenants there are.
create policy of_the_tenant on phone_numbers
    using (tenant_id = current_tenant() or current_setting('flowhost.across_tenants', true) = 'on');
