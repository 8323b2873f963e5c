//! Requests that got no reply, for the console.

use flowhost_protocol::ids::RequestId;

use crate::Timestamp;

/// Requests of a flow that got no reply, with the same reason and version: those of a minute, or of
/// an hour where `blame` is `peer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnansweredView {
    /// How many there were.
    pub count: i64,
    /// Why, as the metrics label it.
    pub reason: String,
    /// Who is at fault: `guest`, `host` or `peer`.
    pub blame: String,
    /// The version of the plugin that was active.
    pub version: Option<i32>,
    /// The status that the sender of the last one got.
    pub status: i16,
    /// Why the last one got no reply, with nothing that anybody sent.
    pub cause: String,
    /// The `x-request-id` of the last one.
    pub request_id: RequestId,
    /// When it came.
    pub last_at: Timestamp,
}
