//! The tables `plugin_versions` and `components`.

use sqlx::FromRow;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::connection::Patience;
use super::flows::digest_of;
use super::{Change, Store, StoreError};
use flowhost_protocol::flow::Capabilities;
use flowhost_protocol::ids::{FlowId, PluginDigest, TenantId};

/// A plugin version as stored.
#[derive(Clone, Debug)]
pub struct StoredVersion {
    /// Its number in the flow: 1, 2, ..
    pub version: i32,
    /// The digest of its component.
    pub digest: PluginDigest,
    /// The capabilities that it asks for.
    pub requests: Capabilities,
    /// Its component's size in bytes.
    pub size_bytes: i32,
    /// When it was uploaded.
    pub created_at: OffsetDateTime,
}

/// Stores a component, unless the tenant has the same bytes already, and makes it the next version
/// of the flow.
pub async fn insert_version(
    change: &mut Change,
    flow: FlowId,
    digest: PluginDigest,
    requests: &Capabilities,
    component: &[u8],
) -> Result<StoredVersion, StoreError> {
    sqlx::query("insert into components (tenant_id, digest, bytes) values ($1, $2, $3) on conflict (tenant_id, digest) do nothing")
        .bind(change.tenant.0)
        .bind(&digest.0[..])
        .bind(component)
        .execute(&mut *change.transaction)
        .await?;
    let size =
        i32::try_from(component.len()).map_err(|_| StoreError::Unreadable("component's size"))?;
    let row: VersionRow = sqlx::query_as(
        "insert into plugin_versions (tenant_id, flow_id, version, digest, size_bytes, requests) \
         select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5 from plugin_versions where tenant_id = $1 and flow_id = $2 \
         returning version, digest, requests, size_bytes, created_at",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(&digest.0[..])
    .bind(size)
    .bind(Json(requests))
    .fetch_one(&mut *change.transaction)
    .await?;
    row.try_into()
}

/// A flow's versions, the newest first.
pub async fn list_versions(
    store: &Store,
    tenant: TenantId,
    flow: FlowId,
) -> Result<Vec<StoredVersion>, StoreError> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "select version, digest, requests, size_bytes, created_at from plugin_versions where tenant_id = $1 and flow_id = $2 order by version desc",
    )
    .bind(tenant.0)
    .bind(flow.0)
    .fetch_all(&mut *store.of(tenant).await?)
    .await?;
    rows.into_iter().map(StoredVersion::try_from).collect()
}

/// One version of a flow.
pub async fn find_version(
    store: &Store,
    tenant: TenantId,
    flow: FlowId,
    version: i32,
) -> Result<Option<StoredVersion>, StoreError> {
    let row: Option<VersionRow> = sqlx::query_as(
        "select version, digest, requests, size_bytes, created_at from plugin_versions where tenant_id = $1 and flow_id = $2 and version = $3",
    )
    .bind(tenant.0)
    .bind(flow.0)
    .bind(version)
    .fetch_optional(&mut *store.of(tenant).await?)
    .await?;
    row.map(StoredVersion::try_from).transpose()
}

/// The component of every active version of all tenants, once each, with a tenant that has it.
pub async fn list_active_components(
    store: &Store,
) -> Result<Vec<(TenantId, PluginDigest)>, StoreError> {
    let rows: Vec<(Uuid, Vec<u8>)> =
        sqlx::query_as("select tenant_id, digest from active_components()")
            .fetch_all(&mut *store.begin(Patience::CHANGE, "").await?)
            .await?;
    rows.into_iter().map(|(tenant, digest)| Ok((TenantId(tenant), digest_of(&digest)?))).collect()
}

/// Whether a tenant has these bytes, in whichever flow.
pub async fn has_component(
    store: &Store,
    tenant: TenantId,
    digest: PluginDigest,
) -> Result<bool, StoreError> {
    let found: bool = sqlx::query_scalar(
        "select exists (select from components where tenant_id = $1 and digest = $2)",
    )
    .bind(tenant.0)
    .bind(&digest.0[..])
    .fetch_one(&mut *store.of(tenant).await?)
    .await?;
    Ok(found)
}

/// The bytes of a tenant's component.
pub async fn find_component(
    store: &Store,
    tenant: TenantId,
    digest: PluginDigest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let bytes =
        sqlx::query_scalar("select bytes from components where tenant_id = $1 and digest = $2")
            .bind(tenant.0)
            .bind(&digest.0[..])
            .fetch_optional(&mut *store.patiently_of(tenant).await?)
            .await?;
    Ok(bytes)
}

#[derive(FromRow)]
struct VersionRow {
    version: i32,
    digest: Vec<u8>,
    requests: Json<Capabilities>,
    size_bytes: i32,
    created_at: OffsetDateTime,
}

impl TryFrom<VersionRow> for StoredVersion {
    type Error = StoreError;

    fn try_from(row: VersionRow) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.version,
            digest: digest_of(&row.digest)?,
            requests: row.requests.0,
            size_bytes: row.size_bytes,
            created_at: row.created_at,
        })
    }
}
