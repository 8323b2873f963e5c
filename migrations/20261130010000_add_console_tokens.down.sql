-- An older release would take them for tokens of the API.
delete from api_tokens where for_console;
drop index api_tokens_of_console;
alter table api_tokens drop column for_console;
