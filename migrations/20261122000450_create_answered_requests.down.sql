drop table answered_requests;
