#![doc = include_str!("../docs/ARCHITECTURE.md")]
#![deny(unsafe_code)]

pub mod admin;
pub mod app;
pub mod budget;
pub mod cli;
pub mod client;
pub mod config;
pub mod crypto;
pub mod egress;
pub mod envelope;
pub mod exchange;
pub mod flow;
pub mod graph;
pub mod http;
pub mod ids;
pub mod key_uploads;
pub mod key_values;
pub mod plugin_logs;
pub mod plugin_project;
pub mod plugins;
pub mod postgres;
pub mod sandbox;
pub mod scenarios;
pub mod sessions;
pub mod signature;
pub mod store;
pub mod telemetry;
pub mod tenants;

pub use flowhost_flow_json as flow_json;
