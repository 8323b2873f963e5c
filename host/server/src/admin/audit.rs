//! Reading the audit log.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::page::PageLimit;
use super::{AdminError, Desk};
use crate::store::{self, AuditEntry};
use flowhost_protocol::ids::{ApiTokenId, AuditId, RequestId};

/// Which entries to list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditQuery {
    tenant: Option<String>,
    limit: Option<u32>,
    before: Option<AuditId>,
}

/// Some of the audit log, the newest first.
#[derive(Debug, Serialize)]
pub struct AuditPage {
    entries: Vec<AuditEntryView>,
    /// To be given as `before` for the next page; null on the last one.
    next_before: Option<AuditId>,
}

/// An entry as it is shown.
#[derive(Debug, Serialize)]
struct AuditEntryView {
    id: AuditId,
    actor: ActorView,
    partner: Option<String>,
    tenant: Option<String>,
    action: String,
    target: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
    /// As the answer to the change named it (`x-request-id`).
    request_id: Option<RequestId>,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

/// Who did it: a token by its id, or the operator's token of the environment.
#[derive(Debug, Serialize)]
struct ActorView {
    role: String,
    api_token: Option<ApiTokenId>,
}

impl Desk {
    /// A page of those entries of the audit log that the caller may see.
    pub async fn list_audit_entries(&self, query: AuditQuery) -> Result<AuditPage, AdminError> {
        let limit = PageLimit::parse(query.limit)?;
        let (reach, tenant) = (self.caller().reach(), query.tenant.as_deref());
        let mut entries =
            store::list_audit_entries(self.store(), reach, tenant, query.before, limit.to_read())
                .await?;
        let next_before = limit.cut(&mut entries, |entry| AuditId(entry.audit_id));
        Ok(AuditPage {
            entries: entries.into_iter().map(AuditEntryView::from).collect(),
            next_before,
        })
    }
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
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
            at: entry.created_at,
        }
    }
}
