//! `/v1/tenants/{tenant}/keys`: the RSA key pairs of a tenant.

use flowhost_protocol::ids::KeyId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Timestamp;

/// Generates a key pair, or imports one.
#[derive(Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddKey {
    /// The key to import, in PEM or in base64 of another form. Absent: a new one is generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub private_key_pem: Option<Zeroizing<String>>,
    /// What an encrypted `private_key_pem` is encrypted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub passphrase: Option<Zeroizing<String>>,
    /// How long the active key before it still opens requests; a day if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retire_previous_after_seconds: Option<u32>,
}

/// A key pair without its private half.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct KeyView {
    /// Names the key in paths.
    pub id: KeyId,
    /// `active`, `retiring` or `retired`.
    pub state: String,
    /// What Meta has to know.
    pub public_key_pem: String,
    /// SHA-256 of the public half.
    pub fingerprint: String,
    /// When it stops opening requests; absent for the active one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retires_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
}
