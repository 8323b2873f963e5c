//! Opens what the database has of a tenant and its flows, so that they can be served.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{TenantError, open_flow_config};
use crate::store::{
    ActiveVersion, StoredAppSecret, StoredConfigValue, StoredFlow, StoredKey, StoredTenant,
};
use flowhost_exchange::endpoint::{
    ActivePlugin, Endpoint, LoadedFlowJson, RequestRate, ServedFlow, ServedSecret, ServedTenant,
};
use flowhost_protocol::crypto::{
    AppSecret, CryptoError, DataKey, KeyRing, MasterKeys, PrivateKey, RingKey, SealContext,
};
use flowhost_protocol::flow::FlowSettings;
use flowhost_protocol::ids::{AppSecretId, KeyId, TenantId};

/// Opens a tenant's secrets. Takes about 300 us for each key.
pub(super) fn open_tenant(
    master: &MasterKeys,
    tenant: &StoredTenant,
    keys: &[StoredKey],
    app_secrets: &[StoredAppSecret],
    rate: Option<Arc<RequestRate>>,
) -> Result<ServedTenant, TenantError> {
    let data_key = open_data_key(master, tenant)?;
    let shut = |what| move |source| TenantError::Sealed { tenant: tenant.id, what, source };
    let now = OffsetDateTime::now_utc();
    let working = keys.iter().filter(|key| key.retires_at.is_none_or(|at| at > now));
    let keys = working
        .map(|key| open_key(&data_key, tenant.id, key))
        .collect::<Result<_, _>>()
        .map_err(shut("a private key"))?;
    let app_secrets = app_secrets
        .iter()
        .map(|secret| open_app_secret(&data_key, tenant.id, secret))
        .collect::<Result<_, _>>()
        .map_err(shut("an app secret"))?;
    let disabled = tenant.disabled || tenant.partner_disabled;
    let data_key = Arc::new(data_key);
    Ok(ServedTenant::new(
        tenant.id,
        tenant.slug.clone(),
        data_key,
        rate,
        disabled,
        KeyRing::new(keys),
        app_secrets,
    ))
}

/// Reads a flow's settings, and decrypts its entries in `config`.
pub(super) fn open_endpoint(
    tenant: Arc<ServedTenant>,
    flow: StoredFlow,
    config: &[StoredConfigValue],
    flow_json: LoadedFlowJson,
) -> Result<Endpoint, TenantError> {
    let unreadable = |reason: String| TenantError::Settings {
        tenant: tenant.id,
        flow: flow.name.clone(),
        reason,
    };
    let settings = match flow.settings {
        serde_json::Value::Object(map) => {
            FlowSettings::parse(map).map_err(|error| unreadable(error.to_string()))?
        }
        _ => return Err(unreadable("they are not an object".to_owned())),
    };
    let config = open_flow_config(&tenant.data_key, tenant.id, flow.id, config)?;
    let flow = ServedFlow {
        id: flow.id,
        disabled: flow.disabled,
        active: flow.active.map(|ActiveVersion { version, digest, requests }| ActivePlugin {
            version,
            digest,
            requests,
        }),
        config,
        flow_json,
        name: flow.name,
        settings,
    };
    Ok(Endpoint::new(tenant, flow))
}

/// Decrypts a tenant's data key.
pub(crate) fn open_data_key(
    master: &MasterKeys,
    tenant: &StoredTenant,
) -> Result<DataKey, TenantError> {
    master
        .open_data_key(tenant.id.0.as_bytes(), &tenant.sealed_data_key)
        .map_err(|source| TenantError::Sealed { tenant: tenant.id, what: "the data key", source })
}

/// The associated data that a private key is sealed with.
pub fn private_key_context(tenant: TenantId, key: KeyId) -> SealContext {
    SealContext::new("key_pairs.sealed_private_key", &[tenant.0.as_bytes(), key.0.as_bytes()])
}

/// The associated data that an app secret is sealed with.
pub fn app_secret_context(tenant: TenantId, secret: AppSecretId) -> SealContext {
    SealContext::new("app_secrets.sealed_secret", &[tenant.0.as_bytes(), secret.0.as_bytes()])
}

fn open_key(data_key: &DataKey, tenant: TenantId, key: &StoredKey) -> Result<RingKey, CryptoError> {
    let pkcs8 = data_key.open(&private_key_context(tenant, key.id), &key.sealed_private_key)?;
    Ok(RingKey { key: PrivateKey::from_pkcs8(&pkcs8)?, retires_at: key.retires_at })
}

fn open_app_secret(
    data_key: &DataKey,
    tenant: TenantId,
    secret: &StoredAppSecret,
) -> Result<ServedSecret, CryptoError> {
    let bytes = data_key.open(&app_secret_context(tenant, secret.id), &secret.sealed_secret)?;
    Ok(ServedSecret { secret: AppSecret::new(bytes.to_vec()), valid_until: secret.valid_until })
}
