drop table tenants;
drop table partners;
