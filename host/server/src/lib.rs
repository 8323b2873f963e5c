#![doc = include_str!("../../docs/ARCHITECTURE.md")]
#![forbid(unsafe_code)]

pub mod admin;
pub mod app;
pub mod config;
pub mod egress;
mod graph;
pub mod http;
mod key_uploads;
mod key_values;
mod plugin_logs;
mod retention;
pub mod store;
mod tenants;
mod unanswered;

// Only for programs that fill a database themselves, such as a benchmark with many tenants.
pub use tenants::{app_secret_context, private_key_context};
