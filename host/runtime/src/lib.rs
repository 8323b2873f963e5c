//! Runs a tenant's component in a sandbox, and counts and logs what it did. The only package that knows wasmtime.
#![deny(unsafe_code)]

pub mod budget;
pub mod plugins;
pub mod telemetry;
pub mod tenant_limits;
