drop function forget_unanswered_requests;
drop table unanswered_requests;
