drop function update_turn_v2;
drop function insert_turn_v2;
drop function find_turn_v2;
drop function refuse_what_a_deleted_flow_answered;
alter table sessions drop column reopenings;
alter table sessions drop column opened_at;
alter table sessions drop column shared;
