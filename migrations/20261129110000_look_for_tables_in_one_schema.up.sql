-- Functions that run as the tables' owner look into this schema alone, and among temporary tables last. Without a word of these, they come
-- first: whoever may make a temporary view could put it in the place of a table that such a function reads, and have the owner do what is
-- behind it.
do $$
declare
    definer text;
begin
    foreach definer in array array[
        'active_components()',
        'drop_exchange_partitions(timestamptz)',
        'forget_answered_requests(uuid, timestamptz, bigint)',
        'make_exchange_partitions(timestamptz, timestamptz)',
        'make_exchange_partitions_v2(timestamptz, timestamptz)'
    ] loop
        execute format('alter function %s set search_path = %I, pg_temp', definer, current_schema());
    end loop;
end
$$;
