alter table plugin_versions
    drop constraint flow_json_with_digest, drop column note, drop column flow_json_digest, drop column flow_json;
