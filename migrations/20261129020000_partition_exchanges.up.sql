-- Exchanges by month, so that old ones go by dropping a table, and by session, whose id begins with its time: new rows meet at the end of
-- an index that old rows don't make deeper. What keeps a request from being answered twice, its digest, outlives them in a table of its
-- own (host/docs/adr/0035-retention.md).
alter table answered_requests add column answered_at timestamptz not null default now();
insert into answered_requests (tenant_id, request_digest, answered_at) select tenant_id, request_digest, created_at from exchanges;

-- Digests by time, for deleting them. It holds all rows, and is partial for the reason that sessions_by_id is.
create index answered_requests_by_time on answered_requests (tenant_id, answered_at) where answered_at > '-infinity';

-- Which request was answered last, whose repeat gets the stored reply. Null: nothing was answered yet.
alter table sessions add column last_request bytea;
update sessions s set last_request = e.request_digest
from exchanges e
where e.tenant_id = s.tenant_id and e.flow_id = s.flow_id and e.token_hash = s.token_hash and e.number = s.version;

alter table exchanges rename to exchanges_of_before;
alter table exchanges_of_before rename constraint exchanges_pkey to exchanges_of_before_pkey;

create table exchanges (
    tenant_id uuid not null,
    session_id uuid not null,
    -- The session's version that this exchange made: 1, 2, ..
    number bigint not null,
    created_at timestamptz not null default now(),
    flow_id uuid not null,
    action text not null,
    screen_in text,
    screen_out text,
    outcome text not null check (outcome in ('screen', 'completed', 'rejected', 'failed', 'refused')),
    duration_us bigint not null,
    plugin_version integer,
    -- The request that it answered. Null: from before this was noted.
    request_id uuid,
    -- The time is part of it because PostgreSQL wants it. That a number comes once, the session's version sees to.
    primary key (tenant_id, session_id, number, created_at)
) partition by range (created_at);

-- Exchanges of a month that nobody made a partition for.
create table exchanges_default partition of exchanges default;

alter table exchanges enable row level security;
create policy of_the_tenant on exchanges using (tenant_id = any ((select current_tenants())::uuid[]));
-- Partitions are reached through the table only: there is no other policy, and nothing is granted.
alter table exchanges_default enable row level security;
grant select, insert, delete on exchanges to flowhost_app;

-- Makes the partitions that are missing for the months from one time to another. A partition is made beside the table and attached, since
-- turns would wait otherwise.
create function make_exchange_partitions(since timestamptz, until timestamptz)
    returns void
    language plpgsql
    security definer set search_path from current
as $$
declare
    month timestamp;
    name text;
begin
    for month in
        select generate_series(date_trunc('month', since at time zone 'UTC'), until at time zone 'UTC', interval '1 month')
    loop
        name := 'exchanges_' || to_char(month, 'YYYY_MM');
        if to_regclass(name) is null then
            execute format('create table %I (like exchanges including defaults including constraints including indexes)', name);
            execute format('alter table %I enable row level security', name);
            if exists (select from exchanges_default d where d.created_at >= month at time zone 'UTC'
                and d.created_at < (month + interval '1 month') at time zone 'UTC') then
                lock table exchanges_default in access exclusive mode;
                execute format(
                    'with moved as (delete from exchanges_default where created_at >= %L and created_at < %L returning *) '
                    'insert into %I select * from moved',
                    month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC', name
                );
            end if;
            execute format(
                'alter table exchanges attach partition %I for values from (%L) to (%L)',
                name, month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC'
            );
        end if;
    end loop;
end
$$;

-- Drops the partitions with nothing but exchanges from before a time; returns how many. It gives up soon where a turn would have to wait.
create function drop_exchange_partitions(before timestamptz)
    returns integer
    language plpgsql
    security definer set search_path from current
as $$
declare
    name text;
    dropped integer := 0;
begin
    if before > now() - interval '1 day' then
        raise exception 'exchanges stay for a day';
    end if;
    perform set_config('lock_timeout', '200ms', true);
    for name in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'exchanges'::regclass and c.relname ~ '^exchanges_\d{4}_\d{2}$' order by 1
    loop
        if (to_date(right(name, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= before then
            execute format('drop table %I', name);
            dropped := dropped + 1;
        end if;
    end loop;
    return dropped;
end
$$;

revoke all on function make_exchange_partitions, drop_exchange_partitions from public;
grant execute on function make_exchange_partitions, drop_exchange_partitions to flowhost_app;

select make_exchange_partitions(coalesce(min(created_at), now()), now() + interval '2 months') from exchanges_of_before;

insert into exchanges (tenant_id, session_id, number, created_at, flow_id, action, screen_in, screen_out, outcome, duration_us,
    plugin_version, request_id)
select tenant_id, s.session_id, e.number, e.created_at, flow_id, e.action, e.screen_in, e.screen_out, e.outcome, e.duration_us,
    e.plugin_version, e.request_id
from exchanges_of_before e join sessions s using (tenant_id, flow_id, token_hash);

drop table exchanges_of_before;
