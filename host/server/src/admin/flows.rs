//! Flows of a tenant.

use serde_json::{Map, Value, json};

use super::changes::{ClaimedChange, shown};
use super::desk::no_flow;
use super::{AdminError, FlowDesk, Right, TenantDesk, parse_slug};
use crate::store::{self, AuditRecord, FlowNotice, StoredFlow, StoredTenant};
use flowhost_api::{FlowHealth, FlowView, FlowWarning};
use flowhost_protocol::flow::{Capabilities, FlowSettings};
use flowhost_protocol::ids::FlowId;

/// What came of putting a flow.
#[derive(Debug)]
pub enum PutFlow {
    /// No flow had this name.
    Created(FlowView),
    /// A flow had this name; its settings are replaced.
    Replaced(FlowView),
}

impl TenantDesk {
    /// Creates a flow or replaces the settings of an existing one. Settings that `fields` leaves
    /// out get their defaults. Leaving out `disabled` enables the flow if the caller may manage the
    /// tenant. Otherwise it changes nothing, because deployments put flows without regard to it.
    pub async fn put_flow(
        &self,
        name: &str,
        mut fields: Map<String, Value>,
    ) -> Result<PutFlow, AdminError> {
        let slug = parse_slug("flow", name)?;
        let disabled = take_disabled(&mut fields)?;
        let settings = FlowSettings::parse(fields)?.to_stored();
        let mut change = self.begin_change().await?;
        let found = store::find_changing_flow(&mut change, slug.as_str()).await?;
        let disabled = self.switched(
            found.as_ref(),
            disabled.or_else(|| self.caller().may(Right::Manage).then_some(false)),
        )?;
        let mut record = self.record("flow.put");
        record.target = Some(slug.as_str().to_owned());
        record.after = shown(&json!({ "settings": settings, "disabled": disabled }));
        let created = match found {
            Some(flow) => {
                record.before = shown(&switchable(&flow));
                !store::update_flow(&mut change, flow.id, &settings, disabled).await?
            }
            None => true,
        };
        if created
            && !store::insert_flow(&mut change, FlowId::new(), slug.as_str(), &settings, disabled)
                .await?
        {
            return Err(AdminError::Conflict(format!(
                "flow {slug} was made by someone else just now; try again"
            )));
        }
        let view = self.finish_flow(change, name, record).await?;
        Ok(if created { PutFlow::Created(view) } else { PutFlow::Replaced(view) })
    }

    /// Creates a flow with the default settings. Refuses a name that is taken, also by whoever
    /// creates one of that name at the same moment.
    pub async fn create_flow(&self, name: &str) -> Result<FlowView, AdminError> {
        let slug = parse_slug("flow", name)?;
        let settings = FlowSettings::default().to_stored();
        let mut change = self.begin_change().await?;
        if !store::insert_flow(&mut change, FlowId::new(), slug.as_str(), &settings, false).await? {
            return Err(AdminError::Conflict(format!("there is a flow {slug} already")));
        }
        let mut record = self.record("flow.put");
        record.target = Some(slug.as_str().to_owned());
        record.after = shown(&json!({ "settings": settings, "disabled": false }));
        self.finish_flow(change, slug.as_str(), record).await
    }

    /// The tenant's flows, by name.
    pub async fn list_flows(&self) -> Result<Vec<FlowView>, AdminError> {
        let (flows, notices) = self.flows_with_notices().await?;
        Ok(flows.into_iter().map(|flow| flow_view(self.tenant(), flow, &notices)).collect())
    }

    /// The health of the tenant's flows, by name.
    pub async fn show_health(&self) -> Result<Vec<FlowHealth>, AdminError> {
        let (flows, notices) = self.flows_with_notices().await?;
        let disabled = self.tenant().disabled || self.tenant().partner_disabled;
        Ok(flows.iter().map(|flow| flow_health(flow, disabled, &notices)).collect())
    }

    async fn flows_with_notices(&self) -> Result<(Vec<StoredFlow>, Vec<FlowNotice>), AdminError> {
        let flows = store::list_flows(self.store(), self.tenant().id).await?;
        Ok((flows, store::list_flow_notices(self.store(), self.tenant().id).await?))
    }

    /// Commits a change of a flow and serves it. Returns the flow after the change.
    async fn finish_flow(
        &self,
        mut change: ClaimedChange,
        name: &str,
        record: AuditRecord,
    ) -> Result<FlowView, AdminError> {
        let flow = store::find_changing_flow(&mut change, name).await?.ok_or_else(no_flow)?;
        self.finish(change, record).await?;
        let notices = store::list_flow_notices(self.store(), self.tenant().id).await?;
        Ok(flow_view(self.tenant(), flow, &notices))
    }

    /// Whether the flow is to be disabled. A caller with the right to deploy may disable a flow but
    /// not enable a disabled one: it was disabled for a reason that a deployment doesn't know.
    fn switched(
        &self,
        flow: Option<&StoredFlow>,
        wanted: Option<bool>,
    ) -> Result<bool, AdminError> {
        let now = flow.is_some_and(|flow| flow.disabled);
        let disabled = wanted.unwrap_or(now);
        if now && !disabled {
            self.caller().check(Right::Manage)?;
        }
        Ok(disabled)
    }
}

impl FlowDesk {
    /// The flow.
    pub async fn show_flow(&self) -> Result<FlowView, AdminError> {
        let notices = store::list_flow_notices(self.store(), self.tenant().id).await?;
        Ok(flow_view(self.tenant(), self.flow().clone(), &notices))
    }

    /// Changes the settings that `fields` names. `grant` in it adds to what the flow grants, and
    /// `deny` takes away from that, so that a caller need not know the rest, which may change at the
    /// same moment.
    pub async fn update_flow(
        &self,
        mut fields: Map<String, Value>,
    ) -> Result<FlowView, AdminError> {
        let disabled = take_disabled(&mut fields)?;
        let grant = take_capabilities(&mut fields, "grant")?;
        let deny = take_capabilities(&mut fields, "deny")?;
        // Read under the change's lock, so that two patches at once both count.
        let (mut change, flow) = self.begin_flow_change().await?;
        // A flow can be switched off also where its settings are of a later release.
        let only_switched =
            fields.is_empty() && [&grant, &deny].iter().all(|one| **one == Capabilities::default());
        let settings = if only_switched {
            flow.settings.clone()
        } else {
            let mut settings = settings_of(&flow)?.patched(fields)?;
            settings.grants = settings.grants.with(grant).without(&deny);
            settings.to_stored()
        };
        let disabled = self.switched(Some(&flow), disabled)?;
        store::update_flow(&mut change, flow.id, &settings, disabled).await?;
        let mut record = self.record("flow.update");
        record.before = shown(&switchable(&flow));
        record.after = shown(&json!({ "settings": settings, "disabled": disabled }));
        self.finish_flow(change, &flow.name, record).await
    }

    /// Deletes the flow with its versions and sessions. Deleting a disabled flow needs the right to
    /// enable it.
    pub async fn delete_flow(&self) -> Result<(), AdminError> {
        let (mut change, flow) = self.begin_flow_change().await?;
        // Otherwise deleting and creating it again would enable it.
        self.switched(Some(&flow), Some(false))?;
        if !store::delete_flow(&mut change, flow.id).await? {
            return Err(no_flow());
        }
        let mut record = self.record("flow.delete");
        record.before = shown(&switchable(&flow));
        self.finish(change, record).await
    }
}

fn flow_view(tenant: &StoredTenant, flow: StoredFlow, notices: &[FlowNotice]) -> FlowView {
    // Those of a later release are shown as they are.
    let settings = settings_of(&flow).ok();
    let missing = settings
        .as_ref()
        .and_then(|known| Some(flow.active.as_ref()?.requests.without(&known.grants)));
    let settings = settings.map_or_else(|| fields_of(&flow), |known| known.to_map());
    FlowView {
        endpoint_path: format!("/flows/{}/{}", tenant.slug, flow.name),
        active_version: flow.active.as_ref().map(|active| active.version),
        previous_version: flow.previous_versions.last().copied(),
        disabled: flow.disabled,
        settings,
        missing_grants: missing.unwrap_or_default().into(),
        flow_json_digest: flow.flow_json.map(|digest| digest.to_string()),
        warnings: warnings(flow.id, notices),
        created_at: flow.created_at.into(),
        updated_at: flow.updated_at.into(),
        name: flow.name,
    }
}

fn flow_health(flow: &StoredFlow, tenant_disabled: bool, notices: &[FlowNotice]) -> FlowHealth {
    let warnings = warnings(flow.id, notices);
    let status = match &flow.active {
        _ if flow.disabled || tenant_disabled => "disabled",
        _ if settings_of(flow).is_err() => "unreadable-settings",
        None => "no-plugin",
        Some(_) if warnings.is_empty() => "ok",
        Some(_) => "warning",
    };
    FlowHealth { flow: flow.name.clone(), status: status.to_owned(), warnings }
}

fn warnings(flow: FlowId, notices: &[FlowNotice]) -> Vec<FlowWarning> {
    let of_the_flow = notices.iter().filter(|notice| notice.flow == flow);
    of_the_flow
        .map(|notice| FlowWarning {
            kind: notice.notice.as_str().to_owned(),
            message: notice.notice.advice().to_owned(),
            first_seen_at: notice.first_seen_at.into(),
            last_seen_at: notice.last_seen_at.into(),
        })
        .collect()
}

/// What can be changed of a flow, for the audit log.
fn switchable(flow: &StoredFlow) -> Value {
    json!({ "settings": flow.settings, "disabled": flow.disabled })
}

/// A flow's settings, parsed.
pub(super) fn settings_of(flow: &StoredFlow) -> Result<FlowSettings, AdminError> {
    Ok(FlowSettings::parse(fields_of(flow))?)
}

fn fields_of(flow: &StoredFlow) -> Map<String, Value> {
    flow.settings.as_object().cloned().unwrap_or_default()
}

/// Removes a member with capabilities, which is sent among the settings but is not one of them.
fn take_capabilities(
    fields: &mut Map<String, Value>,
    name: &str,
) -> Result<Capabilities, AdminError> {
    let Some(value) = fields.remove(name) else { return Ok(Capabilities::default()) };
    serde_json::from_value(value).map_err(|error| AdminError::Invalid(format!("{name}: {error}")))
}

/// Removes `disabled`, which is sent among the settings but is not one of them.
fn take_disabled(fields: &mut Map<String, Value>) -> Result<Option<bool>, AdminError> {
    match fields.remove("disabled") {
        None => Ok(None),
        Some(Value::Bool(disabled)) => Ok(Some(disabled)),
        Some(_) => Err(AdminError::Invalid("disabled is true or false".to_owned())),
    }
}
