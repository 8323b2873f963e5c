//! What serving one endpoint takes, all in memory: secrets opened, keys parsed, settings read.

mod endpoints;
mod flow_json;
mod rate;

use std::sync::Arc;

use time::OffsetDateTime;

pub use endpoints::{Endpoints, EndpointsError};
pub use flow_json::{LoadedFlowJson, ServedFlowJson};
pub use rate::RequestRate;

use flowhost_protocol::crypto::{AppSecret, DataKey, KeyRing};
use flowhost_protocol::flow::{Capabilities, FlowConfig, FlowSettings};
use flowhost_protocol::ids::{PluginDigest, Scope, TenantId};

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
    pub active: Option<ActivePlugin>,
    /// What the tenant set for the plugin.
    pub config: Arc<FlowConfig>,
    /// What replies are checked against.
    pub flow_json: LoadedFlowJson,
}

/// The version of a plugin that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivePlugin {
    /// Its number in the flow.
    pub version: i32,
    /// What it consists of.
    pub digest: PluginDigest,
    /// What it may reach outside: what it asks for, as far as it is granted.
    pub capabilities: Arc<Capabilities>,
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

    /// Whether it or its partner is switched off.
    pub fn is_disabled(&self) -> bool {
        self.disabled
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
