//! `/v1/tenants/{tenant}/flows`, and their health.

use flowhost_protocol::flow::FlowSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CapabilitiesView, Timestamp};

/// A flow.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct FlowView {
    /// 1 to 63 characters of `a-z`, `0-9` and `-`.
    pub name: String,
    /// What to append to the host's public URL to get the endpoint that Meta calls.
    pub endpoint_path: String,
    /// Null until a version is activated.
    pub active_version: Option<i32>,
    /// The version that a rollback would activate; null if there is none to go back to.
    #[serde(default)]
    pub previous_version: Option<i32>,
    /// Whether the flow itself is switched off.
    pub disabled: bool,
    /// Every setting, in the form that `PUT` takes.
    #[serde(default)]
    #[schemars(with = "FlowSettings")]
    pub settings: Map<String, Value>,
    /// What the active version asks for and the flow doesn't grant: the plugin gets an error there.
    #[serde(default)]
    pub missing_grants: CapabilitiesView,
    /// The SHA-256 of the Flow JSON that its replies are checked against.
    pub flow_json_digest: Option<String>,
    /// What hosts noticed in the last week that the tenant should fix.
    #[serde(default)]
    pub warnings: Vec<FlowWarning>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its settings or its active version changed last.
    pub updated_at: Timestamp,
}

/// Something that the tenant should fix.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct FlowWarning {
    /// Tells warnings apart, such as `shared-token`.
    pub kind: String,
    /// What it means and what to do.
    pub message: String,
    /// The first time in the last week.
    pub first_seen_at: Timestamp,
    /// The last time.
    pub last_seen_at: Timestamp,
}

/// The flows of a tenant.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct FlowList {
    /// By name.
    pub flows: Vec<FlowView>,
}

/// How a flow does.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct FlowHealth {
    /// The flow's name.
    pub flow: String,
    /// `ok`, `warning`, or `disabled`; `no-plugin` where no version is active;
    /// `unreadable-settings` where a setting is of a later release, so that this host does not serve
    /// the flow.
    pub status: String,
    /// The same as in the flow's view.
    pub warnings: Vec<FlowWarning>,
}

/// How the flows of a tenant do.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct FlowHealthList {
    /// By name.
    pub flows: Vec<FlowHealth>,
}
