drop index plugin_log_errors;
drop index exchanges_failed;
