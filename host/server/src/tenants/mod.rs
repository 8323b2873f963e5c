//! The tenants that this host serves: a copy in memory, so that a request finds its endpoint
//! without a call to the database.
//!
//! The copy is replaced as a whole and never changed: a request keeps the endpoint that it
//! resolved. The database's notifications keep it fresh; revisions are compared regularly, in case
//! a notification was lost.

mod endpoint;
mod error;
mod flow_config;
mod flow_json;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval, sleep};

pub(crate) use endpoint::{app_secret_context, open_data_key, private_key_context};
pub(crate) use error::TenantError;
pub(crate) use flow_config::{flow_config_context, open_config_value};

use self::endpoint::{open_endpoint, open_tenant};
use self::flow_config::open_flow_config;
use self::flow_json::load_flow_json;
use crate::store::{self, Changes, Reach, Store, StoreError, StoredTenant};
use flowhost_exchange::endpoint::{Endpoint, Endpoints, EndpointsError, RequestRate};
use flowhost_protocol::crypto::{DataKey, MasterKeys};
use flowhost_protocol::ids::{FlowId, PluginDigest, TenantId};
use flowhost_runtime::plugins::Pending;
use flowhost_runtime::telemetry;

/// Finds endpoints by the names in a URL.
pub struct Directory {
    store: Store,
    master: MasterKeys,
    served: ArcSwap<Served>,
    /// Serializes refreshes, so that an older copy never replaces a newer one. Requests never take
    /// it.
    refreshing: Mutex<()>,
}

/// The copy, as of one point in time.
#[derive(Clone, Default)]
struct Served {
    by_slug: HashMap<String, TenantEntry>,
    loaded: HashMap<TenantId, Loaded>,
}

/// The result of loading a tenant.
#[derive(Clone)]
struct Loaded {
    revision: i64,
    /// The name it is served under; `None` if it can't be served.
    slug: Option<String>,
    /// The used part of its limit, which outlives changes of its flows.
    rate: Option<Arc<RequestRate>>,
}

/// The endpoints of a tenant by their flows' names.
type TenantEntry = HashMap<String, Arc<Endpoint>>;

impl Directory {
    /// Loads every tenant. Fails if the database fails, or if no tenant's data key can be
    /// decrypted, because then the master key is a different one.
    pub async fn load(store: Store, master: MasterKeys) -> Result<Self, TenantError> {
        check_master_key(&store, &master).await?;
        let directory =
            Self { store, master, served: ArcSwap::default(), refreshing: Mutex::new(()) };
        directory.refresh_changed().await?;
        Ok(directory)
    }

    /// The key that seals a tenant's values. `None` if none of its flows is served. Costs look-ups
    /// in memory.
    pub fn data_key(&self, tenant: TenantId) -> Option<Arc<DataKey>> {
        let served = self.served.load();
        let slug = served.loaded.get(&tenant)?.slug.as_ref()?;
        let endpoint = served.by_slug.get(slug)?.values().next()?;
        Some(endpoint.tenant.data_key.clone())
    }

    /// The digest of every active plugin, with its tenant.
    pub(crate) fn active_plugins(&self) -> Vec<(TenantId, PluginDigest)> {
        let served = self.served.load();
        let endpoints = served.by_slug.values().flat_map(HashMap::values);
        endpoints
            .filter_map(|endpoint| {
                endpoint.active.as_ref().map(|plugin| (endpoint.scope.tenant, plugin.digest))
            })
            .collect()
    }

    /// The active version of every flow that has one.
    pub(crate) fn active_versions(&self) -> HashSet<(FlowId, i32)> {
        let served = self.served.load();
        let endpoints = served.by_slug.values().flat_map(HashMap::values);
        endpoints
            .filter_map(|endpoint| {
                endpoint.active.as_ref().map(|plugin| (endpoint.scope.flow, plugin.version()))
            })
            .collect()
    }

    /// Loads one tenant again. A tenant that can't be served is logged and answers like an unknown
    /// one; the others are not affected.
    pub(crate) async fn refresh(&self, tenant: TenantId) -> Result<(), TenantError> {
        let _one_at_a_time = self.refreshing.lock().await;
        let mut served = Served::clone(&self.served.load());
        let before = served.loaded.remove(&tenant);
        let slug_before = before.as_ref().and_then(|before| before.slug.as_ref());
        let previous = slug_before.and_then(|slug| served.by_slug.remove(slug));
        if let Some(stored) = store::find_tenant_by_id(&self.store, tenant).await? {
            let rate_before = before.as_ref().and_then(|before| before.rate.as_ref());
            let rate = RequestRate::renewed(stored.requests_per_second, rate_before);
            let slug = match self.load_tenant(&stored, previous.as_ref(), rate.clone()).await {
                // The data key was destroyed, so the tenant is being deleted.
                _ if stored.sealed_data_key.0.is_empty() => None,
                Ok(entry) => {
                    served.by_slug.insert(stored.slug.clone(), entry);
                    Some(stored.slug)
                }
                Err(TenantError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::error!(tenant.id = %tenant, error = %telemetry::chain(&error), "a tenant can't be served");
                    None
                }
            };
            served.loaded.insert(tenant, Loaded { revision: stored.revision, slug, rate });
        }
        self.served.store(Arc::new(served));
        Ok(())
    }

    /// Loads those tenants again that changed since they were loaded.
    pub(crate) async fn refresh_changed(&self) -> Result<(), TenantError> {
        let now: HashMap<TenantId, i64> =
            store::list_revisions(&self.store).await?.into_iter().collect();
        let served = self.served.load_full();
        let known = |tenant: &TenantId| served.loaded.get(tenant).map(|loaded| loaded.revision);
        let changed = now
            .iter()
            .filter(|(tenant, revision)| known(tenant) != Some(**revision))
            .map(|(tenant, _)| *tenant);
        let gone = served.loaded.keys().filter(|tenant| !now.contains_key(tenant)).copied();
        for tenant in changed.chain(gone) {
            self.refresh(tenant).await?;
        }
        Ok(())
    }

    /// Keeps the copy fresh; never returns. `refreshed` is called after every change.
    pub async fn follow(&self, refreshed: impl Fn()) {
        loop {
            if let Err(error) = self.follow_one_connection(&refreshed).await {
                tracing::warn!(error = %telemetry::chain(&error), "changes can't be followed; trying again");
            }
            sleep(RECONNECT_DELAY).await;
        }
    }

    async fn follow_one_connection(&self, refreshed: &impl Fn()) -> Result<(), TenantError> {
        let mut changes = self.store.listen().await?;
        // Catches up on changes from before this connection listened.
        self.refresh_changed().await?;
        refreshed();
        let mut poll = interval(POLL_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            match next_change(&mut changes, &mut poll).await? {
                Some(tenant) => self.refresh(tenant).await?,
                None => self.refresh_changed().await?,
            }
            refreshed();
        }
    }

    async fn load_tenant(
        &self,
        stored: &StoredTenant,
        previous: Option<&TenantEntry>,
        rate: Option<Arc<RequestRate>>,
    ) -> Result<TenantEntry, TenantError> {
        let keys = store::list_keys(&self.store, stored.id).await?;
        let app_secrets = store::list_app_secrets(&self.store, stored.id).await?;
        let flows = store::list_flows(&self.store, stored.id).await?;
        let config = store::list_config_values(&self.store, stored.id).await?;
        let tenant = Arc::new(open_tenant(&self.master, stored, &keys, &app_secrets, rate)?);
        let mut endpoints = HashMap::new();
        for flow in flows {
            let known = previous
                .and_then(|entry| entry.get(&flow.name))
                .map(|endpoint| &endpoint.flow_json);
            let flow_json = load_flow_json(&self.store, stored.id, &flow, known).await?;
            let endpoint = open_endpoint(tenant.clone(), flow, &config, flow_json)?;
            endpoints.insert(endpoint.name.clone(), Arc::new(endpoint));
        }
        Ok(endpoints)
    }
}

impl Endpoints for Directory {
    /// Costs two look-ups in memory, whether it is there or not.
    fn resolve(&self, tenant: &str, flow: &str) -> Option<Arc<Endpoint>> {
        self.served.load().by_slug.get(tenant)?.get(flow).cloned()
    }

    /// At most once a minute.
    fn report_key_error<'a>(
        &'a self,
        tenant: TenantId,
        error: &'a str,
    ) -> Pending<'a, Result<(), EndpointsError>> {
        Box::pin(async move {
            if store::report_key_error(&self.store, tenant, error)
                .await
                .map_err(TenantError::Store)?
            {
                tracing::warn!(tenant.id = %tenant, reported = error, "clients can't use the public key at Meta: it needs an upload");
            }
            Ok(())
        })
    }
}

/// Fails if there are tenants, but none of their data keys can be decrypted.
async fn check_master_key(store: &Store, master: &MasterKeys) -> Result<(), TenantError> {
    let mut failure = None;
    let tenants = store::list_tenants(store, Reach::Everything).await?;
    for tenant in tenants.iter().filter(|tenant| !tenant.sealed_data_key.0.is_empty()) {
        match open_data_key(master, tenant) {
            Ok(_) => return Ok(()),
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(()), Err)
}

/// The next tenant that changed, or `None` when it is time to compare all revisions.
async fn next_change(
    changes: &mut Changes,
    poll: &mut tokio::time::Interval,
) -> Result<Option<TenantId>, StoreError> {
    tokio::select! {
        change = changes.next() => change,
        _ = poll.tick() => Ok(None),
    }
}

/// How often revisions are compared, which limits how long a lost notification goes unnoticed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait before connecting to the database again.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);
