//! The table `flow_json`.

use sqlx::FromRow;

use super::{Change, Store, StoreError};
use flowhost_protocol::ids::{FlowId, FlowJsonDigest, TenantId};

/// A Flow JSON as stored.
#[derive(Clone, Debug)]
pub struct StoredFlowJson {
    /// The document as it was uploaded.
    pub document: Vec<u8>,
    /// The document's digest.
    pub digest: FlowJsonDigest,
}

/// The Flow JSON of a flow, if it has one.
pub async fn find_flow_json(
    store: &Store,
    tenant: TenantId,
    flow: FlowId,
) -> Result<Option<StoredFlowJson>, StoreError> {
    let row: Option<FlowJsonRow> = sqlx::query_as(
        "select document, digest from flow_json where tenant_id = $1 and flow_id = $2",
    )
    .bind(tenant.0)
    .bind(flow.0)
    .fetch_optional(&mut *store.of(tenant).await?)
    .await?;
    row.map(|row| {
        Ok(StoredFlowJson { digest: flow_json_digest(&row.digest)?, document: row.document })
    })
    .transpose()
}

/// The size in bytes of a flow's Flow JSON, if it has one.
pub async fn flow_json_size(
    store: &Store,
    tenant: TenantId,
    flow: FlowId,
) -> Result<Option<usize>, StoreError> {
    let size: Option<i32> = sqlx::query_scalar(
        "select octet_length(document) from flow_json where tenant_id = $1 and flow_id = $2",
    )
    .bind(tenant.0)
    .bind(flow.0)
    .fetch_optional(&mut *store.of(tenant).await?)
    .await?;
    Ok(size.map(|size| size.unsigned_abs() as usize))
}

/// Sets the Flow JSON of a flow, replacing an existing one.
pub async fn put_flow_json(
    change: &mut Change,
    flow: FlowId,
    flow_json: &StoredFlowJson,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into flow_json (tenant_id, flow_id, document, digest) values ($1, $2, $3, $4) \
         on conflict (tenant_id, flow_id) do update set document = excluded.document, digest = excluded.digest, updated_at = now()",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .bind(&flow_json.document)
    .bind(&flow_json.digest.0[..])
    .execute(&mut *change.transaction)
    .await?;
    Ok(())
}

/// Deletes the Flow JSON of a flow. Returns its digest, or `None` if there was none.
pub async fn delete_flow_json(
    change: &mut Change,
    flow: FlowId,
) -> Result<Option<FlowJsonDigest>, StoreError> {
    let deleted: Option<Vec<u8>> = sqlx::query_scalar(
        "delete from flow_json where tenant_id = $1 and flow_id = $2 returning digest",
    )
    .bind(change.tenant.0)
    .bind(flow.0)
    .fetch_optional(&mut *change.transaction)
    .await?;
    Ok(deleted.as_deref().map(flow_json_digest_or_none_at_all))
}

fn flow_json_digest(bytes: &[u8]) -> Result<FlowJsonDigest, StoreError> {
    bytes.try_into().map(FlowJsonDigest).map_err(|_| StoreError::Unreadable("digest"))
}

/// Like [`flow_json_digest`], for a list of flows: an invalid digest becomes one that no document
/// has, so that it does not hide the other flows. Reading the document itself reports the error.
pub(super) fn flow_json_digest_or_none_at_all(bytes: &[u8]) -> FlowJsonDigest {
    flow_json_digest(bytes).unwrap_or(FlowJsonDigest([0; 32]))
}

#[derive(FromRow)]
struct FlowJsonRow {
    document: Vec<u8>,
    digest: Vec<u8>,
}
