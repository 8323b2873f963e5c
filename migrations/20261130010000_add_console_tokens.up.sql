-- What the cookie of the console holds is a token like any other: made with the token that signed in, ending with it, and revocable. It
-- opens the console alone, and the API takes no such token.
alter table api_tokens add column for_console boolean not null default false;

-- For the purge of those that are over. Others stay, so that lists show when they ended.
create index api_tokens_of_console on api_tokens (expires_at) where for_console;
