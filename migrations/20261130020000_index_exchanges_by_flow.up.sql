-- A flow's exchanges by time, for those who watch it. It holds all rows, and is partial for the reason that sessions_by_id is: only a query
-- that says so may use it. Rows come in the order of their times, so each flow's meet at one end.
create index exchanges_by_flow on exchanges (tenant_id, flow_id, created_at) where created_at > '-infinity';
