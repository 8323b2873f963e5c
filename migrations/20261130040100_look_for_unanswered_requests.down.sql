drop function look_over_tenants_v2;
