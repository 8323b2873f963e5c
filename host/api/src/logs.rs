//! `/v1/tenants/{tenant}/flows/{flow}/logs`: what a flow's plugin logged.

use flowhost_protocol::ids::{RequestId, SessionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Which lines to list.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogQuery {
    /// Whether to go on with new lines, as server-sent events.
    #[serde(skip_serializing_if = "super::is_off")]
    pub follow: bool,
    /// The least level: `trace`, `debug`, `info`, `warn` or `error`; `trace` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// 1 to 500; 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only lines with a lower number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// Only lines with a higher number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// Only lines of this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

/// One line of a log.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct LogLineView {
    /// Its number in the flow's log.
    pub number: i64,
    /// When it was written.
    pub at: Timestamp,
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The version of the plugin that wrote it.
    pub version: i32,
    /// The `x-request-id` of the answer to the request that it was written for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// The session that it is of, if it is of one that is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The text, at most 4 KiB.
    pub message: String,
    /// How many lines of the same call are missing after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<i32>,
}
