drop table plugin_versions;
drop table components;
drop table flows;
