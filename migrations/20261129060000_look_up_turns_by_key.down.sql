alter policy of_the_tenant on answered_requests using (tenant_id = any ((select current_tenants())::uuid[]));
alter policy of_the_tenant on exchanges using (tenant_id = any ((select current_tenants())::uuid[]));
alter policy of_the_tenant on sessions using (tenant_id = any ((select current_tenants())::uuid[]));
alter policy of_the_tenant on flows using (tenant_id = any ((select current_tenants())::uuid[]));
