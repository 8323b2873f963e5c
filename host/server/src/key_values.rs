//! Values that plugins keep beyond a session. They are in the database, sealed with the tenant's
//! data key, and each is bound to its key.
//!
//! Invariants: a call holds a connection only while its statement runs; the number of concurrent
//! calls is limited, so that a flood of them leaves connections to exchanges and no tenant has all
//! permits; a version never occurs twice.

use std::sync::Arc;

use crate::store::{self, KeyFingerprint, Put, Store, StoreError, StoredValue, ValueToPut};
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
        let ValuesGuard { values, _permit } = self.enter(scope).await?;
        let found = store::find_flow_value(&self.store, scope, &values.fingerprint(key)).await?;
        Ok(found.map(|found| values.open(key, &found)).transpose()?)
    }

    async fn put(
        &self,
        scope: Scope,
        key: &str,
        only_if: Option<Option<u64>>,
        value: NewValue,
    ) -> Result<Written, Failure> {
        let ValuesGuard { values, _permit } = self.enter(scope).await?;
        let (fingerprint, version) = (values.fingerprint(key), new_version());
        let data_key = &values.data_key;
        let put = ValueToPut {
            fingerprint,
            sealed_key: &data_key.seal(&key_context(scope, &fingerprint), key.as_bytes()),
            sealed_value: &data_key.seal(&value_context(scope, key), &value.value),
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
        let ValuesGuard { values, _permit } = self.enter(scope).await?;
        Ok(store::delete_flow_value(&self.store, scope, &values.fingerprint(key)).await?)
    }

    async fn keys(&self, scope: Scope, prefix: &str, limit: u32) -> Result<Vec<String>, Failure> {
        let ValuesGuard { values, _permit } = self.enter(scope).await?;
        let sealed = store::list_flow_keys(&self.store, scope).await?;
        let prefix = prefix.to_owned();
        // Opening thousands of keys takes milliseconds, too long for an async thread.
        let open = move || values.first_keys(&sealed, &prefix, limit as usize);
        Ok(tokio::task::spawn_blocking(open).await.map_err(|_| Failure::Interrupted)??)
    }

    /// Waits for a permit, and finds the tenant's data key.
    async fn enter(&self, scope: Scope) -> Result<ValuesGuard, Failure> {
        let permit = self.limits.acquire(scope.tenant).await;
        let data_key = self.directory.data_key(scope.tenant).ok_or(Failure::Gone)?;
        Ok(ValuesGuard { values: SealedValues::new(scope, data_key), _permit: permit })
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
    values: SealedValues,
    _permit: Permit,
}

/// How the values of a flow are sealed.
pub(crate) struct SealedValues {
    scope: Scope,
    data_key: Arc<DataKey>,
}

impl SealedValues {
    /// The values of the flow in `scope`, under its tenant's data key.
    pub(crate) fn new(scope: Scope, data_key: Arc<DataKey>) -> Self {
        Self { scope, data_key }
    }

    /// As what the database knows a key.
    pub(crate) fn fingerprint(&self, key: &str) -> KeyFingerprint {
        let Scope { tenant, flow } = self.scope;
        let parts = [&tenant.0.as_bytes()[..], flow.0.as_bytes(), key.as_bytes()];
        self.data_key.fingerprint(&SealContext::new("flow_values.key_fingerprint", &parts))
    }

    /// The value of a key.
    pub(crate) fn open(&self, key: &str, stored: &StoredValue) -> Result<KeptValue, CryptoError> {
        let value = self.data_key.open(&value_context(self.scope, key), &stored.sealed_value)?;
        Ok(KeptValue { value: value.to_vec(), version: version_of(stored.version) })
    }

    /// The first keys that begin so, in order.
    pub(crate) fn first_keys(
        &self,
        sealed: &[(KeyFingerprint, Sealed)],
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<String>, CryptoError> {
        let mut keys = Vec::new();
        for (fingerprint, sealed) in sealed {
            let key = self.data_key.open(&key_context(self.scope, fingerprint), sealed)?;
            let key = String::from_utf8_lossy(&key);
            if key.starts_with(prefix) {
                keys.push(key.into_owned());
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
