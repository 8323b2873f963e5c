//! Settings and secrets of a flow, for its plugin.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::changes::shown;
use super::{AdminError, FlowDesk};
use crate::store::{self, StoredConfigValue};
use crate::tenants::{flow_config_context, open_config_value};
use flowhost_api::{ConfigValueView, SetConfigValue};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::flow::HttpHost;

impl FlowDesk {
    /// Sets a setting or a secret, in place of any with the same key.
    pub async fn put_config_value(&self, key: &str, new: SetConfigValue) -> Result<(), AdminError> {
        check_key(key)?;
        let hosts = checked_hosts(&new)?;
        // Counted under the change's lock, so that two changes at once don't both find room.
        let (mut change, flow) = self.begin_flow_change().await?;
        let stored = store::list_changing_config_values(&mut change, flow.id).await?;
        check_room(&stored, key, new.value.len())?;
        let mut value = StoredConfigValue {
            flow: flow.id,
            key: key.to_owned(),
            sealed_value: Sealed(Vec::new()),
            secret: new.secret,
            hosts,
            updated_at: OffsetDateTime::now_utc(),
        };
        value.sealed_value = self
            .data_key()?
            .seal(&flow_config_context(self.tenant().id, &value), new.value.as_bytes());
        store::put_config_value(&mut change, &value).await?;
        let mut record = self.record("flow-config.set");
        record.target = Some(self.target(key));
        record.before = stored
            .iter()
            .find(|stored| stored.key == key)
            .and_then(|before| shown(&described(before)));
        record.after = shown(&described(&value));
        self.finish(change, record).await
    }

    /// The flow's settings with their values, and its secrets without theirs.
    pub async fn list_config_values(&self) -> Result<Vec<ConfigValueView>, AdminError> {
        let data_key = self.data_key()?;
        let tenant = self.tenant().id;
        let view = |stored: StoredConfigValue| {
            let open =
                || open_config_value(&data_key, tenant, &stored).map(|text| text.to_string());
            let value = if stored.secret {
                None
            } else {
                Some(open().map_err(|error| AdminError::Sealed("setting", error))?)
            };
            let StoredConfigValue { key, secret, hosts, updated_at, .. } = stored;
            let hosts = hosts.into_iter().map(String::from).collect();
            Ok(ConfigValueView { key, value, secret, hosts, updated_at: updated_at.into() })
        };
        let mut stored = store::list_config_values(self.store(), tenant).await?;
        stored.retain(|value| value.flow == self.flow().id);
        stored.into_iter().map(view).collect()
    }

    /// Deletes a setting or a secret.
    pub async fn delete_config_value(&self, key: &str) -> Result<(), AdminError> {
        let (mut change, flow) = self.begin_flow_change().await?;
        let stored = store::list_changing_config_values(&mut change, flow.id).await?;
        let before = stored
            .iter()
            .find(|stored| stored.key == key)
            .ok_or(AdminError::NotFound("setting"))?;
        store::delete_config_value(&mut change, flow.id, key).await?;
        let mut record = self.record("flow-config.delete");
        (record.target, record.before) = (Some(self.target(key)), shown(&described(before)));
        self.finish(change, record).await
    }

    /// The name of a value in the audit log.
    fn target(&self, key: &str) -> String {
        format!("{}/{key}", self.flow().name)
    }
}

/// What the audit log keeps of a value. Never the value itself, not even a setting's: values are
/// stored sealed, and the log is not sealed.
fn described(value: &StoredConfigValue) -> Value {
    json!({ "secret": value.secret, "hosts": value.hosts })
}

/// Keys are used in `{{secret:KEY}}` and in URLs.
fn check_key(key: &str) -> Result<(), AdminError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // `.` and `..` are dot segments of a URL's path.
    let is_step = key.bytes().all(|byte| byte == b'.');
    if is_step || key.len() > MAX_KEY_BYTES || !key.bytes().all(fits) {
        return Err(AdminError::Invalid(format!(
            "a key has 1 to {MAX_KEY_BYTES} letters, digits, '-', '_' and '.'"
        )));
    }
    Ok(())
}

/// The hosts of a secret, without duplicates.
fn checked_hosts(new: &SetConfigValue) -> Result<Vec<HttpHost>, AdminError> {
    let problem = if new.secret && new.value.is_empty() {
        "a secret can't be empty".to_owned()
    } else if new.secret && new.hosts.is_empty() {
        "a secret needs `hosts` that it may be sent to, for example [\"api.example.com:443\"]: nobody else gets it".to_owned()
    } else if !new.secret && !new.hosts.is_empty() {
        "`hosts` are for secrets: a setting is the plugin's to read".to_owned()
    } else if new.hosts.len() > MAX_HOSTS {
        format!("a secret may have {MAX_HOSTS} hosts")
    } else {
        let mut hosts = new.hosts.clone();
        hosts.sort();
        hosts.dedup();
        return Ok(hosts);
    };
    Err(AdminError::Invalid(problem))
}

/// Fails if a value of this size has no room beside the others of its flow.
fn check_room(stored: &[StoredConfigValue], key: &str, bytes: usize) -> Result<(), AdminError> {
    let others = || stored.iter().filter(|other| other.key != key);
    let all: usize = others().map(|other| other.sealed_value.0.len()).sum();
    let problem = if bytes > MAX_VALUE_BYTES {
        format!("a value may have {MAX_VALUE_BYTES} bytes; this one has {bytes}")
    } else if others().count() >= MAX_KEYS {
        format!("a flow may have {MAX_KEYS} settings and secrets")
    } else if all + bytes > MAX_ALL_BYTES {
        format!("the settings and secrets of a flow may have {MAX_ALL_BYTES} bytes together")
    } else {
        return Ok(());
    };
    Err(AdminError::Invalid(problem))
}

/// Fits `PAYMENTS_PROVIDER_SANDBOX_API_KEY`, and is still short in a placeholder.
const MAX_KEY_BYTES: usize = 64;

/// A private key in PEM has 2 KiB.
const MAX_VALUE_BYTES: usize = 16 << 10;

/// Settings and secrets together. A plugin that needs more has documents, and those belong in its
/// key-value store.
const MAX_KEYS: usize = 64;

/// Every host keeps all values in memory.
const MAX_ALL_BYTES: usize = 64 << 10;

const MAX_HOSTS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_fit_into_placeholders_and_urls() {
        for key in ["a", "api-key", "API_KEY.2", &"k".repeat(MAX_KEY_BYTES)] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for key in ["", ".", "..", "a b", "a}}", "a/b", "é", "a\n", &"k".repeat(MAX_KEY_BYTES + 1)]
        {
            assert!(check_key(key).is_err(), "{key:?}");
        }
    }
}
