-- no-transaction
-- Values by the end of their time, for deleting them. Those that stay for ever are not in it, so only a query that asks for an end can use it.
create index concurrently flow_values_by_expiry on flow_values (tenant_id, expires_at) where expires_at > '-infinity';
