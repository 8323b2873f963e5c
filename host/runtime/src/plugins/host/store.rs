//! The import `store`: small values of the flow that outlive the call. [`KeyValues`] keeps them.
//!
//! A key is never interpreted, so there are no paths that lead out of the flow's own keys. The
//! host, not the guest, says which flow it is.
//!
//! [`KeyValues`]: crate::plugins::KeyValues

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::store::{Entry, Error, Host};
use crate::plugins::{KeyValueError, NewValue};

impl Host for CallState {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Entry>, Error>> {
        if let Err(error) = self.may_use(&key) {
            return Ok(Err(error));
        }
        let found = self.services.values.get(self.call.plugin.scope, &key).await;
        Ok(found
            .map(|kept| kept.map(|kept| Entry { value: kept.value, version: kept.version }))
            .map_err(Error::from))
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        ttl_seconds: Option<u32>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let value = match self.may_write(&key, value, ttl_seconds) {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        };
        if self.call.purpose.drops_writes() {
            return Ok(Ok(REHEARSED_VERSION));
        }
        Ok(self.services.values.set(self.call.plugin.scope, &key, value).await.map_err(Error::from))
    }

    async fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<u64>,
        value: Vec<u8>,
        ttl_seconds: Option<u32>,
    ) -> wasmtime::Result<Result<Option<u64>, Error>> {
        let value = match self.may_write(&key, value, ttl_seconds) {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        };
        if self.call.purpose.drops_writes() {
            return Ok(Ok(Some(REHEARSED_VERSION)));
        }
        Ok(self
            .services
            .values
            .compare_and_set(self.call.plugin.scope, &key, expected, value)
            .await
            .map_err(Error::from))
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        if let Err(error) = self.may_use(&key) {
            return Ok(Err(error));
        }
        if self.call.purpose.drops_writes() {
            return Ok(Ok(()));
        }
        Ok(self.services.values.delete(self.call.plugin.scope, &key).await.map_err(Error::from))
    }

    async fn list(
        &mut self,
        prefix: String,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<String>, Error>> {
        if let Err(error) = self.may_use(&prefix) {
            return Ok(Err(error));
        }
        Ok(self
            .services
            .values
            .list(self.call.plugin.scope, &prefix, limit.min(MAX_LISTED))
            .await
            .map_err(Error::from))
    }
}

impl CallState {
    /// Whether the call may do one thing more with its store.
    fn may_use(&mut self, key: &str) -> Result<(), Error> {
        if !self.call.plugin.capabilities.store {
            return Err(Error::NotGranted);
        }
        self.store_calls = self.store_calls.saturating_add(1);
        if self.store_calls > MAX_STORE_CALLS {
            return Err(Error::QuotaExceeded);
        }
        if key.len() > MAX_KEY_BYTES { Err(Error::TooLarge) } else { Ok(()) }
    }

    /// Checks that the call may write this value.
    fn may_write(
        &mut self,
        key: &str,
        value: Vec<u8>,
        ttl_seconds: Option<u32>,
    ) -> Result<NewValue, Error> {
        self.may_use(key)?;
        if value.len() > self.call.plugin.limits.store_value_bytes as usize {
            return Err(Error::TooLarge);
        }
        Ok(NewValue { value, ttl_seconds, max_keys: self.call.plugin.limits.store_keys })
    }
}

impl From<KeyValueError> for Error {
    fn from(error: KeyValueError) -> Self {
        match error {
            KeyValueError::QuotaExceeded => Self::QuotaExceeded,
            KeyValueError::Unavailable(_) => Self::Unavailable,
        }
    }
}

/// The version that a rehearsal gets for a value that was not written.
const REHEARSED_VERSION: u64 = 1;

/// Room for a few names and an id. All keys of a flow together stay small enough to be listed.
const MAX_KEY_BYTES: usize = 256;

/// The most keys that one call can list. With [`MAX_KEY_BYTES`] that is 256 KiB.
const MAX_LISTED: u32 = 1_000;

/// Each takes a connection of the host's pool for a moment; 100 of them take a tenth of the call's
/// time.
const MAX_STORE_CALLS: u32 = 100;
