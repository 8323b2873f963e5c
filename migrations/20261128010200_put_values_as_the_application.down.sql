drop function put_flow_value_v2;
