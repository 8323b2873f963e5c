drop index exchanges_by_flow;
