//! The values that a tenant set for its flow's plugin, decrypted.

use super::TenantError;
use crate::store::StoredConfigValue;
use flowhost_protocol::crypto::{CryptoError, DataKey, SealContext};
use flowhost_protocol::flow::{BoundSecret, FlowConfig};
use flowhost_protocol::ids::{FlowId, TenantId};
use zeroize::Zeroizing;

/// The associated data that a value is sealed with. It says whether the value is a secret, and
/// which hosts may receive it: a row that was changed in the database to show a secret, or to send
/// it elsewhere, can't be decrypted.
pub(crate) fn flow_config_context(tenant: TenantId, value: &StoredConfigValue) -> SealContext {
    let hosts: Vec<String> = value.hosts.iter().map(ToString::to_string).collect();
    let kind = if value.secret { "secret" } else { "setting" };
    let row: [&[u8]; 5] = [
        tenant.0.as_bytes(),
        value.flow.0.as_bytes(),
        value.key.as_bytes(),
        kind.as_bytes(),
        &hosts.join(",").into_bytes(),
    ];
    SealContext::new("flow_config.sealed_value", &row)
}

/// Decrypts a value.
pub(crate) fn open_config_value(
    data_key: &DataKey,
    tenant: TenantId,
    value: &StoredConfigValue,
) -> Result<Zeroizing<String>, CryptoError> {
    let bytes = data_key.open(&flow_config_context(tenant, value), &value.sealed_value)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| CryptoError::Unsealable)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Decrypts the values of one flow.
pub(super) fn open_flow_config(
    data_key: &DataKey,
    tenant: TenantId,
    flow: FlowId,
    stored: &[StoredConfigValue],
) -> Result<FlowConfig, TenantError> {
    let shut = |source| TenantError::Sealed { tenant, what: "a flow's setting or secret", source };
    let mut config = FlowConfig::default();
    for value in stored.iter().filter(|value| value.flow == flow) {
        let text = open_config_value(data_key, tenant, value).map_err(shut)?;
        if value.secret {
            config
                .secrets
                .insert(value.key.clone(), BoundSecret { value: text, hosts: value.hosts.clone() });
        } else {
            config.settings.insert(value.key.clone(), text.to_string());
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use flowhost_protocol::crypto::Sealed;

    #[test]
    fn a_secret_opens_only_as_a_secret_for_the_hosts_it_was_bound_to() {
        let (key, tenant) = (DataKey::generate(), TenantId::new());
        let mut value = StoredConfigValue {
            flow: FlowId::new(),
            key: "api-key".to_owned(),
            sealed_value: Sealed(Vec::new()),
            secret: true,
            hosts: vec!["api.example.com".parse().unwrap()],
            updated_at: OffsetDateTime::now_utc(),
        };
        value.sealed_value = key.seal(&flow_config_context(tenant, &value), b"s3cret");
        assert_eq!(*open_config_value(&key, tenant, &value).unwrap(), "s3cret");

        for changed in [
            StoredConfigValue { secret: false, ..value.clone() },
            StoredConfigValue { hosts: vec!["evil.example.com".parse().unwrap()], ..value.clone() },
            StoredConfigValue { key: "other".to_owned(), ..value.clone() },
            StoredConfigValue { flow: FlowId::new(), ..value.clone() },
        ] {
            assert_eq!(
                open_config_value(&key, tenant, &changed),
                Err(CryptoError::Unsealable),
                "{changed:?}"
            );
            assert!(open_flow_config(&key, tenant, changed.flow, &[changed]).is_err());
        }
        let opened =
            open_flow_config(&key, tenant, value.flow, std::slice::from_ref(&value)).unwrap();
        assert_eq!(
            (opened.settings.len(), opened.secrets["api-key"].value.as_str()),
            (0, "s3cret")
        );
        assert!(!format!("{opened:?}").contains("s3cret"));
    }
}
