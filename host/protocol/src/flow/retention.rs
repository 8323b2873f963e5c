//! How long what exchanges leave is kept. Fields count days; what is over is deleted within hours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::settings::{Bounded, SettingsError, merge, within};

/// What a flow says. An absent field is what its tenant says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FlowRetention {
    /// Sessions from their end on, with state, last reply and clients' reports.
    pub sessions_days: Option<u32>,
    /// Exchanges: which screen followed which, and when.
    pub exchanges_days: Option<u32>,
    /// Lines of the plugin's log.
    pub plugin_log_days: Option<u32>,
}

/// What a tenant says for all its flows. An absent field has its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TenantRetention {
    /// As [`FlowRetention::sessions_days`].
    pub sessions_days: u32,
    /// As [`FlowRetention::exchanges_days`].
    pub exchanges_days: u32,
    /// As [`FlowRetention::plugin_log_days`].
    pub plugin_log_days: u32,
    /// Digests of answered requests, by which a copy is refused. Those of a session stay at least as
    /// long as the session.
    pub answered_days: u32,
}

impl Default for TenantRetention {
    fn default() -> Self {
        Self { sessions_days: 30, exchanges_days: 30, plugin_log_days: 7, answered_days: 90 }
    }
}

impl FlowRetention {
    /// Every number, with its bounds.
    pub(super) fn bounded(&self) -> impl Iterator<Item = Bounded> + use<> {
        let numbers = [
            ("retention.sessions_days", self.sessions_days),
            ("retention.exchanges_days", self.exchanges_days),
            ("retention.plugin_log_days", self.plugin_log_days),
        ];
        let bounded = |(field, days): (&'static str, Option<u32>)| Bounded {
            field,
            value: days.map(u64::from),
            least: 1,
            most: MOST_DAYS,
        };
        numbers.into_iter().map(bounded)
    }
}

impl TenantRetention {
    /// Reads what is stored of it; absent fields have their defaults.
    pub fn parse(fields: Map<String, Value>) -> Result<Self, SettingsError> {
        let retention: Self = serde_path_to_error::deserialize(Value::Object(fields))
            .map_err(|error| SettingsError::new(format!("retention: {error}")))?;
        for (field, days, least) in [
            ("retention.sessions_days", retention.sessions_days, 1),
            ("retention.exchanges_days", retention.exchanges_days, 1),
            ("retention.plugin_log_days", retention.plugin_log_days, 1),
            ("retention.answered_days", retention.answered_days, LEAST_ANSWERED_DAYS),
        ] {
            within(field, days.into(), least, MOST_DAYS)?;
        }
        Ok(retention)
    }

    /// What is to be stored when the given fields change: null stands for a field's default, and a
    /// field that was never set follows its default.
    pub fn patch(
        mut stored: Map<String, Value>,
        fields: Map<String, Value>,
    ) -> Result<Map<String, Value>, SettingsError> {
        merge(&mut stored, fields);
        Self::parse(stored.clone()).map(|_| stored)
    }
}

/// Ten years. Who must keep something for longer keeps it in a system of their own.
const MOST_DAYS: u64 = 3_650;

/// Meta repeats requests within minutes; a week covers a weekend without anybody at work.
const LEAST_ANSWERED_DAYS: u64 = 7;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_keeps_what_it_does_not_name_and_null_is_the_default() {
        let stored = fields(json!({"sessions_days": 5, "answered_days": 100}));
        let patched = TenantRetention::patch(
            stored,
            fields(json!({"sessions_days": null, "exchanges_days": 9})),
        );
        let patched = patched.unwrap();
        assert_eq!(patched, fields(json!({"exchanges_days": 9, "answered_days": 100})));
        let expected =
            TenantRetention { exchanges_days: 9, answered_days: 100, ..TenantRetention::default() };
        assert_eq!(TenantRetention::parse(patched).unwrap(), expected);
    }

    #[test]
    fn each_number_has_its_bounds() {
        for (field, least) in [
            ("sessions_days", 1),
            ("exchanges_days", 1),
            ("plugin_log_days", 1),
            ("answered_days", 7),
        ] {
            let with = |days: u64| TenantRetention::parse(fields(json!({ field: days })));
            assert!(with(least).is_ok() && with(3_650).is_ok(), "{field}");
            for beyond in [least - 1, 3_651] {
                let error = with(beyond).unwrap_err().to_string();
                assert!(error.contains(field), "{field} {beyond}: {error}");
            }
        }
        let unknown = TenantRetention::parse(fields(json!({"days": 1}))).unwrap_err().to_string();
        assert!(unknown.contains("retention") && unknown.contains("days"), "{unknown}");
    }

    fn fields(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }
}
