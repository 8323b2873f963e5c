drop function make_exchange_partitions_v2;
drop function purge_next_v2;
alter table retention_pass
    drop column at_tenant, drop column last_session, drop column last_exchange_session, drop column last_exchange_number;
