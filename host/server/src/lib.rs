#![doc = include_str!("../../docs/ARCHITECTURE.md")]
#![forbid(unsafe_code)]

pub mod admin;
pub mod app;
pub mod config;
pub mod egress;
pub mod graph;
pub mod http;
pub mod key_uploads;
pub mod key_values;
pub mod plugin_logs;
pub mod store;
pub mod tenants;
