//! The table `key_pairs`.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::OnConstraint;
use super::{Change, Store, StoreError};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{KeyId, TenantId};

/// A key pair as stored.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// Its id.
    pub id: KeyId,
    /// PKCS#8, sealed under the tenant's data key.
    pub sealed_private_key: Sealed,
    /// The public key in PEM.
    pub public_key_pem: String,
    /// SHA-256 of the public key, as `sha256:` and 64 hex digits.
    pub fingerprint: String,
    /// `None` for the active key. A retiring key decrypts until then.
    pub retires_at: Option<OffsetDateTime>,
    /// When it was generated or imported.
    pub created_at: OffsetDateTime,
    /// The error that a client last reported of it, and when.
    pub report: Option<(String, OffsetDateTime)>,
}

/// A key pair to be stored.
#[derive(Debug)]
pub struct NewKey<'a> {
    /// Its id.
    pub id: KeyId,
    /// PKCS#8, sealed under the tenant's data key.
    pub sealed_private_key: &'a Sealed,
    /// The public key in PEM.
    pub public_key_pem: &'a str,
    /// SHA-256 of the public key, as `sha256:` and 64 hex digits.
    pub fingerprint: &'a str,
}

/// A tenant's key pairs, the newest first.
pub async fn list_keys(store: &Store, tenant: TenantId) -> Result<Vec<StoredKey>, StoreError> {
    let rows: Vec<KeyRow> = sqlx::query_as(
        "select * from key_pairs where tenant_id = $1 order by created_at desc, key_id desc",
    )
    .bind(tenant.0)
    .fetch_all(&mut *store.of(tenant).await?)
    .await?;
    Ok(rows.into_iter().map(StoredKey::from).collect())
}

/// Inserts an active key pair.
///
/// # Errors
/// [`StoreError::Taken`] if the tenant already has this key.
pub async fn insert_key(change: &mut Change, key: &NewKey<'_>) -> Result<StoredKey, StoreError> {
    let row: KeyRow = sqlx::query_as(
        "insert into key_pairs (tenant_id, key_id, sealed_private_key, public_key_pem, fingerprint) values ($1, $2, $3, $4, $5) returning *",
    )
    .bind(change.tenant.0)
    .bind(key.id.0)
    .bind(&key.sealed_private_key.0)
    .bind(key.public_key_pem)
    .bind(key.fingerprint)
    .fetch_one(&mut *change.transaction)
    .await
    .taken_on("key_pairs_tenant_id_fingerprint_key", "this key")?;
    Ok(row.into())
}

/// The tenant's key pair with this fingerprint, whatever its state.
pub async fn find_key_by_fingerprint(
    change: &mut Change,
    fingerprint: &str,
) -> Result<Option<StoredKey>, StoreError> {
    let row: Option<KeyRow> =
        sqlx::query_as("select * from key_pairs where tenant_id = $1 and fingerprint = $2")
            .bind(change.tenant.0)
            .bind(fingerprint)
            .fetch_optional(&mut *change.transaction)
            .await?;
    Ok(row.map(StoredKey::from))
}

/// How many of the tenant's keys still decrypt.
pub async fn count_working_keys(change: &mut Change) -> Result<i64, StoreError> {
    let query = sqlx::query_scalar(
        "select count(*) from key_pairs where tenant_id = $1 and (retires_at is null or retires_at > now())",
    );
    Ok(query.bind(change.tenant.0).fetch_one(&mut *change.transaction).await?)
}

/// Sets when every active key of the tenant retires.
pub async fn retire_active_keys(
    change: &mut Change,
    retires_at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query("update key_pairs set retires_at = $2 where tenant_id = $1 and retires_at is null")
        .bind(change.tenant.0)
        .bind(retires_at)
        .execute(&mut *change.transaction)
        .await?;
    Ok(())
}

/// Deletes a key pair. Returns whether it existed.
pub async fn delete_key(change: &mut Change, key: KeyId) -> Result<bool, StoreError> {
    let deleted = sqlx::query("delete from key_pairs where tenant_id = $1 and key_id = $2")
        .bind(change.tenant.0)
        .bind(key.0)
        .execute(&mut *change.transaction)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Records the error that a client reported of a tenant's active key, at most once a minute.
/// Returns whether it was recorded.
pub async fn report_key_error(
    store: &Store,
    tenant: TenantId,
    error: &str,
) -> Result<bool, StoreError> {
    let mut transaction = store.of(tenant).await?;
    let marked = sqlx::query(
        "update key_pairs set reported_error = $2, reported_at = now() where tenant_id = $1 and retires_at is null \
           and (reported_at is null or reported_at < now() - interval '1 minute')",
    )
    .bind(tenant.0)
    .bind(error)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(marked.rows_affected() > 0)
}

/// Removes what clients reported of a key if Meta has this key for every phone number of the
/// tenant.
pub async fn clear_key_report(
    store: &Store,
    tenant: TenantId,
    key: KeyId,
) -> Result<(), StoreError> {
    let mut transaction = store.of(tenant).await?;
    sqlx::query(
        "update key_pairs k set reported_error = null, reported_at = null where tenant_id = $1 and key_id = $2 \
           and not exists (select from phone_numbers p where p.tenant_id = $1 \
             and (p.status <> 'valid' or p.fingerprint is distinct from k.fingerprint))",
    )
    .bind(tenant.0)
    .bind(key.0)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

#[derive(FromRow)]
struct KeyRow {
    key_id: Uuid,
    sealed_private_key: Vec<u8>,
    public_key_pem: String,
    fingerprint: String,
    retires_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    reported_error: Option<String>,
    reported_at: Option<OffsetDateTime>,
}

impl From<KeyRow> for StoredKey {
    fn from(row: KeyRow) -> Self {
        Self {
            id: KeyId(row.key_id),
            sealed_private_key: Sealed(row.sealed_private_key),
            public_key_pem: row.public_key_pem,
            fingerprint: row.fingerprint,
            retires_at: row.retires_at,
            created_at: row.created_at,
            report: row.reported_error.zip(row.reported_at),
        }
    }
}
