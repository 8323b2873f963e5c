//! The tables `partners` and `tenants`.

use sqlx::{FromRow, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::OnConstraint;
use super::{Change, Store, StoreError};
use crate::crypto::Sealed;
use crate::ids::{Slug, TenantId};

/// A tenant as stored.
#[derive(Clone, Debug)]
pub struct StoredTenant {
    /// Its identity.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// The WhatsApp Business Account's id at Meta.
    pub waba_id: Option<String>,
    /// The slug of the partner that it belongs to.
    pub partner: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Its data key, sealed under the master key.
    pub sealed_data_key: Sealed,
    /// Goes up with every change of the tenant.
    pub revision: i64,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// A tenant to be made.
#[derive(Debug)]
pub struct NewTenant<'a> {
    /// Its identity.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: &'a Slug,
    /// Its name for people.
    pub name: &'a str,
    /// The WhatsApp Business Account's id at Meta.
    pub waba_id: Option<&'a str>,
    /// The slug of the partner that it is to belong to.
    pub partner: &'a str,
    /// Its data key, sealed under the master key.
    pub sealed_data_key: &'a Sealed,
}

/// Inserts a tenant, as the beginning of a change that goes on with what belongs to it; none if there is no such partner.
/// [`StoreError::Taken`] if the slug is in use.
pub async fn insert_tenant(store: &Store, tenant: &NewTenant<'_>) -> Result<Option<Change>, StoreError> {
    let mut transaction = store.pool.begin().await?;
    let inserted = sqlx::query(
        "insert into tenants (tenant_id, partner_id, slug, name, waba_id, sealed_data_key) \
         select $1, partner_id, $3, $4, $5, $6 from partners where slug = $2",
    )
    .bind(tenant.id.0)
    .bind(tenant.partner)
    .bind(tenant.slug.as_str())
    .bind(tenant.name)
    .bind(tenant.waba_id)
    .bind(&tenant.sealed_data_key.0)
    .execute(&mut *transaction)
    .await
    .taken_on("tenants_slug_key", "the slug")?;
    Ok((inserted.rows_affected() == 1).then_some(Change { transaction, tenant: tenant.id }))
}

/// Every tenant, by slug.
pub async fn list_tenants(store: &Store) -> Result<Vec<StoredTenant>, StoreError> {
    let rows: Vec<TenantRow> = sqlx::query_as(
        "select t.*, p.slug as partner from tenants t join partners p on p.partner_id = t.partner_id order by t.slug",
    )
    .fetch_all(&store.pool)
    .await?;
    Ok(rows.into_iter().map(StoredTenant::from).collect())
}

/// The tenant of that slug.
pub async fn find_tenant(store: &Store, slug: &str) -> Result<Option<StoredTenant>, StoreError> {
    let row: Option<TenantRow> = sqlx::query_as(
        "select t.*, p.slug as partner from tenants t join partners p on p.partner_id = t.partner_id where t.slug = $1",
    )
    .bind(slug)
    .fetch_optional(&store.pool)
    .await?;
    Ok(row.map(StoredTenant::from))
}

/// The tenant of that identity.
pub async fn find_tenant_by_id(store: &Store, tenant: TenantId) -> Result<Option<StoredTenant>, StoreError> {
    let row: Option<TenantRow> = sqlx::query_as(
        "select t.*, p.slug as partner from tenants t join partners p on p.partner_id = t.partner_id where t.tenant_id = $1",
    )
    .bind(tenant.0)
    .fetch_optional(&store.pool)
    .await?;
    Ok(row.map(StoredTenant::from))
}

/// The revision of every tenant: what differs from what a host has must be loaded again.
pub async fn list_revisions(store: &Store) -> Result<Vec<(TenantId, i64)>, StoreError> {
    let rows = sqlx::query("select tenant_id, revision from tenants").fetch_all(&store.pool).await?;
    rows.iter().map(|row| Ok((TenantId(row.try_get("tenant_id")?), row.try_get("revision")?))).collect()
}

/// Sets what may be changed of a tenant.
pub async fn update_tenant(change: &mut Change, name: &str, waba_id: Option<&str>, disabled: bool) -> Result<(), StoreError> {
    sqlx::query("update tenants set name = $2, waba_id = $3, disabled = $4 where tenant_id = $1")
        .bind(change.tenant.0)
        .bind(name)
        .bind(waba_id)
        .bind(disabled)
        .execute(&mut *change.transaction)
        .await?;
    Ok(())
}

/// Destroys a tenant: its data key first, in a commit of its own, so that nothing of it can be opened from then on, also where the
/// long deletion of its rows is cut off or a backup of them is kept.
pub async fn destroy_tenant(store: &Store, tenant: TenantId) -> Result<(), StoreError> {
    let mut change = match store.begin_change(tenant).await? {
        Some(change) => change,
        None => return Ok(()),
    };
    sqlx::query("update tenants set sealed_data_key = '', disabled = true where tenant_id = $1")
        .bind(tenant.0)
        .execute(&mut *change.transaction)
        .await?;
    change.commit().await?;
    let Some(mut change) = store.begin_change(tenant).await? else { return Ok(()) };
    sqlx::query("delete from tenants where tenant_id = $1").bind(tenant.0).execute(&mut *change.transaction).await?;
    change.commit().await
}

#[derive(FromRow)]
struct TenantRow {
    tenant_id: Uuid,
    slug: String,
    name: String,
    waba_id: Option<String>,
    partner: String,
    disabled: bool,
    sealed_data_key: Vec<u8>,
    revision: i64,
    created_at: OffsetDateTime,
}

impl From<TenantRow> for StoredTenant {
    fn from(row: TenantRow) -> Self {
        Self {
            id: TenantId(row.tenant_id),
            slug: row.slug,
            name: row.name,
            waba_id: row.waba_id,
            partner: row.partner,
            disabled: row.disabled,
            sealed_data_key: Sealed(row.sealed_data_key),
            revision: row.revision,
            created_at: row.created_at,
        }
    }
}
