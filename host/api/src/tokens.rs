//! `/v1/tenants/{tenant}/flows/{flow}/tokens`: flow tokens minted before a Flow is sent.

use flowhost_protocol::ids::SessionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::Timestamp;

/// What a new token carries, and how long it is valid.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MintToken {
    /// Any JSON of at most 16 KiB. The plugin sees it as the session's context.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub context: Option<Box<RawValue>>,
    /// At most 30 days; as long as the flow's sessions if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u32>,
    /// When that time begins.
    #[serde(default)]
    pub ttl_from: TtlFrom,
}

/// When the time of a token begins.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TtlFrom {
    /// With its first exchange, which is an INIT.
    Init,
    /// With the call that mints it.
    #[default]
    Now,
}

/// A token that was just minted. It is shown this one time.
#[derive(Deserialize, JsonSchema, Serialize)]
pub struct MintedTokenView {
    /// What to send the Flow with.
    #[schemars(with = "String")]
    pub flow_token: Zeroizing<String>,
    /// The session that it opens.
    pub session: SessionId,
    /// When it ends. If its time begins with its first exchange: when it ends without one.
    pub expires_at: Timestamp,
}
