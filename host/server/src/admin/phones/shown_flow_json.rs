//! The Flow JSON that a phone draws its screens from.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::super::{AdminError, FlowDesk, off_the_async_threads};
use super::PhoneLine;
use crate::store;
use flowhost_exchange::endpoint::{LoadedFlowJson, ServedFlowJson};
use flowhost_flow_json::{Document, FlowJson};
use flowhost_protocol::ids::FlowJsonDigest;

/// A Flow JSON on a phone, or none: then its screens are only known from the answers.
#[derive(Clone, Default)]
pub(super) struct ShownFlowJson {
    parsed: Option<Arc<FlowJson>>,
    /// Its text's size in bytes.
    pub(super) bytes: usize,
    digest: Option<FlowJsonDigest>,
}

impl ShownFlowJson {
    pub(super) fn parsed(&self) -> Option<&Arc<FlowJson>> {
        self.parsed.as_ref()
    }

    /// What a rehearsal's replies are checked against.
    pub(super) fn rules(&self) -> LoadedFlowJson {
        let (Some(parsed), Some(digest)) = (&self.parsed, self.digest) else {
            return LoadedFlowJson::Absent;
        };
        let rules = FlowJson::clone(parsed).into_rules();
        LoadedFlowJson::Rules(Arc::new(ServedFlowJson { digest, rules }))
    }

    /// The document, whose content is shared.
    pub(super) fn document(&self) -> Option<Document> {
        self.parsed.as_ref().map(|parsed| parsed.document().clone())
    }
}

impl FlowDesk {
    /// The Flow JSON of what a phone is connected to: that of the flow, or of a version if it has
    /// one. `known` is taken if nothing has changed.
    pub(super) async fn shown_flow_json(
        &self,
        line: PhoneLine,
        known: Option<&ShownFlowJson>,
    ) -> Result<ShownFlowJson, AdminError> {
        // A rehearsal keeps what it began with.
        if let Some(known) = known
            && (line != PhoneLine::Active || known.digest == self.flow().flow_json)
        {
            return Ok(known.clone());
        }
        let (tenant, flow) = (self.tenant().id, self.flow().id);
        let of_version = match line {
            PhoneLine::Active => None,
            PhoneLine::Version(version) => {
                store::find_version_flow_json(self.store(), tenant, flow, version).await?
            }
        };
        let text = match of_version {
            Some(text) => Some(text),
            None => store::find_flow_json(self.store(), tenant, flow)
                .await?
                .map(|stored| stored.document),
        };
        let Some(text) = text else { return Ok(ShownFlowJson::default()) };
        // Parsing takes ten times the document's size.
        let _alone = self.admin().reading_flow_json.lock().await;
        off_the_async_threads(move || {
            let digest = Some(FlowJsonDigest(Sha256::digest(&text).into()));
            let parsed = Some(Arc::new(FlowJson::parse(&text).map_err(AdminError::FlowJson)?));
            Ok(ShownFlowJson { parsed, bytes: text.len(), digest })
        })
        .await?
    }
}
