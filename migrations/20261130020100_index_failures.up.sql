-- What went wrong lately, of a tenant or one of its flows. What went well is in neither, and costs nothing.
create index exchanges_failed on exchanges (tenant_id, created_at) where outcome = 'failed';
create index plugin_log_errors on plugin_log_lines (tenant_id, logged_at, flow_id) where level = 4;
