delete from sessions where version = 0;
alter table sessions drop column seconds_from_first_exchange;
alter table sessions drop constraint sessions_answered_check;
alter table sessions alter column sealed_last_reply set not null;
alter table sessions alter column last_reply_kind set not null;
