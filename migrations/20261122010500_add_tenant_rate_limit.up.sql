-- How many requests each host answers for the tenant in a second; none: as many as there are.
alter table tenants add column requests_per_second integer check (requests_per_second between 1 and 100000);
