drop table audit_entries;
drop table api_tokens;
alter table partners drop column disabled;
