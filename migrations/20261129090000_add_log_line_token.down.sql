alter table plugin_log_lines drop column token_hash;
