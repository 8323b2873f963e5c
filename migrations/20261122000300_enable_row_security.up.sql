-- The tenant that the transaction is about; none where it was not said, and then there are no rows.
create function current_tenant() returns uuid language sql stable
    as $$ select nullif(current_setting('flowhost.tenant', true), '')::uuid $$;

alter table key_pairs enable row level security;
alter table app_secrets enable row level security;
alter table flows enable row level security;
alter table components enable row level security;
alter table plugin_versions enable row level security;
alter table sessions enable row level security;
alter table exchanges enable row level security;
alter table client_errors enable row level security;
alter table tenants enable row level security;

create policy of_the_tenant on key_pairs using (tenant_id = current_tenant());
create policy of_the_tenant on app_secrets using (tenant_id = current_tenant());
create policy of_the_tenant on flows using (tenant_id = current_tenant());
create policy of_the_tenant on components using (tenant_id = current_tenant());
create policy of_the_tenant on plugin_versions using (tenant_id = current_tenant());
create policy of_the_tenant on sessions using (tenant_id = current_tenant());
create policy of_the_tenant on exchanges using (tenant_id = current_tenant());
create policy of_the_tenant on client_errors using (tenant_id = current_tenant());

-- Which tenants there are, a host has to know as a whole; it says so in the transaction that asks.
create policy of_the_tenant on tenants
    using (tenant_id = current_tenant() or current_setting('flowhost.across_tenants', true) = 'on');
