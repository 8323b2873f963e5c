drop function put_flow_value;
drop table flow_values;
