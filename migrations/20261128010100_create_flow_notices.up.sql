-- What hosts noticed of a flow that its tenant should know: one row for each kind.
create table flow_notices (
    tenant_id uuid not null,
    flow_id uuid not null,
    kind text not null check (kind in ('shared-token', 'reopened-token')),
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    primary key (tenant_id, flow_id, kind),
    foreign key (tenant_id, flow_id) references flows (tenant_id, flow_id) on delete cascade
);

grant select, insert, update on flow_notices to flowhost_app;

alter table flow_notices enable row level security;

create policy of_the_tenant on flow_notices using (tenant_id = current_tenant());
