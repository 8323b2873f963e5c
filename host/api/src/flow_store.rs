//! `/v1/tenants/{tenant}/flows/{flow}/store`: what a flow's plugin keeps beyond a session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which keys to list. In a body, since a key may be a customer's number, and paths and queries are
/// logged.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreKeysQuery {
    /// Only keys that begin so.
    pub prefix: String,
    /// 1 to 500; 50 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Keys of a flow's store.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct StoreKeyList {
    /// In order.
    pub keys: Vec<String>,
    /// Whether there are more.
    pub more: bool,
}

/// Which value to show.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StoreValueQuery {
    /// Its key.
    pub key: String,
}

/// A value of a flow's store.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct StoreValueView {
    /// Its key.
    pub key: String,
    /// The value, if it is text; what the SDK writes is JSON.
    #[serde(default)]
    pub text: Option<String>,
    /// The value in base64, if it is no text.
    #[serde(default)]
    pub base64: Option<String>,
    /// Changes with every write.
    pub version: u64,
}
