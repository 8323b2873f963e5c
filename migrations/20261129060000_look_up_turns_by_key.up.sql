-- A policy that an index can serve is a way into a table, and where tenants have few rows each it looked to the planner as good as a key:
-- shared statements read all sessions of their tenants, to find those with a turn. Written like this it only checks what was found.
alter policy of_the_tenant on flows using (array[tenant_id] <@ (select current_tenants())::uuid[]);
alter policy of_the_tenant on sessions using (array[tenant_id] <@ (select current_tenants())::uuid[]);
alter policy of_the_tenant on exchanges using (array[tenant_id] <@ (select current_tenants())::uuid[]);
alter policy of_the_tenant on answered_requests using (array[tenant_id] <@ (select current_tenants())::uuid[]);
