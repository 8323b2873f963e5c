//! The wire protocol of WhatsApp Flows, and the types that the whole host shares. Raw bytes in,
//! requests and replies out, no I/O.
//!
//! `host/docs/protocol.md` describes the protocol.
#![forbid(unsafe_code)]

pub mod crypto;
pub mod envelope;
pub mod flow;
pub mod ids;
pub mod signature;
