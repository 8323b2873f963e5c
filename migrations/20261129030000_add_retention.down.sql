drop function purge_next;
drop function forget_answered_requests;
drop function first_id_at;
drop table retention_pass;
alter table tenants drop column retention;
