-- The greatest number of a version that was deleted: it is never another version's, neither in exchanges, logs and the audit log nor for
-- somebody who tried it and then activates it. An alteration with a constant default rewrites nothing.
alter table flows add column last_deleted_version integer not null default 0;
