revoke all on partners, tenants, key_pairs, app_secrets, flows, components, plugin_versions, sessions, exchanges, client_errors,
    api_tokens, audit_entries from flowhost_app;
revoke select on _sqlx_migrations from flowhost_app;

do $$
begin
    execute format('revoke usage on schema %I from flowhost_app', current_schema());
end
$$;
-- The role itself stays: it belongs to the cluster, and another database may use it.
