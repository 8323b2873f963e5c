//! Changes of a tenant under way: one after another, each complete only when it is served.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use super::AdminError;
use super::desk::{FlowDesk, TenantDesk, no_flow, no_tenant};
use crate::store::{self, AuditRecord, Change, StoredFlow};
use flowhost_runtime::budget::Claim;

impl TenantDesk {
    /// Begins a change. Those of one tenant wait for each other, so a tenant's own get at the
    /// database by turns with other tenants': else one that sends many would have every connection.
    /// What a partner or an operator changes waits for none: it may be a kill switch.
    pub(super) async fn begin_change(&self) -> Result<PlacedChange, AdminError> {
        let place = match self.caller().scope.tenant() {
            Some(own) => {
                Some(self.admin().changes.take(own, 1).await.ok_or_else(too_many_changes)?)
            }
            None => None,
        };
        let change = self.store().begin_change(self.tenant().id).await?.ok_or_else(no_tenant)?;
        Ok(PlacedChange { change, place })
    }

    /// Commits a change with its entry in the audit log, and serves it.
    pub(super) async fn finish(
        &self,
        change: PlacedChange,
        record: AuditRecord,
    ) -> Result<(), AdminError> {
        let PlacedChange { change, place } = change;
        change.commit(&record).await?;
        drop(place);
        Ok(self.admin().directory.refresh(self.tenant().id).await?)
    }
}

impl FlowDesk {
    /// Begins a change of the flow. Gives the flow as it is behind the change's lock: what came
    /// between counts, and the audit log tells what was replaced.
    pub(super) async fn begin_flow_change(&self) -> Result<(PlacedChange, StoredFlow), AdminError> {
        let mut change = self.begin_change().await?;
        let found = store::find_changing_flow(&mut change, &self.flow().name).await?;
        // Another of that name is not the one that the caller came to.
        let flow = found.filter(|flow| flow.id == self.flow().id).ok_or_else(no_flow)?;
        Ok((change, flow))
    }
}

/// A change under way, with its place among those that tenants make.
pub(super) struct PlacedChange {
    change: Change,
    place: Option<Claim>,
}

impl Deref for PlacedChange {
    type Target = Change;

    fn deref(&self) -> &Change {
        &self.change
    }
}

impl DerefMut for PlacedChange {
    fn deref_mut(&mut self) -> &mut Change {
        &mut self.change
    }
}

/// What somebody sees of a thing, as the audit log keeps it.
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

/// Changes of one tenant that may wait for their turn at a host: more than any deployment makes at
/// once.
pub const MAX_WAITING_CHANGES: usize = 64;
