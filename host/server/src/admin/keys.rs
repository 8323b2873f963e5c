//! Key pairs of a tenant.

use time::OffsetDateTime;
use tokio::sync::Semaphore;

use super::changes::shown;
use super::{AdminError, TenantDesk, off_the_async_threads};
use crate::store::{self, Change, NewKey, StoredKey};
use crate::tenants::private_key_context;
use flowhost_api::{AddKey, KeyView};
use flowhost_protocol::crypto::{DataKey, KeyPair, parse_private_key};
use flowhost_protocol::ids::KeyId;

impl TenantDesk {
    /// Adds a generated or imported key pair as the active one. The pairs before it begin to
    /// retire.
    pub async fn create_key(&self, add: AddKey) -> Result<KeyView, AdminError> {
        let data_key = self.data_key()?;
        let retires_at = OffsetDateTime::now_utc()
            + time::Duration::seconds(
                add.retire_previous_after_seconds.unwrap_or(RETIRE_AFTER_SECONDS).into(),
            );
        let passphrase = add.passphrase.filter(|passphrase| !passphrase.is_empty());
        if add.private_key_pem.is_none() && passphrase.is_some() {
            return Err(AdminError::Invalid("a passphrase without a private_key_pem".to_owned()));
        }
        let pair = work_on_key(move || match add.private_key_pem {
            None => Ok(KeyPair::generate()),
            Some(pem) => {
                parse_private_key(&pem, passphrase.as_ref().map(|passphrase| passphrase.as_str()))
            }
        })
        .await??;
        let mut change = self.begin_change().await?;
        if let Some(key) = store::find_key_by_fingerprint(&mut change, &pair.fingerprint).await? {
            return Err(already_there(&key_view(key)));
        }
        if store::count_working_keys(&mut change).await? >= MAX_WORKING_KEYS {
            return Err(AdminError::Conflict(format!(
                "{MAX_WORKING_KEYS} key pairs of the tenant still open requests, and there may be no more: delete one, or wait until one has retired"
            )));
        }
        store::retire_active_keys(&mut change, retires_at).await?;
        let key = insert(&mut change, &data_key, &pair).await?;
        store::note_changed_keys(&mut change).await?;
        let mut record = self.record("key.add");
        (record.target, record.after) = (Some(key.id.to_string()), shown(&key));
        self.finish(change, record).await?;
        Ok(key)
    }

    /// Deletes a key pair. Requests encrypted to it can't be opened from then on.
    pub async fn delete_key(&self, key: KeyId) -> Result<(), AdminError> {
        let mut change = self.begin_change().await?;
        if !store::delete_key(&mut change, key).await? {
            return Err(AdminError::NotFound("key"));
        }
        store::note_changed_keys(&mut change).await?;
        let mut record = self.record("key.delete");
        record.target = Some(key.to_string());
        self.finish(change, record).await
    }
}

/// Runs work on a key off the async threads, once there is a permit.
pub(super) async fn work_on_key<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AdminError> {
    let permit =
        KEY_WORK.acquire().await.map_err(|error| AdminError::Interrupted(error.to_string()))?;
    off_the_async_threads(move || {
        // The work keeps the permit, because it goes on when its caller hangs up.
        let _permit = permit;
        work()
    })
    .await
}

/// Importing a retired key does not make it active again: it may have been given up because it
/// leaked, and the caller may not know.
fn already_there(key: &KeyView) -> AdminError {
    let KeyView { id, state, .. } = key;
    let what_now = match state.as_str() {
        "active" => "there is nothing to do",
        _ => {
            "importing it again does not make it active; if that is meant, delete it first, then import it"
        }
    };
    AdminError::Conflict(format!("this tenant has this key already: {id}, {state}; {what_now}"))
}

/// Seals and inserts a key pair.
pub(super) async fn insert(
    change: &mut Change,
    data_key: &DataKey,
    pair: &KeyPair,
) -> Result<KeyView, AdminError> {
    let id = KeyId::new();
    let sealed = data_key.seal(&private_key_context(change.tenant(), id), &pair.private_pkcs8);
    let key = NewKey {
        id,
        sealed_private_key: &sealed,
        public_key_pem: &pair.public_pem,
        fingerprint: &pair.fingerprint,
    };
    Ok(key_view(store::insert_key(change, &key).await?))
}

/// A key pair as the API shows it.
pub(super) fn key_view(key: StoredKey) -> KeyView {
    let state = match key.retires_at {
        None => "active",
        Some(at) if at > OffsetDateTime::now_utc() => "retiring",
        Some(_) => "retired",
    };
    KeyView {
        id: key.id,
        state: state.to_owned(),
        public_key_pem: key.public_key_pem,
        fingerprint: key.fingerprint,
        retires_at: key.retires_at.map(Into::into),
        created_at: key.created_at.into(),
    }
}

/// One day: clients fetch the new public key long before that (`operators.md`).
const RETIRE_AFTER_SECONDS: u32 = 86_400;

/// A request that no key opens costs one RSA operation per key, about 255 us each.
const MAX_WORKING_KEYS: i64 = 16;

/// Generating a key takes up to 500 ms of CPU, opening an encrypted one up to two seconds and 128
/// MiB. Two at a time, for all tenants together.
static KEY_WORK: Semaphore = Semaphore::const_new(2);
