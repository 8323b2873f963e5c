-- no-transaction
-- Sessions by their id, for lists: an id begins with its time. It holds all sessions, and is partial so that it serves only queries that
-- say so: as long as there are no statistics, an index by (tenant_id, session_id) looks to the planner as good as the primary key, and on
-- a new database each turn read every session of its tenant through it.
create unique index concurrently sessions_by_id on sessions (tenant_id, session_id)
    where session_id > '00000000-0000-0000-0000-000000000000';
