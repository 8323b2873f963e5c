//! `/v1/api-tokens`: tokens of the admin API.

use flowhost_protocol::ids::ApiTokenId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Timestamp;

/// What a new token is to reach: `{"scope":"operator"}`, `{"partner"}`, or `{"tenant","role"}`.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CreateApiToken {
    /// `operator`, or a word for what the other fields say: `partner` or `tenant`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The slug of the partner whose tenants the token reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// The slug of the tenant that the token reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// `deploy` or `read`; with `tenant` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Without it the token has no end of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u32>,
}

/// A token without its secret.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ApiTokenView {
    /// Names the token in `DELETE /v1/api-tokens/{api_token}`.
    pub id: ApiTokenId,
    /// `operator`, `partner`, `deploy` or `read`.
    pub role: String,
    /// The slug of the partner that it belongs to; null for operators.
    pub partner: Option<String>,
    /// The slug of the only tenant that it reaches.
    pub tenant: Option<String>,
    /// The token that created it; it ends when that one does. Null: the operator's token of the
    /// environment.
    pub made_by: Option<ApiTokenId>,
    /// Whether it is what a browser holds that signed in to the console. The API takes no such token.
    #[serde(default)]
    pub for_console: bool,
    /// Null if it does not expire.
    pub expires_at: Option<Timestamp>,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A token that was just created. Its secret is shown this one time.
#[derive(Deserialize, JsonSchema, Serialize)]
pub struct NewApiToken {
    /// The bearer token.
    #[schemars(with = "String")]
    pub token: Zeroizing<String>,
    /// What lists show of it.
    #[serde(flatten)]
    pub view: ApiTokenView,
}

/// The tokens that the caller manages, the newest first.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ApiTokenList {
    /// Revoked ones are gone.
    pub api_tokens: Vec<ApiTokenView>,
}
