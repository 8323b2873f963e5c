//! One table, or a few that belong together, in each file.

pub(crate) mod hosts;
pub(crate) mod old;
pub(crate) mod payloads;
pub(crate) mod sessions;
pub(crate) mod tenants;
