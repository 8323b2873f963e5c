-- sessions_by_id is in its place. Lists of the release before sort what the primary key finds.
alter table sessions drop constraint sessions_tenant_id_session_id_key;
