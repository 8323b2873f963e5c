//! The table `partners`.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::OnConstraint;
use super::{AccessChange, Store, StoreError};
use flowhost_protocol::ids::{PartnerId, Slug};

/// A Solution Partner as stored.
#[derive(Clone, Debug)]
pub struct StoredPartner {
    /// Its id.
    pub id: PartnerId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether all its tenants are switched off.
    pub disabled: bool,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// Inserts a partner.
///
/// # Errors
/// [`StoreError::Taken`] if the slug is in use.
pub async fn insert_partner(
    change: &mut AccessChange,
    id: PartnerId,
    slug: &Slug,
    name: &str,
) -> Result<(), StoreError> {
    sqlx::query("insert into partners (partner_id, slug, name) values ($1, $2, $3)")
        .bind(id.0)
        .bind(slug.as_str())
        .bind(name)
        .execute(&mut *change.transaction)
        .await
        .taken_on("partners_slug_key", "the slug")?;
    Ok(())
}

/// Every partner, by slug.
pub async fn list_partners(store: &Store) -> Result<Vec<StoredPartner>, StoreError> {
    let rows: Vec<PartnerRow> = sqlx::query_as("select * from partners order by slug")
        .fetch_all(&mut *store.above_tenants().await?)
        .await?;
    Ok(rows.into_iter().map(StoredPartner::from).collect())
}

/// The partner with this slug.
pub async fn find_partner(store: &Store, slug: &str) -> Result<Option<StoredPartner>, StoreError> {
    let row: Option<PartnerRow> = sqlx::query_as("select * from partners where slug = $1")
        .bind(slug)
        .fetch_optional(&mut *store.above_tenants().await?)
        .await?;
    Ok(row.map(StoredPartner::from))
}

/// The partner with this id.
pub async fn find_partner_by_id(
    store: &Store,
    partner: PartnerId,
) -> Result<Option<StoredPartner>, StoreError> {
    let row: Option<PartnerRow> = sqlx::query_as("select * from partners where partner_id = $1")
        .bind(partner.0)
        .fetch_optional(&mut *store.above_tenants().await?)
        .await?;
    Ok(row.map(StoredPartner::from))
}

/// Sets the given fields of a partner, in the transaction that reads it, so that no concurrent
/// change is lost. Its tenants count as changed too, since the partner decides whether they are
/// served. Returns `None` if there is no such partner.
pub async fn update_partner(
    change: &mut AccessChange,
    partner: PartnerId,
    name: Option<&str>,
    disabled: Option<bool>,
) -> Result<Option<StoredPartner>, StoreError> {
    let row: Option<PartnerRow> = sqlx::query_as(
        "update partners set name = coalesce($2, name), disabled = coalesce($3, disabled) where partner_id = $1 returning *",
    )
    .bind(partner.0)
    .bind(name)
    .bind(disabled)
    .fetch_optional(&mut *change.transaction)
    .await?;
    sqlx::query("update tenants set revision = revision + 1 where partner_id = $1")
        .bind(partner.0)
        .execute(&mut *change.transaction)
        .await?;
    Ok(row.map(StoredPartner::from))
}

/// Deletes a partner with its tokens.
///
/// # Errors
/// [`StoreError::InUse`] if it has tenants.
pub async fn delete_partner(
    change: &mut AccessChange,
    partner: PartnerId,
) -> Result<(), StoreError> {
    sqlx::query("delete from partners where partner_id = $1")
        .bind(partner.0)
        .execute(&mut *change.transaction)
        .await
        .in_use_on("tenants_partner_id_fkey", "the partner has tenants")?;
    Ok(())
}

#[derive(FromRow)]
struct PartnerRow {
    partner_id: Uuid,
    slug: String,
    name: String,
    disabled: bool,
    created_at: OffsetDateTime,
}

impl From<PartnerRow> for StoredPartner {
    fn from(row: PartnerRow) -> Self {
        Self {
            id: PartnerId(row.partner_id),
            slug: row.slug,
            name: row.name,
            disabled: row.disabled,
            created_at: row.created_at,
        }
    }
}
