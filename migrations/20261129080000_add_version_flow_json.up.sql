-- The Flow JSON that a version of the plugin was written for, so that it comes back with the version, and what its author noted. Null: it
-- came without one, and the flow's Flow JSON stays as it is when the version becomes active.
alter table plugin_versions
    add column flow_json bytea,
    -- SHA-256 of the document.
    add column flow_json_digest bytea,
    add column note text,
    add constraint flow_json_with_digest check ((flow_json is null) = (flow_json_digest is null));

update plugin_versions v set flow_json = j.document, flow_json_digest = j.digest
from flow_json j join flows f on f.tenant_id = j.tenant_id and f.flow_id = j.flow_id
where v.tenant_id = f.tenant_id and v.flow_id = f.flow_id and v.version = f.active_version;
