alter table tenants drop column requests_per_second;
