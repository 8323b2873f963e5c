-- no-transaction
drop index concurrently flow_values_by_expiry;
