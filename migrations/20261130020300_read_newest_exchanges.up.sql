-- A flow's newest exchanges: at most so many, after a time, and before one of them. A function for its settings: what row-level security
-- checks looks to the planner as if it left few rows, and it would read and sort all of the flow's to find the newest.
create function newest_exchanges(
    tenant uuid, flow uuid, since timestamptz, before_at timestamptz, before_session uuid, before_number bigint, most bigint
)
    returns setof exchanges
    language sql stable
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
    select * from exchanges e
    where e.tenant_id = tenant and e.flow_id = flow and e.created_at > '-infinity' and e.created_at > since
        and (e.created_at, e.session_id, e.number) < (before_at, before_session, before_number)
    order by e.created_at desc, e.session_id desc, e.number desc limit most
$$;
