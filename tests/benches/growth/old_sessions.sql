-- Sessions $1 to $2 of those that ended long ago, each with its exchange and its digest, spread over the flows of this name ($3) and
-- the four weeks before now. What a host would have sealed are pieces of random bytes, so that nothing compresses.
with noise as materialized (
    select string_agg(sha512(int8send(n)), ''::bytea order by n) as bytes from generate_series(1, 2000) as n
), flow as materialized (
    select tenant_id, flow_id, row_number() over (order by tenant_id) - 1 as place from flows where name = $3
), made as materialized (
    select n, tenant_id, flow_id, began_at, sha256(int8send(n)) as token_hash, sha256(int8send(-n - 1)) as request_digest,
        -- A UUID of version 7: its first 48 bits are the time in milliseconds.
        (lpad(to_hex((extract(epoch from began_at) * 1000)::bigint), 12, '0') || '7' || substr(random, 1, 3) || 'a'
            || substr(random, 4, 15))::uuid as session_id
    from generate_series($1::bigint, $2::bigint) as n
    -- A plain number, so that the join can be a hash join.
    join flow on place = n % (select count(*) from flow)
    cross join lateral (
        select now() - interval '1 day' - interval '27 days' * (n * 7919 % 1000003) / 1000003 as began_at, md5(n::text) as random
    ) as own
), session as (
    insert into sessions (tenant_id, flow_id, token_hash, session_id, status, screen, sealed_state, version, last_reply_kind,
        sealed_last_reply, last_request, expires_at, created_at, updated_at)
    select tenant_id, flow_id, token_hash, session_id, 'completed', 'SUMMARY',
        substring((select bytes from noise) from (n % 120000)::int + 1 for 60), 1, 'answer',
        substring((select bytes from noise) from (n * 31 % 120000)::int + 1 for 680), request_digest,
        began_at + interval '1 day', began_at, began_at
    from made
), exchange as (
    insert into exchanges (tenant_id, session_id, number, created_at, flow_id, action, screen_in, screen_out, outcome, duration_us,
        plugin_version, request_id)
    select tenant_id, session_id, 1, began_at, flow_id, 'INIT', null, 'APPOINTMENT', 'screen', 700, 1, gen_random_uuid()
    from made
)
insert into answered_requests (tenant_id, request_digest, answered_at)
select tenant_id, request_digest, began_at from made
