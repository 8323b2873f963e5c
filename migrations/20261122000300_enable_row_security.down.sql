drop policy of_the_tenant on tenants;
drop policy of_the_tenant on client_errors;
drop policy of_the_tenant on exchanges;
drop policy of_the_tenant on sessions;
drop policy of_the_tenant on plugin_versions;
drop policy of_the_tenant on components;
drop policy of_the_tenant on flows;
drop policy of_the_tenant on app_secrets;
drop policy of_the_tenant on key_pairs;

alter table tenants disable row level security;
alter table client_errors disable row level security;
alter table exchanges disable row level security;
alter table sessions disable row level security;
alter table plugin_versions disable row level security;
alter table components disable row level security;
alter table flows disable row level security;
alter table app_secrets disable row level security;
alter table key_pairs disable row level security;

drop function current_tenant();
