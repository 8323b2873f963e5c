//! The Flow JSON that a flow's replies are checked against.

use std::sync::Arc;

use flowhost_flow_json::ReplyRules;
use flowhost_protocol::ids::FlowJsonDigest;

/// The rules of one Flow JSON. The document stays in the database.
#[derive(Debug)]
pub struct ServedFlowJson {
    /// The document's digest.
    pub digest: FlowJsonDigest,
    /// The rules that it sets for replies.
    pub rules: ReplyRules,
}

/// A flow's Flow JSON, as loaded.
#[derive(Clone, Debug)]
pub enum LoadedFlowJson {
    /// The flow has no Flow JSON, so replies are not checked.
    Absent,
    /// The rules that replies are checked against.
    Rules(Arc<ServedFlowJson>),
    /// There is one that can't be read. It is unknown what the flow's phones would accept, so the
    /// flow is not served until another document is uploaded.
    Unreadable,
}

impl LoadedFlowJson {
    /// The rules that replies are checked against, if there are any.
    pub fn rules(&self) -> Option<&ReplyRules> {
        if let Self::Rules(served) = self { Some(&served.rules) } else { None }
    }

    /// Whether there is one that can't be read.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable)
    }
}
