-- A token that the host minted is a session at version 0: nothing was answered yet.
alter table sessions alter column last_reply_kind drop not null;
alter table sessions alter column sealed_last_reply drop not null;
alter table sessions add constraint sessions_answered_check
    check (version = 0 or (last_reply_kind is not null and sealed_last_reply is not null));
-- Set: the session's time runs from its first exchange, this long.
alter table sessions add column seconds_from_first_exchange integer;
