//! Hosts the data endpoints of WhatsApp Flows.

pub mod ids;
pub mod telemetry;
