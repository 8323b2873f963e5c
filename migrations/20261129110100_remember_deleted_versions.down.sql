alter table flows drop column last_deleted_version;
