alter table key_pairs drop column reported_at;
alter table key_pairs drop column reported_error;
drop table phone_numbers;
drop table graph_access;
