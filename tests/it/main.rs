//! The integration tests: one binary, one PostgreSQL, one build of the plugins.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod activation;
mod admin;
mod at_rest;
mod browser;
mod capabilities;
mod citations;
mod client_command;
mod code_cache;
mod compile;
mod console;
mod database;
mod destroying;
mod dev;
mod documents;
mod edge;
mod exchange;
mod fairness;
mod flow_json;
mod guest;
mod hostile;
mod hosts;
mod key_command;
mod languages;
mod lines;
mod log;
mod manifests;
mod master_key;
mod migrations;
mod old_components;
mod output;
mod plugin_test;
mod plugins;
mod process;
mod projects;
mod python;
mod retention;
mod rotation;
mod route_coverage;
mod row_security;
mod rsa_batches;
mod tenancy;
mod typescript;
mod workspaces;
