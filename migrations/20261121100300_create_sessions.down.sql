drop table client_errors;
drop table exchanges;
drop table sessions;
