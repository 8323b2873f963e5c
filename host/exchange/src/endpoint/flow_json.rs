//! What a flow's replies are checked against.

use std::sync::Arc;

use flowhost_flow_json::ReplyRules;
use flowhost_protocol::ids::FlowJsonDigest;

/// The rules of one Flow JSON; the document stays in the database.
#[derive(Debug)]
pub struct ServedFlowJson {
    /// Which document it is.
    pub digest: FlowJsonDigest,
    /// What it says of replies.
    pub rules: ReplyRules,
}

/// What a flow has of a Flow JSON.
#[derive(Clone, Debug)]
pub enum LoadedFlowJson {
    /// None: its replies are not checked.
    Absent,
    /// One that replies are checked against.
    Rules(Arc<ServedFlowJson>),
    /// One that can't be read. What its phones would take nobody knows, so the flow is not served until another is uploaded.
    Unreadable,
}

impl LoadedFlowJson {
    /// What replies are checked against, if anything.
    pub fn rules(&self) -> Option<&ReplyRules> {
        if let Self::Rules(served) = self { Some(&served.rules) } else { None }
    }

    /// Whether there is one that can't be read.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable)
    }
}
