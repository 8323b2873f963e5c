//! What serving one endpoint takes, all in memory: secrets opened, keys parsed, settings read.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{LoadedFlowJson, RequestRate, TenantError, open_flow_config};
use crate::store::{StoredAppSecret, StoredConfigValue, StoredFlow, StoredKey, StoredTenant};
use flowhost_protocol::crypto::{AppSecret, CryptoError, DataKey, KeyRing, MasterKeys, Place, PrivateKey, RingKey};
use flowhost_protocol::flow::{Capabilities, FlowConfig, FlowSettings};
use flowhost_protocol::ids::{AppSecretId, KeyId, PluginDigest, Scope, TenantId};

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

#[derive(Debug)]
struct ServedSecret {
    secret: AppSecret,
    valid_until: Option<OffsetDateTime>,
}

impl ServedTenant {
    /// Opens a tenant's secrets. Takes about 300 us for each key.
    pub fn open(
        master: &MasterKeys,
        tenant: &StoredTenant,
        keys: &[StoredKey],
        app_secrets: &[StoredAppSecret],
        rate: Option<Arc<RequestRate>>,
    ) -> Result<Self, TenantError> {
        let data_key = open_data_key(master, tenant)?;
        let shut = |what| move |source| TenantError::Sealed { tenant: tenant.id, what, source };
        let now = OffsetDateTime::now_utc();
        let working = keys.iter().filter(|key| key.retires_at.is_none_or(|at| at > now));
        let keys =
            working.map(|key| open_key(&data_key, tenant.id, key)).collect::<Result<_, _>>().map_err(shut("a private key"))?;
        let app_secrets = app_secrets
            .iter()
            .map(|secret| open_app_secret(&data_key, tenant.id, secret))
            .collect::<Result<_, _>>()
            .map_err(shut("an app secret"))?;
        Ok(Self {
            id: tenant.id,
            slug: tenant.slug.clone(),
            data_key: Arc::new(data_key),
            rate,
            disabled: tenant.disabled || tenant.partner_disabled,
            keys: KeyRing::new(keys),
            app_secrets,
        })
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

impl Endpoint {
    /// Reads a flow's settings, and opens what is `config` of it.
    pub fn open(
        tenant: Arc<ServedTenant>,
        flow: StoredFlow,
        config: &[StoredConfigValue],
        flow_json: LoadedFlowJson,
    ) -> Result<Self, TenantError> {
        let unreadable = |reason: String| TenantError::Settings { tenant: tenant.id, flow: flow.name.clone(), reason };
        let settings = match flow.settings {
            serde_json::Value::Object(map) => FlowSettings::parse(map).map_err(|error| unreadable(error.to_string()))?,
            _ => return Err(unreadable("they are not an object".to_owned())),
        };
        let config = open_flow_config(&tenant.data_key, tenant.id, flow.id, config)?;
        Ok(Self {
            scope: Scope { tenant: tenant.id, flow: flow.id },
            disabled: flow.disabled || tenant.disabled,
            active: flow.active.map(|active| ActivePlugin {
                version: active.version,
                digest: active.digest,
                capabilities: Arc::new(active.requests.in_common_with(&settings.grants)),
            }),
            config: Arc::new(config),
            flow_json,
            name: flow.name,
            settings,
            tenant,
        })
    }
}

/// Opens a tenant's data key.
pub fn open_data_key(master: &MasterKeys, tenant: &StoredTenant) -> Result<DataKey, TenantError> {
    master.open_data_key(tenant.id.0.as_bytes(), &tenant.sealed_data_key).map_err(|source| TenantError::Sealed {
        tenant: tenant.id,
        what: "the data key",
        source,
    })
}

/// Where a private key is sealed for.
pub fn private_key_place(tenant: TenantId, key: KeyId) -> Place {
    Place::new("key_pairs.sealed_private_key", &[tenant.0.as_bytes(), key.0.as_bytes()])
}

/// Where an app secret is sealed for.
pub fn app_secret_place(tenant: TenantId, secret: AppSecretId) -> Place {
    Place::new("app_secrets.sealed_secret", &[tenant.0.as_bytes(), secret.0.as_bytes()])
}

fn open_key(data_key: &DataKey, tenant: TenantId, key: &StoredKey) -> Result<RingKey, CryptoError> {
    let pkcs8 = data_key.open(&private_key_place(tenant, key.id), &key.sealed_private_key)?;
    Ok(RingKey { key: PrivateKey::from_pkcs8(&pkcs8)?, retires_at: key.retires_at })
}

fn open_app_secret(data_key: &DataKey, tenant: TenantId, secret: &StoredAppSecret) -> Result<ServedSecret, CryptoError> {
    let bytes = data_key.open(&app_secret_place(tenant, secret.id), &secret.sealed_secret)?;
    Ok(ServedSecret { secret: AppSecret::new(bytes.to_vec()), valid_until: secret.valid_until })
}
