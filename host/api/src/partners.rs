//! `/v1/partners`: Solution Partners, who own tenants.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A new partner.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CreatePartner {
    /// Names it in paths: 1 to 63 characters of `a-z`, `0-9` and `-`.
    pub slug: String,
    /// For people, 1 to 200 bytes; the slug if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A change of a partner. Absent fields stay as they are.
#[derive(Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PatchPartner {
    /// For people, 1 to 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether all endpoints of all its tenants answer 503.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A partner.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct PartnerView {
    /// Names it in paths.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Whether all endpoints of all its tenants answer 503.
    pub disabled: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

/// All partners.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct PartnerList {
    /// By slug.
    pub partners: Vec<PartnerView>,
}
