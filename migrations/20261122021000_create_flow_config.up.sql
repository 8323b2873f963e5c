-- What a tenant set for its flow's plugin. Values are sealed whether they are secrets or not: a plain one may be a customer's too, and one
-- that became a secret later leaves nothing behind.
create table flow_config (
    tenant_id uuid not null,
    flow_id uuid not null,
    key text not null,
    sealed_value bytea not null,
    -- Whether only the host sees it, which fills it into outbound requests.
    secret boolean not null,
    -- As name:port, where a secret may go.
    hosts text[] not null default '{}',
    updated_at timestamptz not null default now(),
    primary key (tenant_id, flow_id, key),
    foreign key (tenant_id, flow_id) references flows (tenant_id, flow_id) on delete cascade
);

grant select, insert, update, delete on flow_config to flowhost_app;

alter table flow_config enable row level security;

create policy of_the_tenant on flow_config using (tenant_id = current_tenant());
