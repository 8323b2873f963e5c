drop table flow_config;
