//! `/v1/tenants/{tenant}/flows/{flow}/versions`, activation, rollback and rehearsals.

use flowhost_protocol::flow::Capabilities;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Timestamp, is_off};

/// A version of a flow's plugin.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct VersionView {
    /// Counts from 1 in each flow.
    pub version: i32,
    /// SHA-256 of the component, as `sha256:..`.
    pub digest: String,
    /// Bytes of the component.
    pub size: i32,
    /// Whether it answers now.
    #[serde(default)]
    pub active: bool,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// The Flow JSON that becomes the flow's with this version, as `sha256:..`; null if it came
    /// without one.
    pub flow_json_digest: Option<String>,
    /// What its author noted.
    pub note: Option<String>,
    /// What its manifest asks for.
    #[serde(default)]
    pub requests: CapabilitiesView,
}

/// What goes with an upload.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct UploadQuery {
    /// A note on the version, one line of at most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether nothing is to be stored if the newest version has the same component and, if
    /// `flow_json_digest` is there, that Flow JSON. The answer, a 200, is that version; a note
    /// becomes its note.
    #[serde(skip_serializing_if = "is_off")]
    pub unless_same: bool,
    /// The Flow JSON that will follow, as `sha256:..`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_json_digest: Option<String>,
}

/// The versions of a flow's plugin.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct VersionList {
    /// The newest first.
    pub versions: Vec<VersionView>,
}

/// A version that was just uploaded.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct UploadedVersion {
    /// Counts from 1 in each flow.
    pub version: i32,
    /// SHA-256 of the component, as `sha256:..`.
    pub digest: String,
    /// Bytes of the component.
    pub size: i32,
    /// How long compiling took; 0 if the host had it compiled already.
    pub compile_ms: u64,
    /// What the component's manifest asks for.
    #[serde(default)]
    pub requests: CapabilitiesView,
    /// Whether it has a manifest. Without one it asks for nothing, which its author may not have
    /// meant.
    pub manifest: bool,
    /// How it came to be without a manifest, and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_manifest: Option<String>,
    /// The version of the SDK that it was built with, if any.
    pub sdk: Option<String>,
    /// The interfaces that it imports.
    #[serde(default)]
    pub imports: Vec<String>,
    /// Whether this is the newest version of before, and nothing was stored.
    #[serde(default)]
    pub existed: bool,
}

/// What a plugin asks for beyond its sandbox.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct CapabilitiesView {
    /// Hosts to send requests to, as `host:port`.
    pub http: Vec<String>,
    /// Whether it keeps values that outlive a session.
    pub store: bool,
    /// Whether it fetches users' files.
    pub media: bool,
}

impl CapabilitiesView {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.http.is_empty() && !self.store && !self.media
    }

    /// What of it `others` doesn't have.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let is_missing = |host: &&String| !others.http.contains(host);
        Self {
            http: self.http.iter().filter(is_missing).cloned().collect(),
            store: self.store && !others.store,
            media: self.media && !others.media,
        }
    }

    /// The command that grants it.
    pub fn grant_command(&self, tenant: &str, flow: &str) -> String {
        let http = self.http.iter().map(|host| format!(" --http {host}"));
        let store = self.store.then(|| " --store".to_owned());
        let media = self.media.then(|| " --media".to_owned());
        let arguments: String = http.chain(store).chain(media).collect();
        format!("flowhost flow grant {tenant} {flow}{arguments}")
    }
}

impl From<Capabilities> for CapabilitiesView {
    fn from(Capabilities { http, store, media }: Capabilities) -> Self {
        Self { http: http.into_iter().map(String::from).collect(), store, media }
    }
}

/// The version to activate.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Activate {
    /// One of the flow's versions.
    pub version: i32,
}

/// The version that answers now.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct Activated {
    /// Its number.
    pub active_version: i32,
    /// What it asks for beyond what the version before it asked for.
    #[serde(default)]
    pub new_requests: CapabilitiesView,
    /// The Flow JSON that became the flow's with it, as `sha256:..`, if the flow had another one
    /// before. At Meta it becomes the flow's when it is published there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_flow_json: Option<String>,
}

/// The INIT of a rehearsal.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rehearse {
    /// What the message that opens the Flow would carry.
    pub data: Map<String, Value>,
}

/// What a version answered in a rehearsal.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub struct Rehearsed {
    /// The screen that the user would see; null if the answer ends the conversation.
    pub screen: Option<String>,
    /// What the plugin logged meanwhile, each line with its level: `warn: no table left`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}
