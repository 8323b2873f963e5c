//! Resolves names and filters the addresses by the guard. The connector only gets addresses that it
//! may connect to, so a name cannot change between check and use.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolving};
use tokio::time::timeout;

use super::Guard;
use flowhost_protocol::ids::TenantId;
use flowhost_runtime::budget::Budget;
use flowhost_runtime::telemetry::BudgetSeries;

/// Resolves names to addresses.
pub trait Resolve: Send + Sync {
    /// The addresses of a name. With port 0 the caller's port is used; another port replaces it,
    /// but only if the URL names none.
    fn resolve(&self, name: &str) -> Addresses;
}

/// The pending result of [`Resolve::resolve`].
pub type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The operating system's resolver.
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> Addresses {
        let name = name.to_owned();
        let look_up = move || Ok((name.as_str(), 0).to_socket_addrs()?.collect());
        Box::pin(async { tokio::task::spawn_blocking(look_up).await.map_err(io::Error::other)? })
    }
}

/// Resolves names, each tenant within its share of all look-ups, and drops addresses that the guard
/// refuses.
pub(super) struct GuardedResolver {
    names: Arc<dyn Resolve>,
    guard: Guard,
    lookups: Arc<Budget>,
}

/// The resolver for one tenant's requests.
pub(super) struct TenantResolver {
    pub(super) tenant: TenantId,
    pub(super) shared: Arc<GuardedResolver>,
}

impl GuardedResolver {
    pub(super) fn new(names: Arc<dyn Resolve>, guard: Guard, series: BudgetSeries) -> Self {
        let lookups = Budget::new(MAX_LOOKUPS, usize::MAX, series);
        Self { names, guard, lookups }
    }

    /// The addresses of a name that may be connected to.
    async fn permitted(
        &self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Vec<SocketAddr>, ResolveError> {
        if self.guard.own.are_called(name) {
            return Err(ResolveError::Refused);
        }
        let found = timeout(LOOKUP_TIME, self.look_up(tenant, name))
            .await
            .map_err(|_| ResolveError::Late)??;
        if found.is_empty() {
            return Err(ResolveError::NoAddress);
        }
        let permitted: Vec<_> =
            found.into_iter().filter(|address| self.guard.permits(*address)).collect();
        if permitted.is_empty() { Err(ResolveError::Refused) } else { Ok(permitted) }
    }

    async fn look_up(&self, tenant: TenantId, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        let permit = self.lookups.take(tenant, 1).await.ok_or(ResolveError::Late)?;
        let addresses = self.names.resolve(name);
        // A task of its own: the operating system's look-up continues even if the caller is gone,
        // and holds its claim until it has answered.
        let found = tokio::spawn(async move {
            let _permit = permit;
            addresses.await
        });
        found.await.ok().and_then(Result::ok).ok_or(ResolveError::NoAddress)
    }
}

impl reqwest::dns::Resolve for TenantResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (shared, tenant) = (self.shared.clone(), self.tenant);
        Box::pin(async move {
            let permitted = shared.permitted(tenant, name.as_str()).await?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Why a name gives no address to connect to.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    /// There is no address, or none was found.
    #[error("the name has no address")]
    NoAddress,
    /// No address may be connected to.
    #[error("the name's addresses are not public ones")]
    Refused,
    /// The look-up took too long.
    #[error("the name was not looked up in time")]
    Late,
}

/// Each takes a thread for as long as the operating system needs, up to half a minute if a name
/// server is silent.
const MAX_LOOKUPS: u64 = 32;

/// A resolver nearby answers in milliseconds and retries after a second if a packet was lost. This
/// leaves time to connect within [`CONNECT_TIME`](super::clients::CONNECT_TIME).
pub(super) const LOOKUP_TIME: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::future::join_all;
    use tokio::time::Instant;

    use super::*;
    use crate::egress::OwnAddresses;

    /// Never answers for names that begin with `silent`.
    struct HalfSilent;

    impl Resolve for HalfSilent {
        fn resolve(&self, name: &str) -> Addresses {
            if name.starts_with("silent") {
                return Box::pin(pending());
            }
            Box::pin(async { Ok(vec!["8.8.8.8:0".parse().unwrap()]) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn names_of_one_tenant_that_nobody_answers_for_hold_up_no_other() {
        let resolver = resolver(Guard::default());
        let (greedy, began) = (TenantId::new(), Instant::now());
        let silent =
            join_all((0..100).map(|_| resolver.permitted(greedy, "silent.example.com"))).await;
        assert!(silent.iter().all(|found| matches!(found, Err(ResolveError::Late))));
        assert_eq!(began.elapsed(), LOOKUP_TIME);

        // The operating system still has all of them.
        let found = resolver.permitted(TenantId::new(), "api.example.com").await;

        assert_eq!(found.unwrap(), ["8.8.8.8:0".parse().unwrap()]);
        assert!(matches!(
            resolver.permitted(greedy, "api.example.com").await,
            Err(ResolveError::Late)
        ));
    }

    #[tokio::test]
    async fn a_name_of_this_host_leads_nowhere_however_it_is_written() {
        let own = OwnAddresses::known_as(vec!["flows.example.com".parse().unwrap()]);
        let resolver = resolver(Guard { own, private_addresses: true, ..Guard::default() });

        for name in ["flows.example.com", "FLOWS.example.com", "flows.example.com."] {
            assert!(
                matches!(
                    resolver.permitted(TenantId::new(), name).await,
                    Err(ResolveError::Refused)
                ),
                "{name}"
            );
        }
        assert!(resolver.permitted(TenantId::new(), "api.example.com").await.is_ok());
    }

    fn resolver(guard: Guard) -> GuardedResolver {
        GuardedResolver::new(Arc::new(HalfSilent), guard, BudgetSeries::default())
    }
}
