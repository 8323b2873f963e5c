drop table flow_json;
