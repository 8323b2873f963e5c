//! The wire of WhatsApp Flows, and the types that all of the host shares: raw bytes in, requests
//! and replies out. No I/O.
//!
//! The wire is described in `host/docs/protocol.md`.
#![forbid(unsafe_code)]

pub mod crypto;
pub mod envelope;
pub mod flow;
pub mod ids;
pub mod signature;
