-- Without statistics, the planner takes the tables for so small that it would read all rows of the tenants once and compare each turn
-- with each. So there is only one kind of plan left: a look at an index for each turn.
alter function find_turns set enable_material = off;
alter function find_turns set enable_bitmapscan = off;
alter function commit_turns set enable_material = off;
alter function commit_turns set enable_bitmapscan = off;
