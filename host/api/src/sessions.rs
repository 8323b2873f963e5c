//! `/v1/tenants/{tenant}/flows/{flow}/sessions`: what happened, never what was said.

use flowhost_protocol::ids::{RequestId, SessionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{LogLineView, Timestamp};

/// Which sessions to list.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionQuery {
    /// `open`, `completed`, `rejected` or `expired`; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// 1 to 500; 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only sessions older than this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<SessionId>,
}

/// A page of a flow's sessions, the newest first.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct SessionsPage {
    /// As many as the limit allows.
    pub sessions: Vec<SessionView>,
    /// The `before` of the next page; null on the last one.
    pub next_before: Option<SessionId>,
}

/// A session.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct SessionView {
    /// Names it in paths. It says nothing of the flow token.
    pub id: SessionId,
    /// `open`, `completed`, `rejected` or `expired`.
    pub status: String,
    /// The screen that the user saw last.
    pub screen: Option<String>,
    /// How many exchanges it had.
    pub exchanges: i64,
    /// Whether it is a single exchange whose token many recipients share.
    #[serde(default)]
    pub shared: bool,
    /// The first exchange, or when its token was minted.
    pub created_at: Timestamp,
    /// The last exchange.
    pub updated_at: Timestamp,
    /// When its state is deleted.
    pub expires_at: Timestamp,
}

/// The session to delete.
#[derive(Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteSession {
    /// What the Flow was sent with.
    #[schemars(with = "String")]
    pub flow_token: Zeroizing<String>,
}

/// A session with what happened in it.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct SessionDetails {
    /// The session as lists show it.
    #[serde(flatten)]
    pub session: SessionView,
    /// The exchanges, the first one first.
    pub history: Vec<ExchangeView>,
    /// The errors that the client reported.
    #[serde(default)]
    pub client_errors: Vec<ClientErrorView>,
    /// What the plugin logged in the session, with why calls failed: the newest 50 lines, for
    /// callers who may read logs.
    #[serde(default)]
    pub log: Vec<LogLineView>,
}

/// One exchange of a session.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ExchangeView {
    /// Counts from 1.
    pub number: i64,
    /// `INIT`, `data_exchange` or `BACK`.
    pub action: String,
    /// The screen that the user was on.
    pub screen_in: Option<String>,
    /// The screen that was answered with.
    pub screen_out: Option<String>,
    /// What became of it, such as `screen`, `complete` or `error`.
    pub outcome: String,
    /// From the first byte of the request to the answer.
    pub duration_ms: f64,
    /// The version that answered.
    pub plugin_version: Option<i32>,
    /// The `x-request-id` of its answer.
    pub request_id: Option<RequestId>,
    /// When it was committed.
    pub created_at: Timestamp,
}

/// An error that the client reported.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ClientErrorView {
    /// The screen that the user was on.
    pub screen: Option<String>,
    /// Meta's name for the error.
    pub key: String,
    /// The client's text, which may quote what the user typed; null for callers of role `read`.
    pub message: Option<String>,
    /// When it was reported.
    pub created_at: Timestamp,
}
