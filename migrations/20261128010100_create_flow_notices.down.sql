drop table flow_notices;
