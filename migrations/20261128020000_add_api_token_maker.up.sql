-- A token that was made with a token ends with it. None: made with the operator's token of the environment, or before this was noted.
alter table api_tokens add column made_by uuid references api_tokens (token_id) on delete cascade;

create index api_tokens_by_maker on api_tokens (made_by);
