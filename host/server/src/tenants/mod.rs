//! The tenants that this host serves: a copy in memory, so that a request finds its endpoint
//! without a call to the database.
//!
//! At its start a host only learns which tenants there are. The rest of a tenant is loaded when the
//! first request for it comes, so a host with many tenants is ready as soon as one with few. What
//! is loaded is replaced as a whole and never changed: a request keeps the endpoint that it
//! resolved. A change costs as much with many tenants as with few. The database's notifications
//! keep the copy fresh; what changed is looked for regularly, in case a notification was lost.

mod endpoint;
mod error;
mod flow_config;
mod flow_json;
mod slot;

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

pub(crate) use endpoint::open_data_key;
pub use endpoint::{app_secret_context, private_key_context};
pub(crate) use error::TenantError;
pub(crate) use flow_config::{flow_config_context, open_config_value};

use self::endpoint::{open_endpoint, open_tenant};
use self::flow_config::open_flow_config;
use self::flow_json::load_flow_json;
use self::slot::{Loaded, Slot, TenantEntry};
use crate::store::{self, ChangePoint, Changes, Reach, Store, StoreError, StoredTenant};
use flowhost_exchange::endpoint::{Endpoint, Endpoints, EndpointsError, RequestRate};
use flowhost_protocol::crypto::{DataKey, MasterKeys};
use flowhost_protocol::ids::TenantId;
use flowhost_runtime::plugins::{Pending, PluginVersion};
use flowhost_runtime::telemetry;

/// Finds endpoints by the names in a URL.
pub struct Directory {
    store: Store,
    master: MasterKeys,
    by_slug: papaya::HashMap<String, Arc<Slot>>,
    by_id: papaya::HashMap<TenantId, Arc<Slot>>,
}

impl Directory {
    /// Learns which tenants there are. Fails if the database fails, or if no tenant's data key can
    /// be decrypted, because then the master key is a different one.
    pub async fn open(store: Store, master: MasterKeys) -> Result<Self, TenantError> {
        check_master_key(&store, &master).await?;
        let (by_slug, by_id) = (papaya::HashMap::new(), papaya::HashMap::new());
        let directory = Self { store, master, by_slug, by_id };
        directory.refresh_all().await?;
        Ok(directory)
    }

    /// The key that seals a tenant's values. `None` if none of its flows was served yet. Costs
    /// look-ups in memory.
    pub fn data_key(&self, tenant: TenantId) -> Option<Arc<DataKey>> {
        let loaded = self.by_id.pin().get(&tenant)?.loaded()?;
        let endpoint = loaded.entry.as_ref()?.values().next()?;
        Some(endpoint.tenant.data_key.clone())
    }

    /// The endpoint with these names, if its tenant is loaded.
    pub(crate) fn loaded(&self, tenant: &str, flow: &str) -> Option<Arc<Endpoint>> {
        self.by_slug.pin().get(tenant)?.loaded()?.entry.as_ref()?.get(flow).cloned()
    }

    /// The plugin of every loaded flow that has an active version.
    pub(crate) fn active_plugins(&self) -> Vec<Arc<PluginVersion>> {
        let all = self.by_id.pin();
        let entries = all.values().filter_map(|slot| slot.loaded()?.entry.clone());
        entries
            .flat_map(|entry| {
                entry.values().filter_map(|endpoint| endpoint.active.clone()).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Loads one tenant again. A tenant that can't be served is logged and answers like an unknown
    /// one; the others are not affected.
    pub(crate) async fn refresh(&self, tenant: TenantId) -> Result<(), TenantError> {
        let known = self.by_id.pin().get(&tenant).cloned();
        let slot = match known {
            Some(slot) => slot,
            None => match store::find_tenant_by_id(&self.store, tenant).await? {
                Some(stored) => self.add(tenant, stored.slug),
                None => return Ok(()),
            },
        };
        // One after another, so that an older copy never replaces a newer one.
        let _loading = slot.loading.lock().await;
        self.reload(&slot).await.map(drop)
    }

    /// Loads those tenants again that changed since they were loaded, and drops those that are gone.
    /// Returns where [`Directory::refresh_changed`] goes on.
    pub(crate) async fn refresh_all(&self) -> Result<ChangePoint, TenantError> {
        Ok(self.compare_all().await?.1)
    }

    /// The same, with a look only at what changed since then. Returns whether anything was loaded or
    /// is gone, and where the next call goes on.
    async fn refresh_changed(
        &self,
        since: &ChangePoint,
    ) -> Result<(bool, ChangePoint), TenantError> {
        let changed = store::list_changed(&self.store, Some(since)).await?;
        if changed.any_deleted {
            return self.compare_all().await;
        }
        let outdated = self.outdated(changed.tenants);
        Ok((self.reload_each(outdated).await?, changed.next))
    }

    async fn compare_all(&self) -> Result<(bool, ChangePoint), TenantError> {
        let all = store::list_changed(&self.store, None).await?;
        let mut slots = self.missing_in(&all.tenants);
        slots.extend(self.outdated(all.tenants));
        Ok((self.reload_each(slots).await?, all.next))
    }

    /// The tenants of this list that are loaded in another revision, or may be about to be: a load
    /// that is under way may have begun before the change. Those that are new get a slot.
    fn outdated(&self, listed: HashMap<TenantId, (String, i64)>) -> Vec<Outdated> {
        let slots = listed.into_iter().filter_map(|(tenant, (slug, revision))| {
            // Also if it has one: by its name, a tenant that is gone may still be found.
            let slot = self.add(tenant, slug);
            let is_loading = slot.loading.try_lock().is_err();
            let outdated = Outdated { slot, by: Some(revision) };
            (is_loading || outdated.is_loaded_otherwise()).then_some(outdated)
        });
        slots.collect()
    }

    /// The tenants that seem to be gone. One that was added since the list was read is not: only a
    /// look at its row can tell.
    fn missing_in(&self, listed: &HashMap<TenantId, (String, i64)>) -> Vec<Outdated> {
        let known = self.by_id.pin();
        let missing = known.values().filter(|slot| !listed.contains_key(&slot.id));
        missing.map(|slot| Outdated { slot: slot.clone(), by: None }).collect()
    }

    /// Returns whether there were any. One that fails does not keep the others from being loaded.
    async fn reload_each(&self, slots: Vec<Outdated>) -> Result<bool, TenantError> {
        let any = !slots.is_empty();
        stream::iter(slots)
            .map(async |outdated| {
                let _loading = outdated.slot.loading.lock().await;
                // The load that was under way may have seen the change.
                if outdated.by.is_some() && !outdated.is_loaded_otherwise() {
                    return Ok(());
                }
                self.reload(&outdated.slot).await.map(drop)
            })
            .buffer_unordered(RELOADS_AT_ONCE)
            .fold(Ok(any), async |result, reloaded| result.and_then(|any| reloaded.map(|()| any)))
            .await
    }

    /// The slot of a tenant, made if there is none.
    fn add(&self, tenant: TenantId, slug: String) -> Arc<Slot> {
        let by_id = self.by_id.pin();
        let slot = by_id.get_or_insert_with(tenant, || Slot::new(tenant, slug)).clone();
        self.by_slug.pin().insert(slot.slug.clone(), slot.clone());
        slot
    }

    fn remove(&self, slot: &Arc<Slot>) {
        self.by_id.pin().remove(&slot.id);
        // Another tenant may have the name by now.
        let _ = self.by_slug.pin().remove_if(&slot.slug, |_, other| Arc::ptr_eq(other, slot));
    }

    /// What a tenant serves, loaded if it is not yet.
    async fn entry(&self, slot: &Arc<Slot>) -> Result<Option<Arc<TenantEntry>>, TenantError> {
        if let Some(loaded) = slot.loaded() {
            return Ok(loaded.entry.clone());
        }
        let asked = Instant::now();
        let mut failed_at = slot.loading.lock().await;
        match slot.loaded() {
            Some(loaded) => Ok(loaded.entry.clone()),
            // Otherwise those that wait would each wait for the database, one after another.
            None if failed_at.is_some_and(|failed| failed >= asked) => Err(TenantError::JustFailed),
            None => {
                let loaded = self.reload(slot).await;
                *failed_at = loaded.is_err().then(Instant::now);
                loaded
            }
        }
    }

    /// Reads a tenant from the database and opens it. The caller has locked the slot.
    async fn reload(&self, slot: &Arc<Slot>) -> Result<Option<Arc<TenantEntry>>, TenantError> {
        let stored = match store::find_tenant_by_id(&self.store, slot.id).await {
            Ok(Some(stored)) => stored,
            Ok(None) => {
                self.remove(slot);
                return Ok(None);
            }
            Err(error) if error.is_of_what_is_stored() => {
                log_unserved(slot, &error);
                slot.fill(Loaded { revision: UNREAD, entry: None, rate: None });
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let before = slot.loaded();
        let previous = before.as_ref().and_then(|before| before.entry.as_deref());
        let rate = RequestRate::renewed(
            stored.requests_per_second,
            before.as_ref().and_then(|before| before.rate.as_ref()),
        );
        let entry = match self.load_tenant(&stored, previous, rate.clone()).await {
            // The data key was destroyed, so the tenant is being deleted.
            _ if stored.sealed_data_key.0.is_empty() => None,
            Ok(entry) => Some(Arc::new(entry)),
            Err(TenantError::Store(error)) if !error.is_of_what_is_stored() => {
                return Err(error.into());
            }
            Err(error) => {
                log_unserved(slot, &error);
                None
            }
        };
        slot.fill(Loaded { revision: stored.revision, entry: entry.clone(), rate });
        Ok(entry)
    }

    /// Keeps the copy fresh; never returns. `refreshed` is called within a second or two after a
    /// change, once for all changes of that time since it may look at all tenants, and once a minute.
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
        let mut since = self.refresh_all().await?;
        refreshed();
        let mut told = Instant::now();
        let mut untold = false;
        let mut poll = interval(POLL_INTERVAL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            match next_change(&mut changes, &mut poll).await? {
                Some(tenant) => {
                    self.refresh(tenant).await?;
                    untold = true;
                }
                None => {
                    let (has_changed, next) = self.refresh_changed(&since).await?;
                    since = next;
                    if untold || has_changed || told.elapsed() > TELL_INTERVAL {
                        refreshed();
                        (told, untold) = (Instant::now(), false);
                    }
                }
            }
        }
    }

    /// A flow whose settings can't be read is logged and left out, like a tenant that can't be
    /// served.
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
            match open_endpoint(tenant.clone(), flow, &config, flow_json) {
                Ok(endpoint) => drop(endpoints.insert(endpoint.name.clone(), Arc::new(endpoint))),
                // During a rollout, a host of the release before meets settings that it can't know.
                Err(error @ TenantError::Settings { .. }) => {
                    tracing::error!(error = %telemetry::chain(&error), "a flow can't be served");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(endpoints)
    }
}

impl Endpoints for Directory {
    /// Costs two look-ups in memory, whether it is there or not. The first request for a tenant
    /// loads it: a few milliseconds.
    fn resolve<'a>(
        &'a self,
        tenant: &'a str,
        flow: &'a str,
    ) -> Pending<'a, Result<Option<Arc<Endpoint>>, EndpointsError>> {
        Box::pin(async move {
            let slot = self.by_slug.pin().get(tenant).cloned();
            let Some(slot) = slot else { return Ok(None) };
            let entry = self.entry(&slot).await?;
            Ok(entry.and_then(|entry| entry.get(flow).cloned()))
        })
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

/// A tenant to load again.
struct Outdated {
    slot: Arc<Slot>,
    /// The revision that it was found to have. `None` if it was not found.
    by: Option<i64>,
}

impl Outdated {
    fn is_loaded_otherwise(&self) -> bool {
        self.slot.loaded().is_some_and(|loaded| Some(loaded.revision) != self.by)
    }
}

fn log_unserved(slot: &Slot, error: &(dyn Error + 'static)) {
    tracing::error!(tenant.id = %slot.id, error = %telemetry::chain(error), "a tenant can't be served");
}

/// The next tenant that changed, or `None` when it is time to look for changes.
async fn next_change(
    changes: &mut Changes,
    poll: &mut tokio::time::Interval,
) -> Result<Option<TenantId>, StoreError> {
    tokio::select! {
        change = changes.next() => change,
        _ = poll.tick() => Ok(None),
    }
}

/// The revision of a tenant whose row can't be read. No row has it.
const UNREAD: i64 = -1;

/// How often changes are looked for, which limits how long a lost notification goes unnoticed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What was kept for plugins that were not used for long can go, also without a change.
const TELL_INTERVAL: Duration = Duration::from_secs(60);

/// Each takes a connection while it reads, and a core while it opens keys.
const RELOADS_AT_ONCE: usize = 4;

/// How long to wait before connecting to the database again.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);
