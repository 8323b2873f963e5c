//! The table `flows`.

use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::connection::{Connection, Patience};
use super::flow_json::flow_json_digest_or_none_at_all;
use super::versions::delete_unused_components;
use super::{Change, Store, StoreError};
use flowhost_protocol::flow::Capabilities;
use flowhost_protocol::ids::{FlowId, FlowJsonDigest, PluginDigest, TenantId};

/// A flow as stored.
#[derive(Clone, Debug)]
pub struct StoredFlow {
    /// Its id.
    pub id: FlowId,
    /// Its name in URLs, unique for the tenant.
    pub name: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Its settings, as JSON.
    pub settings: Value,
    /// The active version; `None` if it has none yet.
    pub active: Option<ActiveVersion>,
    /// The versions that were active before, the oldest first.
    pub(crate) previous_versions: Vec<i32>,
    /// The digest of the Flow JSON that its replies are checked against, if it has one.
    pub flow_json: Option<FlowJsonDigest>,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
}

/// The version that answers requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveVersion {
    /// Its number in the flow: 1, 2, ..
    pub version: i32,
    /// The digest of its component.
    pub digest: PluginDigest,
    /// The capabilities that it asks for.
    pub requests: Capabilities,
}

/// A tenant's flows, by name.
pub async fn list_flows(store: &Store, tenant: TenantId) -> Result<Vec<StoredFlow>, StoreError> {
    let query = sqlx::query_as(concat!(select_flows!(), "where f.tenant_id = $1 order by f.name"))
        .bind(tenant.0);
    let rows: Vec<FlowRow> = query.fetch_all(&mut *store.of(tenant).await?).await?;
    rows.into_iter().map(StoredFlow::try_from).collect()
}

/// A tenant's flow with this name.
pub async fn find_flow(
    store: &Store,
    tenant: TenantId,
    name: &str,
) -> Result<Option<StoredFlow>, StoreError> {
    find(&mut *store.of(tenant).await?, tenant, name).await
}

/// The flow with this name of the tenant that is being changed, as read under the change's lock.
pub async fn find_changing_flow(
    change: &mut Change,
    name: &str,
) -> Result<Option<StoredFlow>, StoreError> {
    find(&mut change.transaction, change.tenant, name).await
}

async fn find(
    connection: &mut Connection,
    tenant: TenantId,
    name: &str,
) -> Result<Option<StoredFlow>, StoreError> {
    let query = sqlx::query_as(concat!(select_flows!(), "where f.tenant_id = $1 and f.name = $2"));
    let row: Option<FlowRow> = query.bind(tenant.0).bind(name).fetch_optional(connection).await?;
    row.map(StoredFlow::try_from).transpose()
}

/// Inserts a flow without a plugin. Returns false, and does nothing, if the tenant has a flow of
/// that name.
pub async fn insert_flow(
    change: &mut Change,
    id: FlowId,
    name: &str,
    settings: &Value,
    disabled: bool,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "insert into flows (tenant_id, flow_id, name, settings, disabled) values ($1, $2, $3, $4, $5) on conflict (tenant_id, name) do nothing",
    )
    .bind(change.tenant.0)
    .bind(id.0)
    .bind(name)
    .bind(settings)
    .bind(disabled)
    .execute(&mut *change.transaction)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Sets a flow's settings. Returns whether the flow exists.
pub async fn update_flow(
    change: &mut Change,
    flow: FlowId,
    settings: &Value,
    disabled: bool,
) -> Result<bool, StoreError> {
    let updated =
        sqlx::query("update flows set settings = $3, disabled = $4, updated_at = now() where tenant_id = $1 and flow_id = $2")
            .bind(change.tenant.0)
            .bind(flow.0)
            .bind(settings)
            .bind(disabled)
            .execute(&mut *change.transaction)
            .await?;
    Ok(updated.rows_affected() == 1)
}

/// Sets which version is active and which were before. If the version came with a Flow JSON, it is
/// the flow's from now on; otherwise the flow's is the version's from now on, so that a roll-back
/// finds it. Returns whether the flow exists.
pub async fn set_activation(
    change: &mut Change,
    flow: FlowId,
    active: i32,
    previous: &[i32],
) -> Result<bool, StoreError> {
    let updated = sqlx::query(
        "update flows set active_version = $3, previous_versions = $4, updated_at = now() where tenant_id = $1 and flow_id = $2",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(active)
    .bind(previous)
    .execute(&mut *change.transaction)
    .await?;
    sqlx::query(
        "insert into flow_json (tenant_id, flow_id, document, digest) \
         select tenant_id, flow_id, flow_json, flow_json_digest from plugin_versions \
         where tenant_id = $1 and flow_id = $2 and version = $3 and flow_json is not null \
         on conflict (tenant_id, flow_id) do update set document = excluded.document, digest = excluded.digest, updated_at = now()",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(active)
    .execute(&mut *change.transaction)
    .await?;
    sqlx::query(
        "update plugin_versions v set flow_json = j.document, flow_json_digest = j.digest from flow_json j \
         where v.tenant_id = $1 and v.flow_id = $2 and v.version = $3 and v.flow_json is null \
           and j.tenant_id = v.tenant_id and j.flow_id = v.flow_id",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(active)
    .execute(&mut *change.transaction)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Deletes a flow with its versions, its sessions and the components that no other flow uses.
/// Returns whether it existed. The digests of the requests that it answered stay: no other flow may
/// answer them.
pub async fn delete_flow(change: &mut Change, flow: FlowId) -> Result<bool, StoreError> {
    change.transaction.extend(Patience::DELETION).await?;
    // A turn that commits locks its session's row, and the flow's if the session is new. So this
    // waits for turns under way and deletes their exchanges below; later turns find nothing to
    // commit to.
    for held in [
        "select 1 from flows where tenant_id = $1 and flow_id = $2 for update",
        "select 1 from sessions where tenant_id = $1 and flow_id = $2 for update",
    ] {
        sqlx::query(held)
            .bind(change.tenant.0)
            .bind(flow.0)
            .execute(&mut *change.transaction)
            .await?;
    }
    sqlx::query("delete from exchanges where tenant_id = $1 and flow_id = $2")
        .bind(change.tenant.0)
        .bind(flow.0)
        .execute(&mut *change.transaction)
        .await?;
    let deleted = sqlx::query("delete from flows where tenant_id = $1 and flow_id = $2")
        .bind(change.tenant.0)
        .bind(flow.0)
        .execute(&mut *change.transaction)
        .await?;
    delete_unused_components(change).await?;
    Ok(deleted.rows_affected() == 1)
}

/// Flows with what they have from other tables; a `where` follows.
macro_rules! select_flows {
    () => {
        "select f.*, v.digest, v.requests, j.digest as flow_json_digest from flows f \
         left join plugin_versions v on v.tenant_id = f.tenant_id and v.flow_id = f.flow_id and v.version = f.active_version \
         left join flow_json j on j.tenant_id = f.tenant_id and j.flow_id = f.flow_id "
    };
}
use select_flows;

#[derive(FromRow)]
struct FlowRow {
    flow_id: Uuid,
    name: String,
    disabled: bool,
    settings: Value,
    active_version: Option<i32>,
    digest: Option<Vec<u8>>,
    requests: Option<Json<Capabilities>>,
    previous_versions: Vec<i32>,
    flow_json_digest: Option<Vec<u8>>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<FlowRow> for StoredFlow {
    type Error = StoreError;

    fn try_from(row: FlowRow) -> Result<Self, StoreError> {
        let active = match (row.active_version, row.digest, row.requests) {
            (Some(version), Some(digest), Some(Json(requests))) => {
                Some(ActiveVersion { version, digest: digest_of(&digest)?, requests })
            }
            _ => None,
        };
        Ok(Self {
            id: FlowId(row.flow_id),
            name: row.name,
            disabled: row.disabled,
            settings: row.settings,
            active,
            previous_versions: row.previous_versions,
            flow_json: row.flow_json_digest.as_deref().map(flow_json_digest_or_none_at_all),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

pub(super) fn digest_of(bytes: &[u8]) -> Result<PluginDigest, StoreError> {
    bytes.try_into().map(PluginDigest).map_err(|_| StoreError::Unreadable("digest"))
}
