drop index sessions_by_id;
