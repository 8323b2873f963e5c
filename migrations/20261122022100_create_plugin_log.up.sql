-- How many lines a flow's plugin has logged. Whoever writes lines holds this row, so numbers become visible in their order: a reader
-- that goes on after the last number that it saw misses nothing.
create table plugin_logs (
    tenant_id uuid not null,
    flow_id uuid not null,
    last_number bigint not null,
    primary key (tenant_id, flow_id),
    foreign key (tenant_id, flow_id) references flows (tenant_id, flow_id) on delete cascade
);

-- The newest of these lines.
create table plugin_log_lines (
    tenant_id uuid not null,
    flow_id uuid not null,
    number bigint not null,
    plugin_version integer not null,
    -- 0 trace, 1 debug, 2 info, 3 warn, 4 error.
    level smallint not null check (level between 0 and 4),
    sealed_message bytea not null,
    -- Lines after this one that were not kept.
    dropped integer,
    logged_at timestamptz not null,
    primary key (tenant_id, flow_id, number),
    foreign key (tenant_id, flow_id) references plugin_logs (tenant_id, flow_id) on delete cascade
);

grant select, insert, update, delete on plugin_logs, plugin_log_lines to flowhost_app;

alter table plugin_logs enable row level security;
alter table plugin_log_lines enable row level security;

create policy of_the_tenant on plugin_logs using (tenant_id = current_tenant());
create policy of_the_tenant on plugin_log_lines using (tenant_id = current_tenant());
