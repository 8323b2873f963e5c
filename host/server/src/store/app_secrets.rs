//! The table `app_secrets`.

use sqlx::Row;
use time::OffsetDateTime;

use super::{Change, Store, StoreError};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{AppSecretId, TenantId};

/// An app secret as stored.
#[derive(Clone, Debug)]
pub struct StoredAppSecret {
    /// Its id.
    pub id: AppSecretId,
    /// The secret, sealed under the tenant's data key.
    pub sealed_secret: Sealed,
    /// `None` for the current secret. A previous secret is valid until then.
    pub valid_until: Option<OffsetDateTime>,
}

/// A tenant's app secrets, the newest first.
pub async fn list_app_secrets(
    store: &Store,
    tenant: TenantId,
) -> Result<Vec<StoredAppSecret>, StoreError> {
    let rows = sqlx::query(
        "select app_secret_id, sealed_secret, valid_until from app_secrets where tenant_id = $1 order by created_at desc, app_secret_id desc",
    )
    .bind(tenant.0)
    .fetch_all(&mut *store.of(tenant).await?)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(StoredAppSecret {
                id: AppSecretId(row.try_get("app_secret_id")?),
                sealed_secret: Sealed(row.try_get("sealed_secret")?),
                valid_until: row.try_get("valid_until")?,
            })
        })
        .collect()
}

/// Makes a secret the current one. The one before stays valid until `previous_until`; older ones
/// end now.
pub async fn put_app_secret(
    change: &mut Change,
    id: AppSecretId,
    sealed: &Sealed,
    previous_until: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query(
        "delete from app_secrets where tenant_id = $1 and (valid_until is not null or $2 <= now())",
    )
    .bind(change.tenant.0)
    .bind(previous_until)
    .execute(&mut *change.transaction)
    .await?;
    sqlx::query("update app_secrets set valid_until = $2 where tenant_id = $1")
        .bind(change.tenant.0)
        .bind(previous_until)
        .execute(&mut *change.transaction)
        .await?;
    sqlx::query(
        "insert into app_secrets (tenant_id, app_secret_id, sealed_secret) values ($1, $2, $3)",
    )
    .bind(change.tenant.0)
    .bind(id.0)
    .bind(&sealed.0)
    .execute(&mut *change.transaction)
    .await?;
    Ok(())
}
