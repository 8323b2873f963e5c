//! `/v1/tenants/{tenant}/flows/{flow}/config`: settings and secrets for a flow's plugin.

use flowhost_protocol::flow::HttpHost;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Timestamp, is_off};

/// A value to set. A caller may write hosts as `String`s: the host then says what is wrong with
/// them.
#[derive(Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SetConfigValue<Host = HttpHost> {
    /// At most 16 KiB.
    #[schemars(with = "String")]
    pub value: Zeroizing<String>,
    /// Whether the plugin may only have it sent, never read it.
    #[serde(default, skip_serializing_if = "is_off")]
    pub secret: bool,
    /// Where a secret may be sent.
    #[serde(default = "Vec::<Host>::new", skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host>,
}

/// A setting with its value, or a secret without.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ConfigValueView {
    /// 1 to 64 letters, digits, `-`, `_` and `.`.
    pub key: String,
    /// Null for a secret.
    pub value: Option<String>,
    /// Whether it is a secret.
    pub secret: bool,
    /// Where a secret may be sent, as `host:port`.
    pub hosts: Vec<String>,
    /// When it was set.
    pub updated_at: Timestamp,
}

/// The settings and secrets of a flow.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ConfigValueList {
    /// By key.
    pub config: Vec<ConfigValueView>,
}
