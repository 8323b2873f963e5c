//! `/v1/tenants/{tenant}/app-secret`: what Meta signs a tenant's requests with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A new app secret.
#[derive(Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewAppSecret {
    /// As Meta's App Dashboard shows it: 1 to 256 bytes.
    #[schemars(with = "String")]
    pub secret: Zeroizing<String>,
    /// How long the secret before it stays valid.
    #[serde(default)]
    pub keep_previous_for_seconds: u32,
}
