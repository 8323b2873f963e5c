//! Runs tenants' components in a sandbox, and counts and logs what they do. No other package uses
//! wasmtime.
#![deny(unsafe_code)]

pub mod budget;
pub mod plugins;
pub mod telemetry;
pub mod tenant_limits;
