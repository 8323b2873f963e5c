alter table plugin_versions drop column requests;
