-- The Flow JSON that a flow's phones have: with it the host checks every reply as they would. Not sealed: every phone gets it.
create table flow_json (
    tenant_id uuid not null,
    flow_id uuid not null,
    -- Byte for byte as it was uploaded.
    document bytea not null,
    -- SHA-256 of the document: by it hosts know whether they have read it already.
    digest bytea not null,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, flow_id),
    foreign key (tenant_id, flow_id) references flows (tenant_id, flow_id) on delete cascade
);

grant select, insert, update, delete on flow_json to flowhost_app;

alter table flow_json enable row level security;

create policy of_the_tenant on flow_json using (tenant_id = current_tenant());
