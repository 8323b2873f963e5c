//! What serving one endpoint takes, all in memory: secrets opened, keys parsed, settings read.

mod endpoints;
mod flow_json;
mod rate;

use std::sync::Arc;

use time::OffsetDateTime;

pub use endpoints::{Endpoints, EndpointsError};
pub use flow_json::{LoadedFlowJson, ServedFlowJson};
pub use rate::RequestRate;

use crate::sessions::SessionSpace;
use flowhost_flow_json::ReplyRules;
use flowhost_protocol::crypto::{AppSecret, DataKey, KeyRing};
use flowhost_protocol::flow::{Capabilities, FlowConfig, FlowSettings};
use flowhost_protocol::ids::{FlowId, PluginDigest, Scope, TenantId};
use flowhost_runtime::plugins::{CallLimits, PluginVersion};
use flowhost_runtime::telemetry::FlowVersion;

/// One flow of one tenant, ready to be served.
#[derive(Debug)]
pub struct Endpoint {
    /// Whose it is.
    pub scope: Scope,
    /// The tenant that owns it.
    pub tenant: Arc<ServedTenant>,
    /// The flow's name.
    pub name: String,
    /// Whether the flow, its tenant or its partner is switched off.
    pub disabled: bool,
    /// The flow's settings.
    pub settings: FlowSettings,
    /// The plugin that answers; none before the first activation.
    pub active: Option<Arc<PluginVersion>>,
    /// What the tenant set for the plugin.
    pub config: Arc<FlowConfig>,
    /// What replies are checked against.
    pub flow_json: LoadedFlowJson,
    /// Where its sessions are kept.
    pub space: Arc<SessionSpace>,
    /// The name by which its requests are counted: that of its active version; 0 is none.
    pub counted_as: FlowVersion,
}

/// A flow as its tenant set it up.
#[derive(Debug)]
pub struct ServedFlow {
    /// Its identity.
    pub id: FlowId,
    /// Its name.
    pub name: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Its settings.
    pub settings: FlowSettings,
    /// The plugin that answers; none before the first activation.
    pub active: Option<ActivePlugin>,
    /// What the tenant set for the plugin.
    pub config: FlowConfig,
    /// What replies are checked against.
    pub flow_json: LoadedFlowJson,
}

/// The version of a plugin that answers.
#[derive(Clone, Debug)]
pub struct ActivePlugin {
    /// Its number in the flow.
    pub version: i32,
    /// What it consists of.
    pub digest: PluginDigest,
    /// What it asks for.
    pub requests: Capabilities,
}

/// What the flows of one tenant share.
#[derive(Debug)]
pub struct ServedTenant {
    /// Its identity.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: String,
    /// Seals its values.
    pub data_key: Arc<DataKey>,
    /// How many requests it may send; none where there is no limit.
    pub rate: Option<Arc<RequestRate>>,
    disabled: bool,
    keys: KeyRing,
    app_secrets: Vec<ServedSecret>,
}

/// An app secret of a tenant.
#[derive(Debug)]
pub struct ServedSecret {
    /// The secret.
    pub secret: AppSecret,
    /// When it stops to hold, if it does.
    pub valid_until: Option<OffsetDateTime>,
}

impl Endpoint {
    /// Derives what serving it takes, once for all of its requests.
    pub fn new(tenant: Arc<ServedTenant>, flow: ServedFlow) -> Self {
        let ServedFlow { id, name, disabled, settings, active, config, flow_json } = flow;
        let scope = Scope { tenant: tenant.id, flow: id };
        let space = SessionSpace {
            scope,
            data_key: tenant.data_key.clone(),
            time_to_live: settings.session_time_to_live(),
            on_reopen: settings.on_reopen,
        };
        let version = active.as_ref().map_or(0, |active| active.version);
        let counted_as = FlowVersion { tenant: tenant.slug.clone(), flow: name.clone(), version };
        let (disabled, config) = (disabled || tenant.disabled, Arc::new(config));
        let space = Arc::new(space);
        let mut endpoint = Self { scope, tenant, name, disabled, settings, active: None, config, flow_json, space, counted_as };
        endpoint.active = active.map(|active| Arc::new(endpoint.plugin(&active)));
        endpoint
    }

    /// A version of its plugin, active or not: it reaches what it asks for, as far as that is granted.
    pub fn plugin(&self, version: &ActivePlugin) -> PluginVersion {
        PluginVersion {
            scope: self.scope,
            name: FlowVersion { version: version.version, ..self.counted_as.clone() },
            digest: version.digest,
            limits: CallLimits::from(&self.settings.limits),
            capabilities: Arc::new(version.requests.in_common_with(&self.settings.grants)),
            config: self.config.clone(),
        }
    }

    /// What the phone would check a reply against, if that is known.
    pub fn reply_rules(&self) -> Option<&ReplyRules> {
        self.flow_json.rules()
    }
}

impl ServedTenant {
    /// Puts the parts together, all of them open.
    pub fn new(
        id: TenantId,
        slug: String,
        data_key: Arc<DataKey>,
        rate: Option<Arc<RequestRate>>,
        disabled: bool,
        keys: KeyRing,
        app_secrets: Vec<ServedSecret>,
    ) -> Self {
        Self { id, slug, data_key, rate, disabled, keys, app_secrets }
    }

    /// The private keys, which know when each retires.
    pub fn private_keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The app secrets that are valid now: none, one, or two while a secret is being reset.
    pub fn app_secrets(&self) -> Vec<&AppSecret> {
        let now = OffsetDateTime::now_utc();
        let valid = self.app_secrets.iter().filter(|secret| secret.valid_until.is_none_or(|at| at > now));
        valid.map(|secret| &secret.secret).collect()
    }
}
