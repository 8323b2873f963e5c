-- In which transaction each tenant changed last, so that hosts ask only for what changed since they looked. It is not the time or a
-- number from a sequence: these are taken before the commit, and a host may look in between and begin the next look behind them. Of
-- transactions the database can say which were still under way when a host looked.
alter table tenants add column changed_in xid8 not null default pg_current_xact_id();
create index tenants_changed_in on tenants (changed_in);

-- The transactions that deleted tenants, which leave no row behind to say it.
create table tenant_deletions (
    deleted_in xid8 primary key default pg_current_xact_id(),
    deleted_at timestamptz not null default now()
);
grant select, insert, delete on tenant_deletions to flowhost_app;

create function note_tenant_change() returns trigger language plpgsql
as $$
begin
    if tg_op = 'DELETE' then
        insert into tenant_deletions default values on conflict do nothing;
        return old;
    end if;
    new.changed_in = pg_current_xact_id();
    return new;
end
$$;

create trigger note_change before insert or update or delete on tenants for each row execute function note_tenant_change();
