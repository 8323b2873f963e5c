//! Errors, as `application/problem+json` (RFC 9457).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FindingView;

/// Why a request was refused. All members are optional when read, as in the RFC: what answers may
/// be a proxy.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Problem {
    /// `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong and what to do.
    pub detail: Option<String>,
    /// Everything that is wrong with a Flow JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<FindingView>>,
}
