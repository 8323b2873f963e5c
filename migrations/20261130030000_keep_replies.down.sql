drop function update_turn_keeping_reply, insert_turn_keeping_reply, keep_reply;
drop table session_replies;
