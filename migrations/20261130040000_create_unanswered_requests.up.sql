-- Requests to a flow that got no reply, counted: one row for each minute, reason and version, however many there were.
create table unanswered_requests (
    tenant_id uuid not null,
    flow_id uuid not null,
    minute timestamptz not null,
    -- Why, as the metrics label it, and who is at fault.
    reason text not null,
    blame text not null check (blame in ('guest', 'host', 'peer')),
    -- The active version, 0 if there was none.
    plugin_version integer not null,
    count bigint not null,
    -- Of the last one of them. The cause is a text of the host's, with nothing that anybody sent.
    status smallint not null,
    cause text not null,
    request_id uuid not null,
    last_at timestamptz not null,
    primary key (tenant_id, flow_id, minute, reason, blame, plugin_version),
    foreign key (tenant_id, flow_id) references flows (tenant_id, flow_id) on delete cascade
);

-- Those whose time is over, of all tenants.
create index unanswered_requests_by_minute on unanswered_requests (minute);

grant select, insert, update, delete on unanswered_requests to flowhost_app;

alter table unanswered_requests enable row level security;

create policy of_the_tenant on unanswered_requests using (tenant_id = current_tenant());

-- Deletes the oldest ones, of all tenants: at most so many, and none of the last seven days.
create function forget_unanswered_requests(most bigint)
    returns bigint
    language sql
    security definer
as $$
    with old as materialized (
        select u.ctid from unanswered_requests u where u.minute < now() - interval '7 days'
        order by u.minute limit most for update skip locked
    ), gone as (
        delete from unanswered_requests u using old where u.ctid = old.ctid returning true
    )
    select count(*) from gone
$$;

do $$
begin
    execute format('alter function forget_unanswered_requests set search_path = %I, pg_temp', current_schema());
end
$$;

revoke all on function forget_unanswered_requests from public;
grant execute on function forget_unanswered_requests to flowhost_app;
