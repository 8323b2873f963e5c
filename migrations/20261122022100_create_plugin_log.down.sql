drop table plugin_log_lines;
drop table plugin_logs;
