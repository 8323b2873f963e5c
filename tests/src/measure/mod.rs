//! What benchmarks share: the floor under an exchange, what processes use, and a database on a disk.

#![expect(clippy::unwrap_used, reason = "a measurement that fails is over")]

mod durable;
mod floor;
mod usage;

pub use durable::DurableServer;
pub use floor::{Floor, Gauge, cores, fdatasync, openssl};
pub use usage::{Cost, Machine, Usage, resident_bytes};
