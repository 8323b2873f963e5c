//! Where the pages are. Slugs, names of flows, and keys need no encoding: none has a letter that
//! means something in a URL.

use std::fmt::Display;

/// The page of a tenant.
pub fn tenant(tenant: &str) -> String {
    format!("/console/tenants/{tenant}")
}

/// Something of a tenant, such as `keys/new`.
pub fn of_tenant(tenant: &str, what: impl Display) -> String {
    format!("/console/tenants/{tenant}/{what}")
}

/// The page of a flow.
pub fn flow(tenant: &str, flow: &str) -> String {
    format!("/console/tenants/{tenant}/flows/{flow}")
}

/// Something of a flow, such as `versions/3/activate`.
pub fn of_flow(tenant: &str, flow: &str, what: impl Display) -> String {
    format!("/console/tenants/{tenant}/flows/{flow}/{what}")
}
