//! `/v1/tenants/{tenant}/flows/{flow}/flow-json`: the document itself, and what is found in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The notes on a Flow JSON that was accepted, for callers who `Prefer: return=representation`.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct FlowJsonNotes {
    /// What WhatsApp accepts and may not do what the author meant.
    pub notes: Vec<FindingView>,
}

/// One problem in a Flow JSON.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct FindingView {
    /// `error` or `note`.
    pub level: String,
    /// The place as a JSON pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// The line of that place in the document, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The character in that line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Meta's name for the problem, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is wrong and how to fix it.
    pub message: String,
}
