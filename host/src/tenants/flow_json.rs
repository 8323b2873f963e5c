//! What a flow's replies are checked against, read once for each change.

use std::sync::Arc;

use super::TenantError;
use crate::flow_json::{FlowJson, ReplyRules};
use crate::ids::{FlowJsonDigest, TenantId};
use crate::store::{self, Store, StoredFlow};
use crate::telemetry;

/// The rules of one Flow JSON; the document stays in the database.
#[derive(Debug)]
pub struct ServedFlowJson {
    /// Which document it is.
    pub digest: FlowJsonDigest,
    /// What it says of replies.
    pub rules: ReplyRules,
}

/// The rules of a flow that has a Flow JSON: those that were served before, if the document is the same.
///
/// A stored document that this release refuses can only be one that another release took. It must not take the tenant off the network:
/// the flow is served without the check, and the log says so.
pub(super) async fn load_flow_json(
    store: &Store,
    tenant: TenantId,
    flow: &StoredFlow,
    known: Option<&Arc<ServedFlowJson>>,
) -> Result<Option<Arc<ServedFlowJson>>, TenantError> {
    let Some(digest) = flow.flow_json else { return Ok(None) };
    if let Some(known) = known.filter(|known| known.digest == digest) {
        return Ok(Some(known.clone()));
    }
    let Some(stored) = store::find_flow_json(store, tenant, flow.id).await? else { return Ok(None) };
    // Ten megabytes take tens of milliseconds.
    let parsed = tokio::task::spawn_blocking(move || FlowJson::parse(&stored.document).map(FlowJson::into_rules)).await;
    let reason = match parsed {
        Ok(Ok(rules)) => return Ok(Some(Arc::new(ServedFlowJson { digest: stored.digest, rules }))),
        Ok(Err(findings)) => findings.on_one_line(),
        Err(error) => telemetry::chain(&error),
    };
    tracing::error!(tenant.id = %tenant, flow = flow.name, reason, "a stored Flow JSON can't be read: replies are not checked; upload it again");
    Ok(None)
}
