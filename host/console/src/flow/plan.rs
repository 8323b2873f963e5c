//! What would change if another version became active.

use flowhost_api::{CapabilitiesView, FlowView, VersionView};

/// What the activation of a version would change.
#[derive(Debug)]
pub struct Plan {
    /// The version that answers now.
    pub from: Option<i32>,
    /// The version that would answer.
    pub to: i32,
    /// What its author noted.
    pub note: Option<String>,
    /// What it asks for and the one before didn't.
    pub asks_more: CapabilitiesView,
    /// What it does not ask for any more.
    pub asks_less: CapabilitiesView,
    /// What it asks for and the flow doesn't grant. It can't become active before that is granted.
    pub missing: CapabilitiesView,
    /// What becomes of the flow's Flow JSON.
    pub flow_json: FlowJsonPlan,
}

/// What becomes of the Flow JSON of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowJsonPlan {
    /// It stays: the version came with the same, or with none.
    Stays,
    /// The version's replaces it.
    Replaced,
    /// The flow has none yet, and gets the version's.
    First,
    /// Neither has one.
    None,
}

impl Plan {
    /// The plan for a version of the flow in place of the active one.
    pub fn of(flow: &FlowView, active: Option<&VersionView>, version: &VersionView) -> Self {
        let nothing = CapabilitiesView::default();
        let before = active.map_or(&nothing, |active| &active.requests);
        Self {
            from: flow.active_version,
            to: version.version,
            note: version.note.clone(),
            asks_more: version.requests.without(before),
            asks_less: before.without(&version.requests),
            missing: version.requests.without(&granted(flow)),
            flow_json: flow_json(flow, version),
        }
    }
}

fn flow_json(flow: &FlowView, version: &VersionView) -> FlowJsonPlan {
    match (&flow.flow_json_digest, &version.flow_json_digest) {
        (None, None) => FlowJsonPlan::None,
        (None, Some(_)) => FlowJsonPlan::First,
        (Some(now), Some(new)) if now != new => FlowJsonPlan::Replaced,
        (Some(_), _) => FlowJsonPlan::Stays,
    }
}

/// What a flow grants.
pub(super) fn granted(flow: &FlowView) -> CapabilitiesView {
    let grants = flow.settings.get("grants").cloned().unwrap_or_default();
    serde_json::from_value(grants).unwrap_or_default()
}

/// Capabilities as a list of words: `http api.example.com:443`, `store`, `media`.
pub(super) fn words(capabilities: &CapabilitiesView) -> Vec<String> {
    let http = capabilities.http.iter().map(|host| format!("http {host}"));
    let store = capabilities.store.then(|| "store".to_owned());
    let media = capabilities.media.then(|| "media".to_owned());
    http.chain(store).chain(media).collect()
}
