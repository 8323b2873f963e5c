//! Plugin versions of a flow: upload, activate, roll back.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::changes::shown;
use super::desk::no_flow;
use super::flows::settings_of;
use super::page::PageLimit;
use super::{AdminError, FlowDesk, Upload, off_the_async_threads};
use crate::store::{self, AuditRecord, StoredFlow, StoredVersion};
use flowhost_api::{Activated, CapabilitiesView, Rehearsed, UploadedVersion, VersionView};
use flowhost_exchange::endpoint::{ActivePlugin, Endpoint, LoadedFlowJson, ServedFlowJson};
use flowhost_exchange::exchange::ExchangeError;
use flowhost_flow_json::ReplyRules;
use flowhost_protocol::ids::PluginDigest;
use flowhost_runtime::plugins::{NewComponent, Tallied, Tally};
use flowhost_runtime::telemetry::{self, Blame};

impl Upload {
    /// Compiles the component, checks it against the contract, and stores it as the flow's next
    /// version. Does not activate it.
    ///
    /// Identical bytes are stored once per tenant: a tenant's rows are its own, are deleted with
    /// it, and reveal nothing about other tenants.
    pub async fn finish(mut self) -> Result<UploadedVersion, AdminError> {
        let (file, digest) = self.content().await?;
        let desk = self.desk();
        let tenant = desk.tenant().id;
        let known = store::has_component(desk.store(), tenant, digest).await?;
        let to_compile = file.try_clone().map_err(AdminError::NoSpace)?;
        let compiled = desk
            .admin()
            .plugins
            .prepare(NewComponent { tenant, digest, file: to_compile, known })
            .await?;
        let (component, _in_memory) = desk.admin().uploads.read(file).await?;
        let (mut change, flow) = desk.begin_flow_change().await?;
        let newest = store::find_newest_version(&mut change, flow.id).await?;
        let same = newest.filter(|newest| self.asks_for(newest, digest));
        let existed = same.is_some();
        let version = match same {
            Some(same) => same,
            None => {
                let (requests, note) = (&compiled.inspection.requests, &self.query().note);
                let note = note.as_deref();
                store::insert_version(&mut change, flow.id, digest, requests, &component, note)
                    .await?
            }
        };
        let uploaded = UploadedVersion {
            version: version.version,
            digest: version.digest.to_string(),
            size: version.size_bytes,
            compile_ms: u64::try_from(compiled.compile_time.as_millis()).unwrap_or(u64::MAX),
            requests: version.requests.into(),
            manifest: compiled.inspection.lost_manifest.is_none(),
            lost_manifest: compiled.inspection.lost_manifest.map(|lost| lost.to_string()),
            sdk: compiled.inspection.sdk,
            imports: compiled.inspection.imports,
            existed,
        };
        let mut record = desk.record("version.upload");
        if existed {
            let Some(note) = self.query().note.as_deref() else { return Ok(uploaded) };
            store::set_version_note(&mut change, flow.id, uploaded.version, note).await?;
            record = desk.record("version.note");
        }
        record.after = shown(&uploaded);
        desk.finish(change, record).await?;
        Ok(uploaded)
    }

    /// Whether the caller wants this version, which is there, rather than a new one.
    fn asks_for(&self, newest: &StoredVersion, digest: PluginDigest) -> bool {
        let query = self.query();
        let has = |flow_json: &String| {
            newest.flow_json.is_some_and(|digest| digest.to_string() == *flow_json)
        };
        query.unless_same
            && newest.digest == digest
            && query.flow_json_digest.as_ref().is_none_or(has)
    }
}

impl FlowDesk {
    /// The flow's versions, newest first.
    pub async fn list_versions(&self) -> Result<Vec<VersionView>, AdminError> {
        self.versions_before(None, None).await
    }

    /// A page of them, from the one before `before` on, and before which version the next page
    /// begins, if there is one.
    pub async fn page_of_versions(
        &self,
        before: Option<i32>,
    ) -> Result<(Vec<VersionView>, Option<i32>), AdminError> {
        let limit = PageLimit::parse(None)?;
        let mut versions = self.versions_before(before, Some(limit.to_read())).await?;
        let next = limit.cut(&mut versions, |version| version.version);
        Ok((versions, next))
    }

    /// One version.
    pub async fn show_version(&self, version: i32) -> Result<VersionView, AdminError> {
        let (tenant, flow) = (self.tenant().id, self.flow().id);
        let found = store::find_version(self.store(), tenant, flow, version).await?;
        found.map(|version| self.version_view(version)).ok_or(AdminError::NotFound("version"))
    }

    async fn versions_before(
        &self,
        before: Option<i32>,
        most: Option<i64>,
    ) -> Result<Vec<VersionView>, AdminError> {
        let (tenant, flow) = (self.tenant().id, self.flow().id);
        let versions = store::list_versions(self.store(), tenant, flow, before, most).await?;
        Ok(versions.into_iter().map(|version| self.version_view(version)).collect())
    }

    fn version_view(&self, version: StoredVersion) -> VersionView {
        let active = self.flow().active.as_ref().map(|active| active.version);
        VersionView {
            version: version.version,
            digest: version.digest.to_string(),
            size: version.size_bytes,
            active: active == Some(version.version),
            created_at: version.created_at.into(),
            flow_json_digest: version.flow_json.map(|digest| digest.to_string()),
            note: version.note,
            requests: version.requests.into(),
        }
    }

    /// Activates a version. Requests under way finish with the version that they began with.
    pub async fn activate(&self, version: i32) -> Result<Activated, AdminError> {
        self.loadable(version).await?;
        // Read under the change's lock, because another activation may have come in between, or the
        // version's deletion.
        let (mut change, flow) = self.begin_flow_change().await?;
        let stored = store::find_changing_version(&mut change, flow.id, version).await?;
        let stored = stored.ok_or(AdminError::NotFound("version"))?;
        let activated = self.activation(&flow, &stored)?;
        let record = self.activation_record(&flow, "version.activate", &activated);
        let mut previous = flow.previous_versions;
        match flow.active {
            Some(active) if active.version == version => return Ok(activated),
            Some(active) => previous.push(active.version),
            None => (),
        }
        let forgotten = previous.len().saturating_sub(REMEMBERED_ACTIVATIONS);
        store::set_activation(&mut change, flow.id, version, &previous[forgotten..]).await?;
        self.finish(change, record).await?;
        Ok(activated)
    }

    /// Activates the version that was active before.
    pub async fn rollback(&self) -> Result<Activated, AdminError> {
        let flow = self.flow();
        let version = *flow.previous_versions.last().ok_or_else(|| {
            AdminError::Conflict(
                "no version was active before this one; there is nothing to go back to".to_owned(),
            )
        })?;
        let stored = self.loadable(version).await?;
        let (mut change, now) = self.begin_flow_change().await?;
        if (&now.active, &now.previous_versions) != (&flow.active, &flow.previous_versions) {
            return Err(AdminError::Conflict(
                "another version was activated just now; look and try again".to_owned(),
            ));
        }
        let activated = self.activation(&now, &stored)?;
        let (_, before) = flow.previous_versions.split_last().unwrap_or((&0, &[]));
        store::set_activation(&mut change, flow.id, version, before).await?;
        self.finish(change, self.activation_record(flow, "version.rollback", &activated)).await?;
        Ok(activated)
    }

    /// Deletes a version that is not active. Nobody can go back to it then.
    pub async fn delete_version(&self, version: i32) -> Result<(), AdminError> {
        let (mut change, flow) = self.begin_flow_change().await?;
        if flow.active.as_ref().is_some_and(|active| active.version == version) {
            return Err(AdminError::Conflict(format!(
                "version {version} is active; activate another one first"
            )));
        }
        let previous = previous_without(version, &flow);
        if !store::delete_version(&mut change, flow.id, version, &previous).await? {
            return Err(AdminError::NotFound("version"));
        }
        let mut record = self.record("version.delete");
        record.before = shown(&json!({ "version": version }));
        self.finish(change, record).await
    }

    /// Sends a version, active or not, an INIT with this data and stores nothing. Errors say what
    /// the plugin's author needs to know.
    pub async fn rehearse(
        &self,
        version: i32,
        data: Map<String, Value>,
    ) -> Result<Rehearsed, AdminError> {
        let stored = self.loadable(version).await?;
        self.activation(self.flow(), &stored)?;
        let exchanges = &self.admin().exchanges;
        let endpoint = exchanges.resolve(&self.tenant().slug, &self.flow().name).await;
        let endpoint = self.with_flow_json_of(&stored, endpoint.map_err(|_| no_flow())?).await?;
        let StoredVersion { digest, requests, .. } = stored;
        let plugin = ActivePlugin { version, digest, requests };
        let (data, tally) = (Value::Object(data).to_string(), Tally::default());
        let answer = exchanges.rehearse(&endpoint, &plugin, data, tally.clone()).await;
        let answer = answer.map_err(|failure| failed_rehearsal(version, &failure, tally.take()))?;
        Ok(Rehearsed { screen: answer.screen().map(str::to_owned), log: tally.take().said })
    }

    /// The endpoint as it is once the version is active: replies are checked against the Flow JSON
    /// that came with it.
    async fn with_flow_json_of(
        &self,
        version: &StoredVersion,
        endpoint: Arc<Endpoint>,
    ) -> Result<Arc<Endpoint>, AdminError> {
        let Some(digest) = version.flow_json else { return Ok(endpoint) };
        if let LoadedFlowJson::Rules(served) = &endpoint.flow_json
            && served.digest == digest
        {
            return Ok(endpoint);
        }
        let (tenant, flow) = (self.tenant().id, self.flow().id);
        let document =
            store::find_version_flow_json(self.store(), tenant, flow, version.version).await?;
        let document = document.ok_or(AdminError::NotFound("version"))?;
        // Parsing takes ten times the document's size, and a version can be tried often at once.
        let _alone = self.admin().reading_flow_json.lock().await;
        let rules = off_the_async_threads(move || ReplyRules::parse(&document)).await?;
        let rules = rules.map_err(AdminError::FlowJson)?;
        let flow_json = LoadedFlowJson::Rules(Arc::new(ServedFlowJson { digest, rules }));
        Ok(Arc::new(Endpoint { flow_json, ..Endpoint::clone(&endpoint) }))
    }

    /// The result of activating a version. Fails if the version asks for more than the flow grants.
    pub(super) fn activation(
        &self,
        flow: &StoredFlow,
        version: &StoredVersion,
    ) -> Result<Activated, AdminError> {
        let before = flow.active.as_ref().map(|active| active.requests.clone()).unwrap_or_default();
        let new_requests = version.requests.without(&before);
        let missing = version.requests.without(&settings_of(flow)?.grants);
        if missing.is_empty() {
            let new_flow_json =
                version.flow_json.filter(|new| flow.flow_json.is_some_and(|before| before != *new));
            return Ok(Activated {
                active_version: version.version,
                new_requests: new_requests.into(),
                new_flow_json: new_flow_json.map(|digest| digest.to_string()),
            });
        }
        let (tenant, version) = (&self.tenant().slug, version.version);
        let command = CapabilitiesView::from(missing.clone()).grant_command(tenant, &flow.name);
        Err(AdminError::Conflict(format!(
            "version {version} asks for what the flow does not grant: {missing}. New against the active version: {new_requests}. Grant it and then \
             activate the version, or upload one that asks for less:\n  {command}\n  flowhost plugin activate {tenant} {} {version}",
            flow.name
        )))
    }

    /// The audit entry of an activation. `before` is the flow before it.
    fn activation_record(
        &self,
        before: &StoredFlow,
        action: &'static str,
        activated: &Activated,
    ) -> AuditRecord {
        let mut record = self.record(action);
        record.before = shown(
            &json!({ "active_version": before.active.as_ref().map(|active| active.version) }),
        );
        record.after = shown(activated);
        record
    }

    /// The stored version, if it can be loaded.
    pub(super) async fn loadable(&self, version: i32) -> Result<StoredVersion, AdminError> {
        let tenant = self.tenant().id;
        let found = store::find_version(self.store(), tenant, self.flow().id, version).await?;
        let stored = found.ok_or(AdminError::NotFound("version"))?;
        self.admin().plugins.ensure_loadable(tenant, stored.digest).await?;
        Ok(stored)
    }
}

/// The versions that were active before, without one that is deleted: what was active on both sides
/// of it was active once, and nobody can go back to what is active.
fn previous_without(deleted: i32, flow: &StoredFlow) -> Vec<i32> {
    let mut previous = flow.previous_versions.clone();
    previous.extend(flow.active.as_ref().map(|active| active.version));
    previous.retain(|version| *version != deleted);
    previous.dedup();
    if flow.active.is_some() {
        previous.pop();
    }
    previous
}

fn failed_rehearsal(version: i32, failure: &ExchangeError, tallied: Tallied) -> AdminError {
    let reason = tallied.failure.unwrap_or_else(|| telemetry::chain(failure));
    match failure.blame() {
        Blame::Guest => {
            let each = tallied.said.iter().enumerate();
            let others = each.filter(|(index, _)| tallied.failure_line != Some(*index));
            let said: String = others.map(|(_, line)| format!("\n  {line}")).collect();
            AdminError::Invalid(format!("version {version} fails on INIT: {reason}{said}"))
        }
        Blame::Host | Blame::Peer => {
            AdminError::Busy(format!("version {version} can't be tried now: {reason}"))
        }
    }
}

/// How far back rollbacks can go.
const REMEMBERED_ACTIVATIONS: usize = 20;
