drop function look_over_tenants;
