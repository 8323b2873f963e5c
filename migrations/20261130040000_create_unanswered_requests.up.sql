-- Requests to a flow that got no reply, counted: one row for each minute, reason and version, however many there were. Those that senders
-- are to blame for are counted by the hour.
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

-- Those of a tenant by their age, for what is over, and those for its light: what its senders are to blame for may be most of it.
create index unanswered_requests_of_tenant on unanswered_requests (tenant_id, minute);
create index unanswered_requests_for_light on unanswered_requests (tenant_id, minute) where blame <> 'peer';

grant select, insert, update, delete on unanswered_requests to flowhost_app;

alter table unanswered_requests enable row level security;

create policy of_the_tenant on unanswered_requests using (tenant_id = current_tenant());

-- Deletes those that are older than seven days, of the next tenants after this one: at most so many rows. It has no more rights than its
-- caller and is about one tenant after the other, so row-level security holds for each.
create function forget_unanswered_requests(after uuid, most_tenants integer, most_rows bigint)
    returns table (
        -- The last tenant that has no more of them, and whether it was the last of all.
        reached uuid, ended boolean,
        forgotten bigint
    )
    language plpgsql
    set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
    set enable_mergejoin = off set jit = off
as $$
#variable_conflict use_column
declare
    candidates uuid[];
    tenant uuid;
    gone bigint;
begin
    reached := after; ended := false; forgotten := 0;
    -- Who deletes a flow or a tenant holds its rows for long. This gives up before that ends in a deadlock, and the next pass tries again.
    perform set_config('lock_timeout', '50ms', true);
    candidates := array(select t.tenant_id from tenants t where t.tenant_id > after order by t.tenant_id limit most_tenants);
    foreach tenant in array candidates loop
        perform set_config('flowhost.tenant', tenant::text, true);
        gone := 0;
        begin
            with old as materialized (
                select o.flow_id, o.minute, o.reason, o.blame, o.plugin_version from unanswered_requests o
                where o.tenant_id = tenant and o.minute > '-infinity' and o.minute < now() - interval '7 days'
                order by o.minute limit most_rows - forgotten
            )
            delete from unanswered_requests u using old
            where u.tenant_id = tenant and u.flow_id = old.flow_id and u.minute = old.minute and u.reason = old.reason
                and u.blame = old.blame and u.plugin_version = old.plugin_version;
            get diagnostics gone = row_count;
        exception when lock_not_available or deadlock_detected then
        end;
        forgotten := forgotten + gone;
        if forgotten >= most_rows then
            return next;
            return;
        end if;
        reached := tenant;
    end loop;
    ended := coalesce(array_length(candidates, 1), 0) < most_tenants;
    return next;
end
$$;
