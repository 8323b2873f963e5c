//! What benchmarks share: the floor under an exchange, what processes use, a database on a disk, and
//! hosts with many tenants under load.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a measurement that fails is over, and shows how far it is"
)]

mod durable;
mod endpoint;
mod floor;
mod load;
mod no_services;
mod progress;
mod setting;
mod stage;
mod table;
mod tenants;
mod usage;

pub use durable::DurableServer;
pub use endpoint::{Endpoint, Script};
pub use floor::{Floor, Gauge, cores, fdatasync, openssl};
pub use load::Answered;
pub use no_services::NoServices;
pub use progress::Progress;
pub use setting::{number_setting, setting};
pub use stage::{CONNECTIONS, Figure, Host, Stage};
pub use table::{Table, median};
pub use tenants::{FLOW, Maker, Tenants, slug};
pub use usage::{
    Cost, Machine, Usage, cpu_time, memory_bytes, peak_resident_bytes, resident_bytes,
};
