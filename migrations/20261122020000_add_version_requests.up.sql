-- What a version's manifest asks for. Versions from before could ask for nothing.
alter table plugin_versions add column requests jsonb not null default '{}';
