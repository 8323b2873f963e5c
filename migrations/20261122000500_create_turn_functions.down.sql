drop function update_turn;
drop function insert_turn;
drop function find_turn;
