-- As put_flow_value, and becomes the application's role itself, for its transaction.
create function put_flow_value_v2(
    tenant uuid, flow uuid, fingerprint bytea, new_key bytea, new_value bytea, new_version bigint, ttl_seconds bigint, most_keys bigint,
    conditional boolean, expected bigint
)
    returns text
    language plpgsql
as $$
begin
    perform set_config('role', 'flowhost_app', true);
    return put_flow_value(
        tenant, flow, fingerprint, new_key, new_value, new_version, ttl_seconds, most_keys, conditional, expected
    );
end
$$;
