drop function update_turn_v3;
drop function insert_turn_v3;
alter table plugin_log_lines drop column request_id;
alter table audit_entries drop column request_id;
alter table exchanges drop column request_id;
