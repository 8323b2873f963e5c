-- What plugins keep beyond a session. A key may be a customer's phone number, so it is sealed like the value, and found by a
-- fingerprint under the tenant's data key.
create table flow_values (
    tenant_id uuid not null,
    flow_id uuid not null,
    key_fingerprint bytea not null,
    sealed_key bytea not null,
    sealed_value bytea not null,
    -- Random, so that it never comes again, also after a delete: a compare-and-set can't be fooled.
    version bigint not null,
    expires_at timestamptz,
    primary key (tenant_id, flow_id, key_fingerprint),
    foreign key (tenant_id, flow_id) references flows (tenant_id, flow_id) on delete cascade
);

grant select, insert, update, delete on flow_values to flowhost_app;

alter table flow_values enable row level security;

create policy of_the_tenant on flow_values using (tenant_id = current_tenant());

-- Writes a value, in one round trip; says what came of it. Writers of one flow go one after another behind the flow's row, whichever
-- host they are on, so that the quota holds; each takes some expired values away, so that these don't pile up.
create function put_flow_value(
    tenant uuid, flow uuid, fingerprint bytea, new_key bytea, new_value bytea, new_version bigint, ttl_seconds bigint, most_keys bigint,
    conditional boolean, expected bigint
)
    returns text
    language plpgsql
as $$
declare
    found_version bigint;
begin
    perform set_config('flowhost.tenant', tenant::text, true);
    perform 1 from flows f where f.tenant_id = tenant and f.flow_id = flow for no key update;
    if not found then
        return 'gone';
    end if;
    select v.version into found_version from flow_values v
        where v.tenant_id = tenant and v.flow_id = flow and v.key_fingerprint = fingerprint
            and (v.expires_at is null or v.expires_at > clock_timestamp());
    if conditional and found_version is distinct from expected then
        return 'other-version';
    end if;
    delete from flow_values d
        where d.tenant_id = tenant and d.flow_id = flow and d.key_fingerprint in (
            select e.key_fingerprint from flow_values e
                where e.tenant_id = tenant and e.flow_id = flow and e.expires_at <= clock_timestamp()
                limit 100 for update skip locked
        );
    if found_version is null and most_keys <= (
        select count(*) from flow_values c
            where c.tenant_id = tenant and c.flow_id = flow and (c.expires_at is null or c.expires_at > clock_timestamp())
    ) then
        return 'full';
    end if;
    insert into flow_values (tenant_id, flow_id, key_fingerprint, sealed_key, sealed_value, version, expires_at)
    values (tenant, flow, fingerprint, new_key, new_value, new_version, clock_timestamp() + make_interval(secs => ttl_seconds))
    on conflict (tenant_id, flow_id, key_fingerprint) do update
    set sealed_key = new_key, sealed_value = new_value, version = new_version, expires_at = excluded.expires_at;
    return 'written';
end
$$;
