//! The interface through which exchanges find endpoints.

use std::future::ready;
use std::sync::Arc;

use super::Endpoint;
use flowhost_protocol::ids::TenantId;
use flowhost_runtime::plugins::Pending;

/// Finds endpoints and takes reports about their tenants' keys.
pub trait Endpoints: Send + Sync {
    /// Finds the endpoint at `/flows/{tenant}/{flow}`. Fails if it is not known whether there is
    /// one, or if it can't be loaded now.
    fn resolve<'a>(
        &'a self,
        tenant: &'a str,
        flow: &'a str,
    ) -> Pending<'a, Result<Option<Arc<Endpoint>>, EndpointsError>>;

    /// Marks a tenant's active key with the error that a client reported.
    fn report_key_error<'a>(
        &'a self,
        tenant: TenantId,
        error: &'a str,
    ) -> Pending<'a, Result<(), EndpointsError>>;
}

/// Why an implementation failed. Its text says so.
pub type EndpointsError = Box<dyn std::error::Error + Send + Sync>;

/// A directory without endpoints, for turns whose endpoint is known beforehand: tests of plugins,
/// and rehearsals. There is no key at Meta that a client of theirs could report.
#[derive(Debug)]
pub struct Nowhere;

impl Endpoints for Nowhere {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
    ) -> Pending<'a, Result<Option<Arc<Endpoint>>, EndpointsError>> {
        Box::pin(ready(Ok(None)))
    }

    fn report_key_error<'a>(
        &'a self,
        _: TenantId,
        _: &'a str,
    ) -> Pending<'a, Result<(), EndpointsError>> {
        Box::pin(ready(Ok(())))
    }
}
