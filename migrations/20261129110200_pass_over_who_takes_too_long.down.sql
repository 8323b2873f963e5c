drop function purge_next_v3;
drop function forget_answered_requests_v2;
alter table retention_pass drop column last_answered;
