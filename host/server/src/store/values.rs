//! The table `flow_values`: what plugins keep beyond a session. A key is found by its fingerprint,
//! and its text is sealed.

use sqlx::FromRow;

use super::{Store, StoreError};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::Scope;

/// A key as the database knows it: its fingerprint under the tenant's data key.
pub type KeyFingerprint = [u8; 32];

/// A value as stored.
#[derive(Clone, Debug)]
pub struct StoredValue {
    /// The value, sealed under the tenant's data key.
    pub sealed_value: Sealed,
    /// Changes with every write.
    pub version: i64,
}

/// A value to write.
#[derive(Debug)]
pub struct ValueToPut<'a> {
    /// The key's fingerprint.
    pub fingerprint: KeyFingerprint,
    /// The key itself, sealed.
    pub(crate) sealed_key: &'a Sealed,
    /// The value, sealed.
    pub sealed_value: &'a Sealed,
    /// Its new version.
    pub version: i64,
    /// How long to keep it, in seconds; `None` means for ever.
    pub ttl_seconds: Option<u32>,
    /// The most keys that the flow may have.
    pub(crate) most_keys: u32,
    /// The condition for the write: `Some(Some(version))` if that version is stored, `Some(None)`
    /// if no value is stored; `None` writes unconditionally.
    pub(crate) only_if: Option<Option<i64>>,
}

/// The result of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The flow has as many keys as it may.
    Full,
    /// The flow is gone.
    Gone,
    /// Another version is stored.
    OtherVersion,
    /// The value was written.
    Written,
}

/// The value of a key, if it exists and has not expired.
pub async fn find_flow_value(
    store: &Store,
    scope: Scope,
    key: &KeyFingerprint,
) -> Result<Option<StoredValue>, StoreError> {
    let row: Option<ValueRow> = sqlx::query_as(
        "select sealed_value, version from flow_values where tenant_id = $1 and flow_id = $2 and key_fingerprint = $3 \
           and (expires_at is null or expires_at > now())",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&key[..])
    .fetch_optional(&mut *store.of(scope.tenant).await?)
    .await?;
    Ok(row.map(|row| StoredValue { sealed_value: Sealed(row.sealed_value), version: row.version }))
}

/// Writes a value, in one statement.
pub async fn put_flow_value(
    store: &Store,
    scope: Scope,
    put: &ValueToPut<'_>,
) -> Result<Put, StoreError> {
    let outcome: String =
        sqlx::query_scalar("select put_flow_value_v2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
            .bind(scope.tenant.0)
            .bind(scope.flow.0)
            .bind(&put.fingerprint[..])
            .bind(&put.sealed_key.0)
            .bind(&put.sealed_value.0)
            .bind(put.version)
            .bind(put.ttl_seconds.map(i64::from))
            .bind(i64::from(put.most_keys))
            .bind(put.only_if.is_some())
            .bind(put.only_if.flatten())
            .fetch_one(&mut store.functions(scope.tenant).await?)
            .await?;
    match outcome.as_str() {
        "full" => Ok(Put::Full),
        "gone" => Ok(Put::Gone),
        "other-version" => Ok(Put::OtherVersion),
        "written" => Ok(Put::Written),
        _ => Err(StoreError::Unreadable("outcome of a write")),
    }
}

/// Deletes a key, if it exists.
pub async fn delete_flow_value(
    store: &Store,
    scope: Scope,
    key: &KeyFingerprint,
) -> Result<(), StoreError> {
    let mut transaction = store.of(scope.tenant).await?;
    sqlx::query(
        "delete from flow_values where tenant_id = $1 and flow_id = $2 and key_fingerprint = $3",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&key[..])
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// All keys of a flow that have not expired, sealed. The flow's quota limits their number.
pub async fn list_flow_keys(
    store: &Store,
    scope: Scope,
) -> Result<Vec<(KeyFingerprint, Sealed)>, StoreError> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "select key_fingerprint, sealed_key from flow_values where tenant_id = $1 and flow_id = $2 \
           and (expires_at is null or expires_at > now())",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .fetch_all(&mut *store.of(scope.tenant).await?)
    .await?;
    let fingerprint = |bytes: Vec<u8>| {
        bytes.try_into().map_err(|_| StoreError::Unreadable("fingerprint of a key"))
    };
    rows.into_iter().map(|(bytes, key)| Ok((fingerprint(bytes)?, Sealed(key)))).collect()
}

#[derive(FromRow)]
struct ValueRow {
    sealed_value: Vec<u8>,
    version: i64,
}
