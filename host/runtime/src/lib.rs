//! Runs a tenant's component in a sandbox, counts and logs what it did. No other package uses
//! wasmtime.
#![deny(unsafe_code)]

pub mod budget;
pub mod plugins;
pub mod telemetry;
pub mod tenant_limits;
