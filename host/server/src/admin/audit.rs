//! Reading the audit log.

use super::page::PageLimit;
use super::{AdminError, Desk};
use crate::store::{self, AuditEntry};
use flowhost_api::{ActorView, AuditEntryView, AuditPage, AuditQuery};
use flowhost_protocol::ids::{ApiTokenId, AuditId, RequestId};

impl Desk {
    /// A page of those entries of the audit log that the caller may see.
    pub async fn list_audit_entries(&self, query: AuditQuery) -> Result<AuditPage, AdminError> {
        let limit = PageLimit::parse(query.limit)?;
        let (reach, tenant) = (self.caller().reach(), query.tenant.as_deref());
        let mut entries =
            store::list_audit_entries(self.store(), reach, tenant, query.before, limit.to_read())
                .await?;
        let next_before = limit.cut(&mut entries, |entry| AuditId(entry.audit_id));
        Ok(AuditPage { entries: entries.into_iter().map(view).collect(), next_before })
    }
}

fn view(entry: AuditEntry) -> AuditEntryView {
    AuditEntryView {
        id: AuditId(entry.audit_id),
        actor: ActorView {
            role: entry.actor_role,
            api_token: entry.actor_token_id.map(ApiTokenId),
        },
        partner: entry.partner,
        tenant: entry.tenant,
        action: entry.action,
        target: entry.target,
        before: entry.before,
        after: entry.after,
        request_id: entry.request_id.map(RequestId),
        at: entry.created_at.into(),
    }
}
