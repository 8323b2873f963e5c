//! The tables `plugin_versions` and `components`.

use sqlx::FromRow;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::connection::{Connection, Patience};
use super::flow_json::{StoredFlowJson, flow_json_digest_or_none_at_all};
use super::flows::digest_of;
use super::{Change, Store, StoreError};
use flowhost_protocol::flow::Capabilities;
use flowhost_protocol::ids::{FlowId, FlowJsonDigest, PluginDigest, TenantId};

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
    /// The digest of the Flow JSON that it was written for, if it came with one.
    pub flow_json: Option<FlowJsonDigest>,
    /// What its author noted.
    pub note: Option<String>,
}

/// Stores a component, unless the tenant has the same bytes already, and makes it the next version
/// of the flow. Its number was never another version's, not even a deleted one's.
pub async fn insert_version(
    change: &mut Change,
    flow: FlowId,
    digest: PluginDigest,
    requests: &Capabilities,
    component: &[u8],
    note: Option<&str>,
) -> Result<StoredVersion, StoreError> {
    sqlx::query("insert into components (tenant_id, digest, bytes) values ($1, $2, $3) on conflict (tenant_id, digest) do nothing")
        .bind(change.tenant.0)
        .bind(&digest.0[..])
        .bind(component)
        .execute(&mut *change.transaction)
        .await?;
    let size =
        i32::try_from(component.len()).map_err(|_| StoreError::Unreadable("component's size"))?;
    let row: VersionRow = sqlx::query_as(concat!(
        "insert into plugin_versions (tenant_id, flow_id, version, digest, size_bytes, requests, note) \
         select $1, $2, greatest(max(v.version), max(f.last_deleted_version)) + 1, $3, $4, $5, $6 \
         from flows f left join plugin_versions v on v.tenant_id = f.tenant_id and v.flow_id = f.flow_id \
         where f.tenant_id = $1 and f.flow_id = $2 returning ",
        columns!()
    ))
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(&digest.0[..])
    .bind(size)
    .bind(Json(requests))
    .bind(note)
    .fetch_one(&mut *change.transaction)
    .await?;
    row.try_into()
}

/// A flow's versions, the newest first: those before this one, and at most so many.
pub async fn list_versions(
    store: &Store,
    tenant: TenantId,
    flow: FlowId,
    before: Option<i32>,
    most: Option<i64>,
) -> Result<Vec<StoredVersion>, StoreError> {
    let rows: Vec<VersionRow> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from plugin_versions where tenant_id = $1 and flow_id = $2 and ($3::int is null or version < $3) \
         order by version desc limit $4"
    ))
    .bind(tenant.0)
    .bind(flow.0)
    .bind(before)
    .bind(most)
    .fetch_all(&mut *store.of(tenant).await?)
    .await?;
    rows.into_iter().map(StoredVersion::try_from).collect()
}

/// The newest version of a flow that is being changed.
pub async fn find_newest_version(
    change: &mut Change,
    flow: FlowId,
) -> Result<Option<StoredVersion>, StoreError> {
    let row: Option<VersionRow> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from plugin_versions where tenant_id = $1 and flow_id = $2 order by version desc limit 1"
    ))
    .bind(change.tenant.0)
    .bind(flow.0)
    .fetch_optional(&mut *change.transaction)
    .await?;
    row.map(StoredVersion::try_from).transpose()
}

/// One version of a flow.
pub async fn find_version(
    store: &Store,
    tenant: TenantId,
    flow: FlowId,
    version: i32,
) -> Result<Option<StoredVersion>, StoreError> {
    find(&mut *store.of(tenant).await?, tenant, flow, version).await
}

/// One version of a flow that is being changed, as read under the change's lock.
pub async fn find_changing_version(
    change: &mut Change,
    flow: FlowId,
    version: i32,
) -> Result<Option<StoredVersion>, StoreError> {
    find(&mut change.transaction, change.tenant, flow, version).await
}

async fn find(
    connection: &mut Connection,
    tenant: TenantId,
    flow: FlowId,
    version: i32,
) -> Result<Option<StoredVersion>, StoreError> {
    let row: Option<VersionRow> = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from plugin_versions where tenant_id = $1 and flow_id = $2 and version = $3"
    ))
    .bind(tenant.0)
    .bind(flow.0)
    .bind(version)
    .fetch_optional(connection)
    .await?;
    row.map(StoredVersion::try_from).transpose()
}

/// Sets what the author noted of one version.
pub async fn set_version_note(
    change: &mut Change,
    flow: FlowId,
    version: i32,
    note: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "update plugin_versions set note = $4 where tenant_id = $1 and flow_id = $2 and version = $3",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(version)
    .bind(note)
    .execute(&mut *change.transaction)
    .await?;
    Ok(())
}

/// Sets or, with `None`, deletes the Flow JSON of one version. Returns whether there is such a
/// version.
pub async fn put_version_flow_json(
    change: &mut Change,
    flow: FlowId,
    version: i32,
    flow_json: Option<&StoredFlowJson>,
) -> Result<bool, StoreError> {
    let updated = sqlx::query(
        "update plugin_versions set flow_json = $4, flow_json_digest = $5 where tenant_id = $1 and flow_id = $2 and version = $3",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(version)
    .bind(flow_json.map(|stored| &stored.document))
    .bind(flow_json.map(|stored| &stored.digest.0[..]))
    .execute(&mut *change.transaction)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// The Flow JSON of one version, if it has one.
pub async fn find_version_flow_json(
    store: &Store,
    tenant: TenantId,
    flow: FlowId,
    version: i32,
) -> Result<Option<Vec<u8>>, StoreError> {
    let document = sqlx::query_scalar(
        "select flow_json from plugin_versions where tenant_id = $1 and flow_id = $2 and version = $3",
    )
    .bind(tenant.0)
    .bind(flow.0)
    .bind(version)
    .fetch_optional(&mut *store.of(tenant).await?)
    .await?;
    Ok(document.flatten())
}

/// Deletes a version that is not active, with its component if no other version uses it. `previous`
/// are the versions that were active before, without this one. Returns whether there was one.
pub async fn delete_version(
    change: &mut Change,
    flow: FlowId,
    version: i32,
    previous: &[i32],
) -> Result<bool, StoreError> {
    let deleted = sqlx::query(
        "delete from plugin_versions where tenant_id = $1 and flow_id = $2 and version = $3",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(version)
    .execute(&mut *change.transaction)
    .await?;
    if deleted.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "update flows set previous_versions = $4, last_deleted_version = greatest(last_deleted_version, $3) \
         where tenant_id = $1 and flow_id = $2",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(version)
    .bind(previous)
    .execute(&mut *change.transaction)
    .await?;
    delete_unused_components(change).await?;
    Ok(true)
}

/// Deletes the tenant's components that no version uses.
pub(super) async fn delete_unused_components(change: &mut Change) -> Result<(), StoreError> {
    sqlx::query(
        "delete from components c where c.tenant_id = $1 and not exists \
         (select from plugin_versions v where v.tenant_id = c.tenant_id and v.digest = c.digest)",
    )
    .bind(change.tenant.0)
    .execute(&mut *change.transaction)
    .await?;
    Ok(())
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

/// What is read of a version: all but its documents.
macro_rules! columns {
    () => {
        "version, digest, requests, size_bytes, created_at, flow_json_digest, note"
    };
}
use columns;

#[derive(FromRow)]
struct VersionRow {
    version: i32,
    digest: Vec<u8>,
    requests: Json<Capabilities>,
    size_bytes: i32,
    created_at: OffsetDateTime,
    flow_json_digest: Option<Vec<u8>>,
    note: Option<String>,
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
            flow_json: row.flow_json_digest.as_deref().map(flow_json_digest_or_none_at_all),
            note: row.note,
        })
    }
}
