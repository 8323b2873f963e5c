//! Changes of a tenant: one at a time, each complete only when this host serves it.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use super::desk::{Admin, FlowDesk, TenantDesk, no_flow, no_tenant};
use super::{AdminError, Caller};
use crate::store::{self, AuditRecord, Change, StoredFlow};
use flowhost_runtime::budget::Claim;

impl Admin {
    /// Waits for the claim that a tenant's own token needs to write.
    pub(super) async fn claim_change(&self, caller: &Caller) -> Result<Option<Claim>, AdminError> {
        Ok(match caller.scope.tenant() {
            Some(own) => Some(self.changes.take(own, 1).await.ok_or_else(too_many_changes)?),
            None => None,
        })
    }
}

impl TenantDesk {
    /// Begins a change. A change made with a tenant's own token first waits for a claim on the
    /// budget that tenants share. Changes of one tenant wait for each other, so without the budget
    /// a tenant that sends many would hold every database connection. A change by a partner or an
    /// operator needs no claim, because it may be a kill switch.
    pub(super) async fn begin_change(&self) -> Result<ClaimedChange, AdminError> {
        let claim = self.admin().claim_change(self.caller()).await?;
        let change = self.store().begin_change(self.tenant().id).await?.ok_or_else(no_tenant)?;
        Ok(ClaimedChange { change, claim })
    }

    /// Commits a change with its audit entry, then makes this host serve it.
    pub(super) async fn finish(
        &self,
        change: ClaimedChange,
        record: AuditRecord,
    ) -> Result<(), AdminError> {
        let ClaimedChange { change, claim } = change;
        change.commit(&record).await?;
        drop(claim);
        Ok(self.admin().directory.refresh(self.tenant().id).await?)
    }
}

impl FlowDesk {
    /// Begins a change of the flow. Returns the flow as read under the change's lock, so that
    /// changes committed in between count and the audit log shows what was replaced.
    pub(super) async fn begin_flow_change(
        &self,
    ) -> Result<(ClaimedChange, StoredFlow), AdminError> {
        let mut change = self.begin_change().await?;
        let found = store::find_changing_flow(&mut change, &self.flow().name).await?;
        // A new flow of the same name is not the one that the caller asked for.
        let flow = found.filter(|flow| flow.id == self.flow().id).ok_or_else(no_flow)?;
        Ok((change, flow))
    }
}

/// A change under way, with its claim on the budget of changes if a tenant's token makes it.
pub(super) struct ClaimedChange {
    change: Change,
    claim: Option<Claim>,
}

impl Deref for ClaimedChange {
    type Target = Change;

    fn deref(&self) -> &Change {
        &self.change
    }
}

impl DerefMut for ClaimedChange {
    fn deref_mut(&mut self) -> &mut Change {
        &mut self.change
    }
}

/// A view as JSON, for the audit log.
pub(super) fn shown(view: &impl serde::Serialize) -> Option<Value> {
    Some(
        serde_json::to_value(view)
            .unwrap_or_else(|error| json!({ "unreadable": error.to_string() })),
    )
}

fn too_many_changes() -> AdminError {
    AdminError::Busy(
        "as many changes of this tenant wait as may; try again when some are through".to_owned(),
    )
}

/// How many changes of one tenant may wait at a host: more than any deployment makes at once.
pub const MAX_WAITING_CHANGES: usize = 64;
