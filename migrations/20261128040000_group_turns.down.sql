drop function commit_turns;
drop function find_turns;

alter policy of_the_tenant on flows using (tenant_id = current_tenant());
alter policy of_the_tenant on sessions using (tenant_id = current_tenant());
alter policy of_the_tenant on exchanges using (tenant_id = current_tenant());
alter policy of_the_tenant on answered_requests using (tenant_id = current_tenant());
drop function current_tenants();
