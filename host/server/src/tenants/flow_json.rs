//! Loads the Flow JSON that a flow's replies are checked against, once for each change.

use std::sync::Arc;

use super::TenantError;
use crate::store::{self, Store, StoreError, StoredFlow};
use flowhost_exchange::endpoint::{LoadedFlowJson, ServedFlowJson};
use flowhost_flow_json::{MAX_BYTES, ReplyRules};
use flowhost_protocol::ids::TenantId;
use flowhost_runtime::telemetry;

/// A flow's Flow JSON. If the document is unchanged, the one that was served before is used again.
///
/// Only the rules for replies are read from a stored document, so a document that another release
/// accepted is still served, whatever the checks of this release say. A document that can't be read
/// at all affects only its own flow.
pub(super) async fn load_flow_json(
    store: &Store,
    tenant: TenantId,
    flow: &StoredFlow,
    known: Option<&LoadedFlowJson>,
) -> Result<LoadedFlowJson, TenantError> {
    let Some(digest) = flow.flow_json else { return Ok(LoadedFlowJson::Absent) };
    if let Some(LoadedFlowJson::Rules(known)) = known
        && known.digest == digest
    {
        return Ok(LoadedFlowJson::Rules(known.clone()));
    }
    let reason = match read_stored(store, tenant, flow).await? {
        Ok(loaded) => return Ok(loaded),
        Err(reason) => reason,
    };
    tracing::error!(
        tenant.id = %tenant, flow = flow.name, reason,
        "a stored Flow JSON can't be read: its flow is not served; upload it again"
    );
    Ok(LoadedFlowJson::Unreadable)
}

/// Reads a stored document, or says why it can't be read.
async fn read_stored(
    store: &Store,
    tenant: TenantId,
    flow: &StoredFlow,
) -> Result<Result<LoadedFlowJson, String>, TenantError> {
    // Checked before the document is fetched: one past the limit of uploads may be too large for
    // the memory.
    match store::flow_json_size(store, tenant, flow.id).await? {
        None => return Ok(Ok(LoadedFlowJson::Absent)),
        Some(size) if size > MAX_BYTES => {
            return Ok(Err(format!("it has {size} bytes; the most is {MAX_BYTES}")));
        }
        Some(_) => (),
    }
    let stored = match store::find_flow_json(store, tenant, flow.id).await {
        Ok(Some(stored)) => stored,
        Ok(None) => return Ok(Ok(LoadedFlowJson::Absent)),
        Err(error @ StoreError::Unreadable(_)) => return Ok(Err(telemetry::chain(&error))),
        Err(error) => return Err(error.into()),
    };
    // Parsing ten megabytes takes tens of milliseconds.
    let parsed = tokio::task::spawn_blocking(move || ReplyRules::parse(&stored.document)).await;
    Ok(match parsed {
        Ok(Ok(rules)) => {
            Ok(LoadedFlowJson::Rules(Arc::new(ServedFlowJson { digest: stored.digest, rules })))
        }
        Ok(Err(findings)) => Err(findings.on_one_line()),
        Err(error) => Err(telemetry::chain(&error)),
    })
}
