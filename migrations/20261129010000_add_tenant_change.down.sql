drop trigger note_change on tenants;
drop function note_tenant_change;
drop table tenant_deletions;
alter table tenants drop column changed_in;
