//! `/v1/tenants`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Timestamp;
use flowhost_protocol::flow::TenantRetention;

/// A new tenant.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CreateTenant {
    /// Names it in paths: 1 to 63 characters of `a-z`, `0-9` and `-`.
    pub slug: String,
    /// For people, 1 to 200 bytes; the slug if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Meta's id of the WhatsApp Business Account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waba_id: Option<String>,
    /// The slug of the partner that it belongs to; the caller's own if absent, else `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
}

/// A change of a tenant. Absent fields stay as they are.
#[derive(Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PatchTenant {
    /// For people, 1 to 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A string, or null to take it away.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub waba_id: Option<Value>,
    /// Whether all its endpoints answer 503.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// A number, or null to take the limit away.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u32>")]
    pub requests_per_second: Option<Value>,
    /// Days for which what exchanges leave is kept, by the names in the tenant's `retention`. What is
    /// not named stays; null stands for the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Map<String, Value>>,
}

/// A tenant.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct TenantView {
    /// Names it in paths.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Meta's id of the WhatsApp Business Account.
    pub waba_id: Option<String>,
    /// The slug of the partner that it belongs to.
    pub partner: String,
    /// Whether all its endpoints answer 503.
    pub disabled: bool,
    /// The most requests to its endpoints in a second, at each host; null: no limit.
    pub requests_per_second: Option<u32>,
    /// How long what exchanges leave is kept, unless a flow's settings say otherwise.
    #[serde(default)]
    pub retention: TenantRetention,
    /// When it was created.
    pub created_at: Timestamp,
    /// The public half of the first key; only in the answer that created the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key_pem: Option<String>,
    /// SHA-256 of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// The tenants that the caller may see.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct TenantList {
    /// By slug.
    pub tenants: Vec<TenantView>,
}

/// Tells null from absent.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_tells_null_from_absent_both_ways() {
        for text in [r#"{"waba_id":null,"requests_per_second":5}"#, r#"{"disabled":true}"#, "{}"] {
            let patch: PatchTenant = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&patch).unwrap(), text);
        }
    }

    #[test]
    fn a_request_refuses_what_it_does_not_know_and_a_view_skips_it() {
        assert!(serde_json::from_str::<CreateTenant>(r#"{"slug":"a","colour":1}"#).is_err());
        let view = r#"{"slug":"a","name":"A","partner":"default","disabled":false,"created_at":"2026-03-01T12:00:00Z","colour":1}"#;
        assert_eq!(serde_json::from_str::<TenantView>(view).unwrap().waba_id, None);
    }
}
