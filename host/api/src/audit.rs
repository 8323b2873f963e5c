//! `/v1/audit`: who changed what.

use flowhost_protocol::ids::{ApiTokenId, AuditId, RequestId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Timestamp;

/// Which entries to list.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditQuery {
    /// Only changes of the tenant with this slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// 1 to 500; 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only entries older than this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<AuditId>,
}

/// A page of the audit log, the newest entry first.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct AuditPage {
    /// As many as the limit allows.
    pub entries: Vec<AuditEntryView>,
    /// The `before` of the next page; null on the last one.
    pub next_before: Option<AuditId>,
}

/// One change.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct AuditEntryView {
    /// Entries are ordered by it.
    pub id: AuditId,
    /// Who made the change.
    pub actor: ActorView,
    /// The slug of the partner concerned.
    pub partner: Option<String>,
    /// The slug of the tenant concerned.
    pub tenant: Option<String>,
    /// A resource and a verb, such as `flow.put`.
    pub action: String,
    /// The name or id of what was changed in the tenant.
    pub target: Option<String>,
    /// How it was, without secrets.
    pub before: Option<Value>,
    /// How it is since, without secrets.
    pub after: Option<Value>,
    /// The `x-request-id` of the answer to the change.
    pub request_id: Option<RequestId>,
    /// When the change was committed.
    pub at: Timestamp,
}

/// Who made a change: a token by its id, or the operator's token of the environment.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ActorView {
    /// The role at that time.
    pub role: String,
    /// Null for the operator's token of the environment.
    pub api_token: Option<ApiTokenId>,
}
