alter table api_tokens drop column made_by;
