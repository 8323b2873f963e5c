//! What exchanges ask of whoever knows the endpoints.

use std::sync::Arc;

use super::Endpoint;
use flowhost_protocol::ids::TenantId;
use flowhost_runtime::plugins::Pending;

/// Knows the endpoints.
pub trait Endpoints: Send + Sync {
    /// The endpoint at `/flows/{tenant}/{flow}`, if it is there.
    fn resolve(&self, tenant: &str, flow: &str) -> Option<Arc<Endpoint>>;

    /// Marks a tenant's active key with what a client reported of it.
    fn report_key_error<'a>(&'a self, tenant: TenantId, error: &'a str) -> Pending<'a, Result<(), EndpointsError>>;
}

/// Why whoever knows the endpoints could not: it tells itself.
pub type EndpointsError = Box<dyn std::error::Error + Send + Sync>;
