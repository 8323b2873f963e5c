//! Everything needed to serve one endpoint, in memory: opened secrets, parsed keys, settings.

mod endpoints;
mod flow_json;
mod rate;

use std::sync::Arc;

use time::OffsetDateTime;

pub use endpoints::{Endpoints, EndpointsError, Nowhere};
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
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The tenant's and the flow's ids.
    pub scope: Scope,
    /// The tenant that owns it.
    pub tenant: Arc<ServedTenant>,
    /// The flow's name, the last segment of its URL.
    pub name: String,
    /// Whether the flow, its tenant or its partner is switched off.
    pub disabled: bool,
    /// The flow's settings.
    pub settings: FlowSettings,
    /// The plugin that answers; `None` before the first activation.
    pub active: Option<Arc<PluginVersion>>,
    /// The values that the tenant set for the plugin.
    pub config: Arc<FlowConfig>,
    /// The rules that replies are checked against.
    pub flow_json: LoadedFlowJson,
    /// Where the flow's sessions are kept.
    pub space: Arc<SessionSpace>,
    /// The labels of its metrics: tenant, flow and active version, which is 0 if there is none.
    pub counted_as: FlowVersion,
}

/// A flow as its tenant set it up.
#[derive(Debug)]
pub struct ServedFlow {
    /// The flow's id.
    pub id: FlowId,
    /// The flow's name, the last segment of its URL.
    pub name: String,
    /// Whether the flow itself is switched off.
    pub disabled: bool,
    /// The flow's settings.
    pub settings: FlowSettings,
    /// The plugin that answers; `None` before the first activation.
    pub active: Option<ActivePlugin>,
    /// The values that the tenant set for the plugin.
    pub config: FlowConfig,
    /// The rules that replies are checked against.
    pub flow_json: LoadedFlowJson,
}

/// The version of a plugin that answers.
#[derive(Clone, Debug)]
pub struct ActivePlugin {
    /// The version's number in the flow.
    pub version: i32,
    /// The digest of the component.
    pub digest: PluginDigest,
    /// The capabilities that it asks for.
    pub requests: Capabilities,
}

/// What the flows of one tenant share.
#[derive(Debug)]
pub struct ServedTenant {
    /// The tenant's id.
    pub id: TenantId,
    /// The tenant's name in URLs.
    pub slug: String,
    /// Seals the tenant's values.
    pub data_key: Arc<DataKey>,
    /// The tenant's limit of requests per second; `None` if it has no limit.
    pub rate: Option<Arc<RequestRate>>,
    disabled: bool,
    keys: KeyRing,
    app_secrets: Vec<ServedSecret>,
}

/// An app secret of a tenant.
#[derive(Debug)]
pub struct ServedSecret {
    /// The secret that signs requests.
    pub secret: AppSecret,
    /// When the secret expires; `None` if it does not.
    pub valid_until: Option<OffsetDateTime>,
}

impl Endpoint {
    /// Makes the endpoint, once for all of its requests.
    pub fn new(tenant: Arc<ServedTenant>, flow: ServedFlow) -> Self {
        let ServedFlow { id, name, disabled, settings, active, config, flow_json } = flow;
        let scope = Scope { tenant: tenant.id, flow: id };
        let space = SessionSpace {
            scope,
            data_key: tenant.data_key.clone(),
            time_to_live: settings.session_time_to_live(),
            on_reopen: settings.on_reopen,
            keep_replies: settings.keep_replies,
        };
        let version = active.as_ref().map_or(0, |active| active.version);
        let counted_as = FlowVersion { tenant: tenant.slug.clone(), flow: name.clone(), version };
        let (disabled, config) = (disabled || tenant.disabled, Arc::new(config));
        let space = Arc::new(space);
        let mut endpoint = Self {
            scope,
            tenant,
            name,
            disabled,
            settings,
            active: None,
            config,
            flow_json,
            space,
            counted_as,
        };
        endpoint.active = active.map(|active| Arc::new(endpoint.plugin(&active)));
        endpoint
    }

    /// A version of the endpoint's plugin, active or not. It gets the capabilities that it asks for
    /// and that are granted.
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

    /// The rules that the phone checks a reply against, if they are known.
    pub fn reply_rules(&self) -> Option<&ReplyRules> {
        self.flow_json.rules()
    }
}

impl ServedTenant {
    /// Makes a tenant from opened parts.
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

    /// The private keys. Each knows when it retires.
    pub fn private_keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The app secrets that are valid now: none, one, or two while a secret is being reset.
    pub fn app_secrets(&self) -> Vec<&AppSecret> {
        let now = OffsetDateTime::now_utc();
        let valid =
            self.app_secrets.iter().filter(|secret| secret.valid_until.is_none_or(|at| at > now));
        valid.map(|secret| &secret.secret).collect()
    }
}
