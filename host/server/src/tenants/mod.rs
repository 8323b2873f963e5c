//! The tenants that this host serves: a copy in memory, so that a request finds its endpoint
//! without a call to the database.
//!
//! A tenant's part of the copy is replaced as a whole and never changed: a request keeps the
//! endpoint that it resolved. A change costs as much with many tenants as with few. The database's
//! notifications keep the copy fresh; revisions are compared regularly, in case a notification was
//! lost.

mod endpoint;
mod error;
mod flow_config;
mod flow_json;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

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
    /// The endpoints of each tenant that can be served, by its slug.
    served: papaya::HashMap<String, Arc<TenantEntry>>,
    loaded: papaya::HashMap<TenantId, Loaded>,
    /// Serializes refreshes, so that an older copy never replaces a newer one. Requests never take
    /// it.
    refreshing: Mutex<()>,
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

/// What replaces a tenant's part of the copy.
struct Reloaded {
    tenant: TenantId,
    /// `None` if the tenant is gone.
    loaded: Option<Loaded>,
    /// `None` if the tenant can't be served.
    entry: Option<Arc<TenantEntry>>,
}

impl Directory {
    /// Loads every tenant. Fails if the database fails, or if no tenant's data key can be
    /// decrypted, because then the master key is a different one.
    pub async fn load(store: Store, master: MasterKeys) -> Result<Self, TenantError> {
        check_master_key(&store, &master).await?;
        let directory = Self {
            store,
            master,
            served: papaya::HashMap::new(),
            loaded: papaya::HashMap::new(),
            refreshing: Mutex::new(()),
        };
        directory.refresh_changed().await?;
        Ok(directory)
    }

    /// The key that seals a tenant's values. `None` if none of its flows is served. Costs look-ups
    /// in memory.
    pub fn data_key(&self, tenant: TenantId) -> Option<Arc<DataKey>> {
        let (loaded, served) = (self.loaded.pin(), self.served.pin());
        let slug = loaded.get(&tenant)?.slug.as_ref()?;
        let endpoint = served.get(slug)?.values().next()?;
        Some(endpoint.tenant.data_key.clone())
    }

    /// The digest of every active plugin, with its tenant.
    pub(crate) fn active_plugins(&self) -> Vec<(TenantId, PluginDigest)> {
        let served = self.served.pin();
        let endpoints = served.values().flat_map(|entry| entry.values());
        endpoints
            .filter_map(|endpoint| {
                endpoint.active.as_ref().map(|plugin| (endpoint.scope.tenant, plugin.digest))
            })
            .collect()
    }

    /// The active version of every flow that has one.
    pub(crate) fn active_versions(&self) -> HashSet<(FlowId, i32)> {
        let served = self.served.pin();
        let endpoints = served.values().flat_map(|entry| entry.values());
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
        let reloaded = self.reload(tenant).await?;
        self.replace(reloaded);
        Ok(())
    }

    /// Loads those tenants again that changed since they were loaded. Returns how many.
    pub(crate) async fn refresh_changed(&self) -> Result<usize, TenantError> {
        let _one_at_a_time = self.refreshing.lock().await;
        let now: HashMap<TenantId, i64> =
            store::list_revisions(&self.store).await?.into_iter().collect();
        let (gone, changed) = self.differences(&now);
        let mut count = 0;
        // These first: another tenant may have the name of one that is gone.
        for tenant in gone {
            self.replace(Reloaded { tenant, loaded: None, entry: None });
            count += 1;
        }
        let mut reloading = stream::iter(changed)
            .map(|tenant| self.reload(tenant))
            .buffer_unordered(RELOADS_AT_ONCE);
        while let Some(reloaded) = reloading.try_next().await? {
            self.replace(reloaded);
            count += 1;
        }
        Ok(count)
    }

    /// The tenants that are gone, and those whose revision is not the loaded one.
    fn differences(&self, now: &HashMap<TenantId, i64>) -> (Vec<TenantId>, Vec<TenantId>) {
        let loaded = self.loaded.pin();
        let gone = loaded.keys().filter(|tenant| !now.contains_key(tenant)).copied().collect();
        let is_known = |(tenant, revision): &(&TenantId, &i64)| {
            loaded.get(*tenant).is_some_and(|loaded| loaded.revision == **revision)
        };
        let changed = now.iter().filter(|one| !is_known(one)).map(|(tenant, _)| *tenant).collect();
        (gone, changed)
    }

    /// Reads a tenant from the database and opens it.
    async fn reload(&self, tenant: TenantId) -> Result<Reloaded, TenantError> {
        let Some(stored) = store::find_tenant_by_id(&self.store, tenant).await? else {
            return Ok(Reloaded { tenant, loaded: None, entry: None });
        };
        let before = self.loaded.pin().get(&tenant).cloned();
        let slug = before.as_ref().and_then(|before| before.slug.as_ref());
        let previous = slug.and_then(|slug| self.served.pin().get(slug).cloned());
        let rate = RequestRate::renewed(
            stored.requests_per_second,
            before.as_ref().and_then(|before| before.rate.as_ref()),
        );
        let entry = match self.load_tenant(&stored, previous.as_deref(), rate.clone()).await {
            // The data key was destroyed, so the tenant is being deleted.
            _ if stored.sealed_data_key.0.is_empty() => None,
            Ok(entry) => Some(Arc::new(entry)),
            Err(TenantError::Store(error)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(tenant.id = %tenant, error = %telemetry::chain(&error), "a tenant can't be served");
                None
            }
        };
        let slug = entry.is_some().then_some(stored.slug);
        Ok(Reloaded {
            tenant,
            loaded: Some(Loaded { revision: stored.revision, slug, rate }),
            entry,
        })
    }

    /// Replaces a tenant's part of the copy. The caller refreshes alone.
    fn replace(&self, Reloaded { tenant, loaded, entry }: Reloaded) {
        let (all, served) = (self.loaded.pin(), self.served.pin());
        let slug = loaded.as_ref().and_then(|loaded| loaded.slug.as_ref());
        // A tenant that stays is never missing meanwhile.
        if let (Some(slug), Some(entry)) = (slug, entry) {
            served.insert(slug.clone(), entry);
        }
        let before = all.get(&tenant).and_then(|before| before.slug.as_ref());
        if let Some(before) = before.filter(|before| Some(*before) != slug) {
            served.remove(before);
        }
        match loaded {
            Some(loaded) => all.insert(tenant, loaded),
            None => all.remove(&tenant),
        };
    }

    /// Keeps the copy fresh; never returns. `refreshed` is called after every change, and once a
    /// minute.
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
        let mut told = Instant::now();
        let mut poll = interval(POLL_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let has_changed = match next_change(&mut changes, &mut poll).await? {
                Some(tenant) => {
                    self.refresh(tenant).await?;
                    true
                }
                None => self.refresh_changed().await? > 0,
            };
            if has_changed || told.elapsed() > TELL_INTERVAL {
                refreshed();
                told = Instant::now();
            }
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
        self.served.pin().get(tenant)?.get(flow).cloned()
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

/// What was kept for plugins that were not used for long can go, also without a change.
const TELL_INTERVAL: Duration = Duration::from_secs(60);

/// Each takes a connection while it reads and a core while it opens keys.
const RELOADS_AT_ONCE: usize = 4;

/// How long to wait before connecting to the database again.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);
