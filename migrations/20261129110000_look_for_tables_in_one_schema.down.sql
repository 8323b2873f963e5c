alter function active_components set search_path from current;
alter function drop_exchange_partitions set search_path from current;
alter function forget_answered_requests set search_path from current;
alter function make_exchange_partitions set search_path from current;
alter function make_exchange_partitions_v2 set search_path from current;
