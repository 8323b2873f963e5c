//! The Flow JSON of a flow.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::access::shown;
use super::uploads::UploadPlace;
use super::{AdminError, Desk, off_the_async_threads};
use crate::flow_json::{Findings, FlowJson};
use crate::ids::FlowJsonDigest;
use crate::store::{self, StoredFlow};

impl Desk {
    /// Begins the upload of a Flow JSON, if the caller may change the flow and not too many uploads are under way: each is in memory.
    pub async fn begin_flow_json(&self, tenant: &str, flow: &str) -> Result<UploadPlace, AdminError> {
        let tenant = self.tenant(tenant).await?;
        self.flow(&tenant, flow).await?;
        self.admin.uploads.enter(tenant.id)
    }

    /// Sets the Flow JSON of a flow, whatever was there: from now on every reply is checked against it. Gives what should be known of it;
    /// fails with all that is wrong with it. `_place` is what [`Desk::begin_flow_json`] gave.
    pub async fn set_flow_json(
        &self,
        tenant: &str,
        flow: &str,
        document: Vec<u8>,
        _place: UploadPlace,
    ) -> Result<Findings, AdminError> {
        let tenant = self.tenant(tenant).await?;
        self.flow(&tenant, flow).await?;
        let Sound { text, version, screens, notes } = self.read(document).await?;
        let digest = FlowJsonDigest(Sha256::digest(&text).into());
        let mut change = self.begin_change(tenant.id).await?;
        // Again, behind the change's lock: what it replaces is in the log.
        let flow = self.flow(&tenant, flow).await?;
        store::put_flow_json(&mut change, flow.id, &text, digest).await?;
        let mut record = self.record(&tenant, "flow-json.set");
        (record.target, record.before) = (Some(flow.name.clone()), before(&flow));
        record.after = shown(&json!({
            "digest": digest.to_string(),
            "bytes": text.len(),
            "version": version,
            "screens": screens,
        }));
        self.finish(change, record).await?;
        Ok(notes)
    }

    /// The Flow JSON of a flow, byte for byte as it was uploaded.
    pub async fn show_flow_json(&self, tenant: &str, flow: &str) -> Result<Vec<u8>, AdminError> {
        let tenant = self.tenant(tenant).await?;
        let flow = self.flow(&tenant, flow).await?;
        let stored = store::find_flow_json(&self.admin.store, tenant.id, flow.id).await?;
        Ok(stored.ok_or(AdminError::NotFound("Flow JSON"))?.document)
    }

    /// Deletes the Flow JSON of a flow: its replies are not checked any more.
    pub async fn delete_flow_json(&self, tenant: &str, flow: &str) -> Result<(), AdminError> {
        let tenant = self.tenant(tenant).await?;
        let mut change = self.begin_change(tenant.id).await?;
        let flow = self.flow(&tenant, flow).await?;
        if !store::delete_flow_json(&mut change, flow.id).await? {
            return Err(AdminError::NotFound("Flow JSON"));
        }
        let mut record = self.record(&tenant, "flow-json.delete");
        (record.target, record.before) = (Some(flow.name.clone()), before(&flow));
        self.finish(change, record).await
    }

    /// One document at a time is read, which takes ten times its size in memory for a moment.
    async fn read(&self, text: Vec<u8>) -> Result<Sound, AdminError> {
        let _alone = self.admin.reading_flow_json.lock().await;
        off_the_async_threads(move || Sound::of(text)).await?.map_err(AdminError::FlowJson)
    }
}

/// What is needed of a Flow JSON after it was read. The document itself is gone: others are read while this one is stored.
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
        let (version, screens) = (document.version().map(str::to_owned), document.screens().count());
        Ok(Self { text, version, screens, notes: flow_json.notes().clone() })
    }
}

/// What the audit log keeps of the document that was there.
fn before(flow: &StoredFlow) -> Option<Value> {
    flow.flow_json.map(|digest| json!({ "digest": digest.to_string() }))
}
