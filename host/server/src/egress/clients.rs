//! One HTTP client for each tenant: connections, TLS sessions and permits are the tenant's own, so
//! that its requests reveal nothing to other tenants and cannot crowd them out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::dns::Resolve;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use tokio::sync::Semaphore;

use super::resolver::{GuardedResolver, TenantResolver};
use flowhost_protocol::ids::TenantId;

/// Makes clients and keeps those in use.
pub(super) struct Clients {
    resolver: Arc<GuardedResolver>,
    extra_roots: Vec<Certificate>,
    kept: Mutex<HashMap<TenantId, TenantClient>>,
}

#[derive(Clone)]
pub(super) struct TenantClient {
    pub(super) http: Client,
    /// One permit for each request under way.
    pub(super) permits: Arc<Semaphore>,
    last_used: Instant,
}

impl Clients {
    pub(super) fn new(resolver: GuardedResolver, extra_roots: Vec<Certificate>) -> Self {
        Self { resolver: Arc::new(resolver), extra_roots, kept: Mutex::default() }
    }

    /// The client of a tenant, made if it has none.
    pub(super) async fn of(&self, tenant: TenantId) -> Result<TenantClient, reqwest::Error> {
        if let Some(kept) = self.lock().get_mut(&tenant) {
            kept.last_used = Instant::now();
            return Ok(kept.clone());
        }
        let (resolver, roots) =
            (TenantResolver { tenant, shared: self.resolver.clone() }, self.extra_roots.clone());
        // Reads the system's root certificates, which takes milliseconds.
        let made = tokio::task::spawn_blocking(move || new_client(resolver, roots)).await;
        let http = made.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        let permits = Arc::new(Semaphore::new(MAX_OF_A_TENANT));
        let mut kept = self.lock();
        make_room(&mut kept);
        // Another task may have made one meanwhile.
        Ok(kept
            .entry(tenant)
            .or_insert(TenantClient { http, permits, last_used: Instant::now() })
            .clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, TenantClient>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops the client that was unused for the longest time, preferably one without a request under
/// way. Requests of a dropped client run to their end.
fn make_room(kept: &mut HashMap<TenantId, TenantClient>) {
    if kept.len() < MAX_CLIENTS {
        return;
    }
    let in_use = |client: &TenantClient| client.permits.available_permits() < MAX_OF_A_TENANT;
    let oldest = kept
        .iter()
        .min_by_key(|(_, client)| (in_use(client), client.last_used))
        .map(|(tenant, _)| *tenant);
    oldest.map(|tenant| kept.remove(&tenant));
}

/// Follows no redirects, uses no proxy, keeps no cookies, decompresses nothing and retries nothing.
pub(super) fn new_client(
    resolver: impl Resolve + 'static,
    extra_roots: Vec<Certificate>,
) -> Result<Client, reqwest::Error> {
    Client::builder()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .http1_only()
        .connect_timeout(CONNECT_TIME)
        .pool_idle_timeout(IDLE_TIME)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
        .tls_certs_merge(extra_roots)
        .dns_resolver(Arc::new(resolver))
        .user_agent(concat!("flowhost/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Concurrent requests of one tenant: a quarter of the limit for all.
pub(super) const MAX_OF_A_TENANT: usize = 32;

/// Tenants with connections of their own. Each client has its own copy of the root certificates:
/// about 300 KiB.
const MAX_CLIENTS: usize = 64;

/// A server that does not accept a connection in this time would not answer within a call's time
/// either.
pub(super) const CONNECT_TIME: Duration = Duration::from_secs(3);

/// Long enough for the next screens of a conversation.
const IDLE_TIME: Duration = Duration::from_secs(30);

const MAX_IDLE_PER_HOST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_longest_out_of_use_makes_room_and_one_at_work_stays() {
        let client = |seconds: u64, busy: bool| TenantClient {
            http: Client::new(),
            permits: Arc::new(Semaphore::new(if busy {
                MAX_OF_A_TENANT - 1
            } else {
                MAX_OF_A_TENANT
            })),
            last_used: Instant::now() + Duration::from_secs(seconds),
        };
        let busy = TenantId::new();
        let mut kept = HashMap::from([(busy, client(0, true))]);
        let others: Vec<_> = (1..MAX_CLIENTS as u64).map(|age| (TenantId::new(), age)).collect();
        let shared = client(0, false);
        for (tenant, age) in &others {
            kept.insert(
                *tenant,
                TenantClient {
                    last_used: shared.last_used + Duration::from_secs(*age),
                    ..shared.clone()
                },
            );
        }

        make_room(&mut kept);

        assert_eq!(kept.len(), MAX_CLIENTS - 1);
        assert!(kept.contains_key(&busy) && !kept.contains_key(&others[0].0));
        make_room(&mut kept);
        assert_eq!(kept.len(), MAX_CLIENTS - 1, "there was room");
    }
}
