-- Hosts work as this role, whoever they connect as: it owns nothing, so row-level security holds for it. Roles belong to the whole
-- cluster, so another database of the cluster may have made it.
do $$
begin
    begin
        if not exists (select from pg_roles where rolname = 'flowhost_app') then
            create role flowhost_app nologin;
        end if;
    exception
        when duplicate_object or unique_violation then null;
    end;
    if not pg_has_role(current_user, 'flowhost_app', 'member') then
        execute format('grant flowhost_app to %I', current_user);
    end if;
exception
    when insufficient_privilege then
        raise exception '% may not make the role flowhost_app and be a member of it; as a superuser, once: create role flowhost_app nologin; grant flowhost_app to %',
            current_user, quote_ident(current_user);
end
$$;

do $$
begin
    execute format('grant usage on schema %I to flowhost_app', current_schema());
end
$$;

grant select on _sqlx_migrations to flowhost_app;
grant select, insert, update, delete on partners, tenants, key_pairs, app_secrets, flows, components, plugin_versions, sessions,
    exchanges, client_errors, api_tokens to flowhost_app;
-- The audit log can be added to and read, and that is all.
grant select, insert on audit_entries to flowhost_app;
