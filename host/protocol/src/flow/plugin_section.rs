//! What `flowhost plugin build` writes into a component about it: a custom section with a JSON
//! document.

use serde::{Deserialize, Serialize};

use super::Capabilities;

/// The name of the custom section.
pub const PLUGIN_SECTION: &str = "flowhost:plugin";

/// The document in it. An unknown field is an error that names it: it may be a newer tool's
/// request, which must not be ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginSection {
    /// The version of the SDK that the plugin is made with; absent without an SDK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// What the plugin asks for: `[requests]` of its `flowhost.toml`.
    pub requests: Capabilities,
}
