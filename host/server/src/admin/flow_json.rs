//! The Flow JSON of a flow.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::changes::shown;
use super::{AdminError, FlowDesk, off_the_async_threads};
use crate::store::{self, StoredFlowJson};
use flowhost_flow_json::{Findings, FlowJson};
use flowhost_protocol::ids::FlowJsonDigest;
use flowhost_runtime::telemetry::BudgetSeries;
use flowhost_runtime::tenant_limits::{Permit, TenantLimits};

/// The upload of a Flow JSON, bound to the flow that it was begun for.
#[derive(Debug)]
pub struct FlowJsonUpload {
    desk: FlowDesk,
    /// The version that it is for; otherwise it is for the flow.
    plugin_version: Option<i32>,
    _permit: Permit,
}

impl FlowDesk {
    /// Begins the upload of a Flow JSON. Fails if too many uploads are under way, because each is
    /// held in memory. One for a version of the plugin becomes the flow's when that version becomes
    /// active.
    pub fn begin_flow_json(
        self,
        plugin_version: Option<i32>,
    ) -> Result<FlowJsonUpload, AdminError> {
        let permit = self.admin().uploads.permit(self.tenant().id)?;
        Ok(FlowJsonUpload { desk: self, plugin_version, _permit: permit })
    }

    /// The Flow JSON of the flow, byte for byte as it was uploaded.
    pub async fn show_flow_json(&self) -> Result<Vec<u8>, AdminError> {
        let stored = store::find_flow_json(self.store(), self.tenant().id, self.flow().id).await?;
        Ok(stored.ok_or(AdminError::NotFound("Flow JSON"))?.document)
    }

    /// Room for a page that has the Flow JSON of the flow, until it is sent: it may have dozens of
    /// megabytes. Waits a moment for others that are drawn and sent.
    pub async fn room_for_flow_json(&self) -> Result<Permit, AdminError> {
        let pages = &self.admin().flow_json_pages;
        pages.acquire_within(PATIENCE, self.tenant().id).await.ok_or(AdminError::NoRoom(
            "as many pages with a Flow JSON are on their way to readers as this host has memory for: try again in a few seconds",
        ))
    }

    /// The Flow JSON of the flow and what is found in it; `None` if the flow has none.
    pub async fn review_flow_json(&self) -> Result<Option<(Vec<u8>, Findings)>, AdminError> {
        // First, so that those who wait hold no document.
        let _alone = self.admin().reading_flow_json.lock().await;
        let document = match self.show_flow_json().await {
            Ok(document) => document,
            Err(AdminError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let review = move || match Sound::of(document.clone()) {
            Ok(sound) => (document, sound.notes),
            // An older host took it, and this one would not.
            Err(findings) => (document, findings),
        };
        Ok(Some(off_the_async_threads(review).await?))
    }

    /// Deletes the flow's Flow JSON. Its replies are not checked any more.
    pub async fn delete_flow_json(&self) -> Result<(), AdminError> {
        let (mut change, flow) = self.begin_flow_change().await?;
        let deleted = store::delete_flow_json(&mut change, flow.id)
            .await?
            .ok_or(AdminError::NotFound("Flow JSON"))?;
        if let Some(active) = flow.active {
            store::put_version_flow_json(&mut change, flow.id, active.version, None).await?;
        }
        let mut record = self.record("flow-json.delete");
        record.before = before(Some(deleted));
        self.finish(change, record).await
    }
}

impl FlowJsonUpload {
    /// Stores a document in place of any other. The Flow JSON of the flow and that of its active
    /// version are the same: every reply is checked against it from then on. Returns the notes on
    /// it, or fails with everything that is wrong with it.
    pub async fn finish(self, document: Vec<u8>) -> Result<Findings, AdminError> {
        let Sound { text, version, screens, notes } = self.read(document).await?;
        let digest = FlowJsonDigest(Sha256::digest(&text).into());
        let stored = StoredFlowJson { document: text, digest };
        let (mut change, flow) = self.desk.begin_flow_change().await?;
        let active = flow.active.as_ref().map(|active| active.version);
        let replaced = match self.plugin_version.filter(|version| Some(*version) != active) {
            Some(version) => store::find_changing_version(&mut change, flow.id, version)
                .await?
                .and_then(|version| version.flow_json),
            None => flow.flow_json,
        };
        if self.plugin_version.is_none_or(|version| Some(version) == active) {
            store::put_flow_json(&mut change, flow.id, &stored).await?;
        }
        if let Some(version) = self.plugin_version.or(active)
            && !store::put_version_flow_json(&mut change, flow.id, version, Some(&stored)).await?
        {
            return Err(AdminError::NotFound("version"));
        }
        let mut record = self.desk.record("flow-json.set");
        record.before = before(replaced);
        record.after = shown(&json!({
            "digest": digest.to_string(),
            "bytes": stored.document.len(),
            "version": version,
            "screens": screens,
            "plugin_version": self.plugin_version,
        }));
        self.desk.finish(change, record).await?;
        Ok(notes)
    }

    /// Parses one document at a time, because parsing briefly takes ten times its size in memory.
    async fn read(&self, text: Vec<u8>) -> Result<Sound, AdminError> {
        let _alone = self.desk.admin().reading_flow_json.lock().await;
        off_the_async_threads(move || Sound::of(text)).await?.map_err(AdminError::FlowJson)
    }
}

/// What is kept of a parsed Flow JSON. The parsed document is dropped, because others are parsed
/// while this one is stored.
struct Sound {
    text: Vec<u8>,
    version: Option<String>,
    screens: usize,
    notes: Findings,
}

impl Sound {
    fn of(text: Vec<u8>) -> Result<Self, Findings> {
        let flow_json = FlowJson::parse(&text)?;
        let document = flow_json.document();
        let (version, screens) =
            (document.version().map(str::to_owned), document.screens().count());
        Ok(Self { text, version, screens, notes: flow_json.notes().clone() })
    }
}

/// What the audit log keeps of a replaced or deleted document.
fn before(digest: Option<FlowJsonDigest>) -> Option<Value> {
    digest.map(|digest| json!({ "digest": digest.to_string() }))
}

/// The budget of pages that have a Flow JSON.
pub(super) fn flow_json_pages(series: BudgetSeries) -> TenantLimits {
    TenantLimits::new(MAX_PAGES, MAX_PAGES_OF_A_TENANT, series)
}

/// With a document of 10 MiB, and a page of up to 30 MiB drawn of it: 320 MiB at the worst.
const MAX_PAGES: usize = 8;

/// Readers that read slowly keep others of their own tenant waiting, and few of the rest.
const MAX_PAGES_OF_A_TENANT: usize = 2;

/// A page of a usual Flow JSON is drawn and sent in a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);
