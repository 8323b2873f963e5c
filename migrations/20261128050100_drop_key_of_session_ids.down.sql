alter table sessions add unique (tenant_id, session_id);
