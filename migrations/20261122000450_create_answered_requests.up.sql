-- What was answered by flows that are gone: such a request must not be answered again by another flow, which would seal a second
-- plaintext under the key and vector of the first.
create table answered_requests (
    tenant_id uuid not null references tenants (tenant_id) on delete cascade,
    request_digest bytea not null,
    primary key (tenant_id, request_digest)
);

alter table answered_requests enable row level security;
create policy of_the_tenant on answered_requests using (tenant_id = current_tenant());
grant select, insert on answered_requests to flowhost_app;
