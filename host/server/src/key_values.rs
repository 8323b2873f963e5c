//! Values that plugins keep beyond a session. They are in the database, sealed with the tenant's
//! data key, and each is bound to its key.
//!
//! Invariants: a call holds a connection only while its statement runs; the number of concurrent
//! calls is limited, so that a flood of them leaves connections to exchanges and no tenant has all
//! permits; a version never occurs twice.

use std::sync::Arc;

use crate::store::{self, KeyFingerprint, Put, Store, StoreError, ValueToPut};
use crate::tenants::Directory;
use flowhost_protocol::crypto::{CryptoError, DataKey, SealContext, Sealed, random_bytes};
use flowhost_protocol::ids::Scope;
use flowhost_runtime::plugins::{KeptValue, KeyValueError, KeyValues, NewValue, Pending};
use flowhost_runtime::telemetry::{self, BudgetSeries};
use flowhost_runtime::tenant_limits::{Permit, TenantLimits};

/// The key-value store of all flows, in the database.
pub(crate) struct FlowValues {
    store: Store,
    directory: Arc<Directory>,
    limits: TenantLimits,
}

impl FlowValues {
    /// Limits calls to a share of the store's connections; `series` counts the calls under way.
    pub(crate) fn new(store: Store, directory: Arc<Directory>, series: BudgetSeries) -> Self {
        let all = (store.connections() as usize * PERMITS_OF_TEN / 10).max(1);
        let limits = TenantLimits::new(all, all.div_ceil(TENANTS_WITH_ALL_PERMITS), series);
        Self { store, directory, limits }
    }

    async fn find(&self, scope: Scope, key: &str) -> Result<Option<KeptValue>, Failure> {
        let desk = self.enter(scope).await?;
        let Some(found) =
            store::find_flow_value(&self.store, scope, &desk.fingerprint(key)).await?
        else {
            return Ok(None);
        };
        let value = desk.data_key.open(&value_context(scope, key), &found.sealed_value)?;
        Ok(Some(KeptValue { value: value.to_vec(), version: version_of(found.version) }))
    }

    async fn put(
        &self,
        scope: Scope,
        key: &str,
        only_if: Option<Option<u64>>,
        value: NewValue,
    ) -> Result<Written, Failure> {
        let desk = self.enter(scope).await?;
        let (fingerprint, version) = (desk.fingerprint(key), new_version());
        let put = ValueToPut {
            fingerprint,
            sealed_key: &desk.data_key.seal(&key_context(scope, &fingerprint), key.as_bytes()),
            sealed_value: &desk.data_key.seal(&value_context(scope, key), &value.value),
            version,
            ttl_seconds: value.ttl_seconds,
            most_keys: value.max_keys,
            // A version that is too large to be stored matches none.
            only_if: only_if
                .map(|expected| expected.map(|version| i64::try_from(version).unwrap_or(-1))),
        };
        match store::put_flow_value(&self.store, scope, &put).await? {
            Put::Full => Ok(Written::Full),
            Put::Gone => Err(Failure::Gone),
            Put::OtherVersion => Ok(Written::OtherVersion),
            Put::Written => Ok(Written::As(version_of(version))),
        }
    }

    async fn remove(&self, scope: Scope, key: &str) -> Result<(), Failure> {
        let desk = self.enter(scope).await?;
        Ok(store::delete_flow_value(&self.store, scope, &desk.fingerprint(key)).await?)
    }

    async fn keys(&self, scope: Scope, prefix: &str, limit: u32) -> Result<Vec<String>, Failure> {
        let desk = self.enter(scope).await?;
        let sealed = store::list_flow_keys(&self.store, scope).await?;
        let prefix = prefix.to_owned();
        // Opening thousands of keys takes milliseconds, too long for an async thread.
        let open = move || desk.first_keys(&sealed, &prefix, limit as usize);
        tokio::task::spawn_blocking(open).await.map_err(|_| Failure::Interrupted)?
    }

    /// Waits for a permit, and finds the tenant's data key.
    async fn enter(&self, scope: Scope) -> Result<ValuesGuard, Failure> {
        let permit = self.limits.acquire(scope.tenant).await;
        let data_key = self.directory.data_key(scope.tenant).ok_or(Failure::Gone)?;
        Ok(ValuesGuard { scope, data_key, _permit: permit })
    }
}

impl KeyValues for FlowValues {
    fn get<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
    ) -> Pending<'a, Result<Option<KeptValue>, KeyValueError>> {
        Box::pin(async move { self.find(scope, key).await.map_err(|failure| failure.told(scope)) })
    }

    fn set<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
        value: NewValue,
    ) -> Pending<'a, Result<u64, KeyValueError>> {
        Box::pin(async move {
            match self.put(scope, key, None, value).await.map_err(|failure| failure.told(scope))? {
                Written::As(version) => Ok(version),
                Written::Full | Written::OtherVersion => Err(KeyValueError::QuotaExceeded),
            }
        })
    }

    fn compare_and_set<'a>(
        &'a self,
        scope: Scope,
        key: &'a str,
        expected: Option<u64>,
        value: NewValue,
    ) -> Pending<'a, Result<Option<u64>, KeyValueError>> {
        Box::pin(async move {
            match self
                .put(scope, key, Some(expected), value)
                .await
                .map_err(|failure| failure.told(scope))?
            {
                Written::As(version) => Ok(Some(version)),
                Written::Full => Err(KeyValueError::QuotaExceeded),
                Written::OtherVersion => Ok(None),
            }
        })
    }

    fn delete<'a>(&'a self, scope: Scope, key: &'a str) -> Pending<'a, Result<(), KeyValueError>> {
        Box::pin(
            async move { self.remove(scope, key).await.map_err(|failure| failure.told(scope)) },
        )
    }

    fn list<'a>(
        &'a self,
        scope: Scope,
        prefix: &'a str,
        limit: u32,
    ) -> Pending<'a, Result<Vec<String>, KeyValueError>> {
        Box::pin(async move {
            self.keys(scope, prefix, limit).await.map_err(|failure| failure.told(scope))
        })
    }
}

/// A permit to use one flow's values, given back on drop.
struct ValuesGuard {
    scope: Scope,
    data_key: Arc<DataKey>,
    _permit: Permit,
}

impl ValuesGuard {
    fn fingerprint(&self, key: &str) -> KeyFingerprint {
        let Scope { tenant, flow } = self.scope;
        let parts = [&tenant.0.as_bytes()[..], flow.0.as_bytes(), key.as_bytes()];
        self.data_key.fingerprint(&SealContext::new("flow_values.key_fingerprint", &parts))
    }

    fn first_keys(
        &self,
        sealed: &[(KeyFingerprint, Sealed)],
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<String>, Failure> {
        let mut keys = Vec::new();
        for (fingerprint, sealed) in sealed {
            let key = self.data_key.open(&key_context(self.scope, fingerprint), sealed)?;
            let key = std::str::from_utf8(&key).map_err(|_| Failure::Unreadable)?;
            if key.starts_with(prefix) {
                keys.push(key.to_owned());
            }
        }
        keys.sort_unstable();
        keys.truncate(limit);
        Ok(keys)
    }
}

enum Written {
    As(u64),
    Full,
    OtherVersion,
}

/// Why the store can't be used.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the flow is not served any more")]
    Gone,
    #[error("the work was cut off")]
    Interrupted,
    #[error("a stored value doesn't open")]
    Sealed(#[from] CryptoError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a stored key is no text")]
    Unreadable,
}

impl Failure {
    /// Logs the failure. The plugin only learns that its store is unavailable.
    fn told(self, scope: Scope) -> KeyValueError {
        let (tenant, flow) = (scope.tenant, scope.flow);
        tracing::warn!(tenant.id = %tenant, flow.id = %flow, error = %telemetry::chain(&self), "a plugin's store can't be used");
        KeyValueError::Unavailable(Arc::new(self))
    }
}

fn key_context(scope: Scope, fingerprint: &KeyFingerprint) -> SealContext {
    SealContext::new(
        "flow_values.sealed_key",
        &[scope.tenant.0.as_bytes(), scope.flow.0.as_bytes(), fingerprint],
    )
}

fn value_context(scope: Scope, key: &str) -> SealContext {
    SealContext::new(
        "flow_values.sealed_value",
        &[scope.tenant.0.as_bytes(), scope.flow.0.as_bytes(), key.as_bytes()],
    )
}

/// Random, so that a key that was deleted and set again has another version than before, with
/// nothing to remember. 53 bits, so that a plugin in any language can pass it on as a JSON number.
/// Two versions of a key are equal once in 10^16.
fn new_version() -> i64 {
    let bits = u64::from_le_bytes(random_bytes()) >> 11;
    i64::try_from(bits).expect("53 bits fit")
}

fn version_of(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}

/// Permits per ten of the host's connections. The rest is for exchanges, which hold theirs for a
/// few milliseconds.
const PERMITS_OF_TEN: usize = 3;

/// A tenant has at most a third of the permits, so three tenants are needed to make a fourth one
/// wait.
const TENANTS_WITH_ALL_PERMITS: usize = 3;
