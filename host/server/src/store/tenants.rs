//! The table `tenants`, read with each tenant's partner.

use std::collections::HashMap;

use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::connection::Patience;
use super::error::OnConstraint;
use super::{AuditRecord, Change, Reach, Store, StoreError, Subject};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{PartnerId, Slug, TenantId};

/// A tenant as stored.
#[derive(Clone, Debug)]
pub struct StoredTenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// The WhatsApp Business Account's id at Meta, if it was set.
    pub waba_id: Option<String>,
    /// The partner that it belongs to.
    pub partner_id: PartnerId,
    /// That partner's slug.
    pub partner: String,
    /// Whether that partner is switched off, with all its tenants.
    pub(crate) partner_disabled: bool,
    /// Whether the tenant itself is switched off.
    pub disabled: bool,
    /// How many requests a second each host answers for it; `None` means no limit.
    pub requests_per_second: Option<u32>,
    /// What it says about how long its data is kept.
    pub retention: Map<String, Value>,
    /// Its data key, sealed under the master key.
    pub sealed_data_key: Sealed,
    /// Increases with every change of the tenant.
    pub revision: i64,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

impl StoredTenant {
    /// The subject of its entries in the audit log.
    pub fn subject(&self) -> Subject {
        Subject {
            partner: Some((self.partner_id, self.partner.clone())),
            tenant: Some((self.id, self.slug.clone())),
        }
    }
}

/// A tenant to be created.
#[derive(Debug)]
pub struct NewTenant<'a> {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: &'a Slug,
    /// Its name for people.
    pub name: &'a str,
    /// The WhatsApp Business Account's id at Meta.
    pub waba_id: Option<&'a str>,
    /// The partner that it will belong to.
    pub partner: PartnerId,
    /// Its data key, sealed under the master key.
    pub sealed_data_key: &'a Sealed,
}

/// The fields of a tenant that an operator may change.
#[derive(Debug)]
pub struct TenantFields<'a> {
    /// Its name for people.
    pub name: &'a str,
    /// The WhatsApp Business Account's id at Meta.
    pub waba_id: Option<&'a str>,
    /// Whether it is switched off.
    pub disabled: bool,
    /// How many requests a second each host answers for it.
    pub requests_per_second: Option<u32>,
    /// What it says about how long its data is kept.
    pub retention: &'a Map<String, Value>,
}

/// Inserts a tenant, as the beginning of a change that continues with what belongs to it.
///
/// # Errors
/// [`StoreError::Taken`] if the slug is in use.
pub async fn insert_tenant(store: &Store, tenant: &NewTenant<'_>) -> Result<Change, StoreError> {
    let mut transaction = store.patiently_of(tenant.id).await?;
    sqlx::query(
        "insert into tenants (tenant_id, partner_id, slug, name, waba_id, sealed_data_key) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tenant.id.0)
    .bind(tenant.partner.0)
    .bind(tenant.slug.as_str())
    .bind(tenant.name)
    .bind(tenant.waba_id)
    .bind(&tenant.sealed_data_key.0)
    .execute(&mut *transaction)
    .await
    .taken_on("tenants_slug_key", "the slug")?;
    Ok(Change { transaction, tenant: tenant.id })
}

/// Every tenant within reach, by slug.
pub async fn list_tenants(store: &Store, reach: Reach) -> Result<Vec<StoredTenant>, StoreError> {
    let (partner, tenant) = reach.bounds();
    let query = sqlx::query_as(concat!(
        select_tenants!(),
        "where ($1::uuid is null or t.partner_id = $1) and ($2::uuid is null or t.tenant_id = $2) order by t.slug"
    ));
    let query = query.bind(partner).bind(tenant);
    let rows: Vec<TenantRow> =
        query.fetch_all(&mut *store.patiently_across_tenants().await?).await?;
    Ok(rows.into_iter().map(StoredTenant::from).collect())
}

/// The tenant with this slug.
pub async fn find_tenant(store: &Store, slug: &str) -> Result<Option<StoredTenant>, StoreError> {
    let query = sqlx::query_as(concat!(select_tenants!(), "where t.slug = $1")).bind(slug);
    let row: Option<TenantRow> = query.fetch_optional(&mut *store.across_tenants().await?).await?;
    Ok(row.map(StoredTenant::from))
}

/// The tenant with this id.
pub async fn find_tenant_by_id(
    store: &Store,
    tenant: TenantId,
) -> Result<Option<StoredTenant>, StoreError> {
    let query = sqlx::query_as(concat!(select_tenants!(), "where t.tenant_id = $1")).bind(tenant.0);
    let row: Option<TenantRow> = query.fetch_optional(&mut *store.of(tenant).await?).await?;
    Ok(row.map(StoredTenant::from))
}

/// The tenant that is being changed, read under the change's lock.
pub async fn find_changing_tenant(change: &mut Change) -> Result<Option<StoredTenant>, StoreError> {
    let query =
        sqlx::query_as(concat!(select_tenants!(), "where t.tenant_id = $1")).bind(change.tenant.0);
    let row: Option<TenantRow> = query.fetch_optional(&mut *change.transaction).await?;
    Ok(row.map(StoredTenant::from))
}

/// Sets a tenant's data key, sealed.
pub async fn set_sealed_data_key(change: &mut Change, sealed: &Sealed) -> Result<(), StoreError> {
    sqlx::query("update tenants set sealed_data_key = $2 where tenant_id = $1")
        .bind(change.tenant.0)
        .bind(&sealed.0)
        .execute(&mut *change.transaction)
        .await?;
    Ok(())
}

/// What changed of the tenants.
#[derive(Debug)]
pub struct ChangedTenants {
    /// The slug and the revision of each tenant that changed. A tenant whose revision differs from
    /// the host's has to be loaded again.
    pub tenants: HashMap<TenantId, (String, i64)>,
    /// Whether tenants were deleted. Only a look at all tenants shows which.
    pub any_deleted: bool,
    /// Where the next look begins.
    pub next: ChangePoint,
}

/// A point in the database's order of transactions, as text: every transaction before it is over.
#[derive(Clone, Debug)]
pub struct ChangePoint(String);

/// The tenants that changed since a look that gave `since`, or all. Costs the same however many
/// did not change.
///
/// What one statement sees and the point up to which it sees everything belong together, so it is
/// one statement. A transaction that is under way makes the next looks begin before it, and so find
/// again what they found; that is how its change is found once it commits.
///
/// A database that was restored into another cluster may have rows of transactions that are still
/// to come there. Each look finds these rows until the cluster's transactions are past them. It
/// misses nothing: a change is found by the transaction that makes it now.
pub async fn list_changed(
    store: &Store,
    since: Option<&ChangePoint>,
) -> Result<ChangedTenants, StoreError> {
    let query = sqlx::query(
        "select looked.*, t.tenant_id, t.slug, t.revision from ( \
           select pg_snapshot_xmin(pg_current_snapshot())::text as next, \
             exists (select from tenant_deletions where deleted_in >= $1::xid8) as any_deleted \
         ) looked left join tenants t on t.changed_in >= $1::xid8",
    )
    .bind(since.map_or(BEFORE_ALL, |point| &point.0));
    let rows = query.fetch_all(&mut *store.across_tenants().await?).await?;
    let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let (next, any_deleted) = (ChangePoint(first.try_get("next")?), first.try_get("any_deleted")?);
    let mut tenants = HashMap::new();
    for row in &rows {
        // Null in the one row that there is if none changed.
        if let Some(tenant) = row.try_get("tenant_id")? {
            tenants.insert(TenantId(tenant), (row.try_get("slug")?, row.try_get("revision")?));
        }
    }
    Ok(ChangedTenants { tenants, any_deleted, next })
}

/// Transactions are numbered from 3 on.
const BEFORE_ALL: &str = "0";

/// Sets the fields of a tenant that an operator may change.
pub async fn update_tenant(
    change: &mut Change,
    fields: &TenantFields<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "update tenants set name = $2, waba_id = $3, disabled = $4, requests_per_second = $5, retention = $6 where tenant_id = $1",
    )
        .bind(change.tenant.0)
        .bind(fields.name)
        .bind(fields.waba_id)
        .bind(fields.disabled)
        .bind(fields.requests_per_second.map(u32::cast_signed))
        .bind(Json(fields.retention))
        .execute(&mut *change.transaction)
        .await?;
    Ok(())
}

/// Destroys a tenant. Its data key goes first, in its own commit with the audit entry, so that
/// nothing of the tenant in this database can be decrypted from then on, even if the long deletion
/// of its rows is interrupted. This does not cover a backup that has the key too.
pub async fn delete_tenant(
    store: &Store,
    tenant: TenantId,
    record: &AuditRecord,
) -> Result<(), StoreError> {
    let Some(mut change) = store.begin_change(tenant).await? else { return Ok(()) };
    sqlx::query("update tenants set sealed_data_key = '', disabled = true where tenant_id = $1")
        .bind(tenant.0)
        .execute(&mut *change.transaction)
        .await?;
    change.commit(record).await?;
    let Some(mut change) = store.begin_change(tenant).await? else { return Ok(()) };
    change.transaction.extend(Patience::DELETION).await?;
    sqlx::query("delete from tenants where tenant_id = $1")
        .bind(tenant.0)
        .execute(&mut *change.transaction)
        .await?;
    // After its sessions: turns that were under way have ended, and no other can commit.
    sqlx::query("delete from exchanges where tenant_id = $1")
        .bind(tenant.0)
        .execute(&mut *change.transaction)
        .await?;
    change.commit_recorded().await
}

/// Selects tenants with what they inherit from their partner. A `where` or an `order by` follows.
macro_rules! select_tenants {
    () => {
        "select t.*, p.slug as partner, p.disabled as partner_disabled from tenants t join partners p on p.partner_id = t.partner_id "
    };
}
pub(super) use select_tenants;

/// A row that [`select_tenants`] selects.
#[derive(FromRow)]
pub(super) struct TenantRow {
    tenant_id: Uuid,
    slug: String,
    name: String,
    waba_id: Option<String>,
    partner_id: Uuid,
    partner: String,
    partner_disabled: bool,
    disabled: bool,
    requests_per_second: Option<i32>,
    retention: Json<Map<String, Value>>,
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
            partner_id: PartnerId(row.partner_id),
            partner: row.partner,
            partner_disabled: row.partner_disabled,
            disabled: row.disabled,
            requests_per_second: row.requests_per_second.map(i32::cast_unsigned),
            retention: row.retention.0,
            sealed_data_key: Sealed(row.sealed_data_key),
            revision: row.revision,
            created_at: row.created_at,
        }
    }
}
