//! `/v1/tenants/{tenant}/graph`, and keys with their state at Meta.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeyView, Timestamp};

/// The access to the Graph API, and the phone numbers that keys are uploaded for.
#[derive(Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SetGraphAccess {
    /// The token of a system user.
    #[schemars(with = "String")]
    pub access_token: Zeroizing<String>,
    /// Meta's ids of at most 100 phone numbers, digits each; not the numbers themselves.
    pub phone_number_ids: Vec<String>,
}

/// A tenant's access without its token.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct GraphAccessView {
    /// Meta's ids of the phone numbers.
    pub phone_number_ids: Vec<String>,
    /// Whether an access token is set.
    pub has_access_token: bool,
}

/// The phone number to upload a key for.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct UploadKey {
    /// Absent: every phone number of the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_id: Option<String>,
}

/// The state of a tenant's active key at Meta for one phone number.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct UploadView {
    /// Meta's id of the phone number.
    pub phone_number_id: String,
    /// `valid`, or why clients can't use the key, such as `pending` or `failed`.
    pub status: String,
    /// The fingerprint of the key that Meta has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What Meta or the network answered when the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The last upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uploaded_at: Option<Timestamp>,
    /// When a host last asked Meta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
}

/// The state of the key for each phone number that was asked for, uploaded or not.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct UploadList {
    /// One for each phone number.
    pub uploads: Vec<UploadView>,
}

/// A key pair with what is known of it at Meta.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct ListedKey {
    /// The key pair.
    #[serde(flatten)]
    pub key: KeyView,
    /// Whether clients can't use the key until it is uploaded, as far as that is known.
    #[serde(default)]
    pub needs_upload: bool,
    /// The status that needs an upload, or the error that clients reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_upload_reason: Option<String>,
    /// One for each phone number of the tenant, if this is the active key.
    #[serde(default)]
    pub uploads: Vec<UploadView>,
}

/// The key pairs of a tenant.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct KeyList {
    /// The newest first.
    pub keys: Vec<ListedKey>,
}
