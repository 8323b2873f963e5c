//! A flow's settings (`operators.md`), with their defaults and the upper bounds of its limits
//! (`SANDBOX.md`).

use std::time::Duration;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Answer, AnswerError, AnswerLimits, Capabilities, CheckedAnswer, Exchange, FlowRetention,
    OnReopen, SharedTokens, check,
};
use flowhost_flow_json::ReplyRules;

/// What a tenant sets for a flow. An absent field has its default; an error names an unknown one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FlowSettings {
    /// Which flow tokens are admitted.
    pub token_policy: TokenPolicy,
    /// How `flow_token_signature` is checked.
    pub token_signature: TokenSignature,
    /// The text of a 427, which the client shows.
    pub token_rejected_text: String,
    /// How exchanges are treated whose token is shared by many recipients.
    pub shared_tokens: SharedTokens,
    /// A token with fewer characters counts as shared.
    pub min_token_length: u32,
    /// What an INIT does to a conversation that is open.
    pub on_reopen: OnReopen,
    /// What the client gets when the plugin fails.
    pub on_failure: OnFailure,
    /// The text for `error-message`.
    pub failure_text: String,
    /// How long a session lasts from its first exchange on, in seconds.
    pub session_ttl_seconds: u32,
    /// Whether the replies of a session are kept with it, sealed, and not only the last one.
    pub keep_replies: bool,
    /// How long what exchanges leave is kept.
    pub retention: FlowRetention,
    /// What one call of the plugin may use.
    pub limits: FlowLimits,
    /// What the plugin may reach outside its sandbox.
    pub grants: Capabilities,
}

impl Default for FlowSettings {
    fn default() -> Self {
        Self {
            token_policy: TokenPolicy::Open,
            token_signature: TokenSignature::IfPresent,
            token_rejected_text: "This form is no longer available. Please ask for a new one."
                .to_owned(),
            shared_tokens: SharedTokens::StandAlone,
            min_token_length: MIN_TOKEN_LENGTH,
            on_reopen: OnReopen::Restart,
            on_failure: OnFailure::Status,
            failure_text: "Something went wrong. Please try again.".to_owned(),
            session_ttl_seconds: 3 * 24 * 60 * 60,
            keep_replies: false,
            retention: FlowRetention::default(),
            limits: FlowLimits::default(),
            grants: Capabilities::default(),
        }
    }
}

/// Which flow tokens are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenPolicy {
    /// Only tokens that this host minted.
    Minted,
    /// Any token starts a session.
    Open,
}

/// How `flow_token_signature` is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenSignature {
    /// An invalid signature is refused, a missing one is accepted.
    IfPresent,
    /// The signature is not checked.
    Ignore,
    /// An invalid or missing signature is refused.
    Required,
}

/// What the client gets when the plugin fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// If the client is on a screen, that screen again with a text; otherwise a 500.
    ErrorMessage,
    /// A 500.
    Status,
}

/// What one call of the plugin may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FlowLimits {
    /// Bytes of linear memory, all memories together.
    pub memory_bytes: u64,
    /// CPU time; time parked in a host call does not count.
    pub cpu_ms: u32,
    /// Wall time of the whole call.
    pub wall_ms: u32,
    /// Calls of the flow at the same time.
    pub concurrency: u32,
    /// Calls that may wait for a permit.
    pub queue: u32,
    /// Bytes of a reply's JSON.
    pub reply_bytes: u32,
    /// Bytes of a session's state.
    pub state_bytes: u32,
    /// Keys in the plugin's key-value store.
    pub store_keys: u32,
    /// Bytes of each value in it.
    pub store_value_bytes: u32,
    /// Outbound requests of one call.
    pub outbound_requests: u32,
    /// Bytes of the body of each response to them.
    pub outbound_response_bytes: u32,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            cpu_ms: 200,
            wall_ms: 8000,
            concurrency: 16,
            queue: 64,
            reply_bytes: 256 << 10,
            state_bytes: 64 << 10,
            store_keys: 1_000,
            store_value_bytes: 64 << 10,
            outbound_requests: 8,
            outbound_response_bytes: 4 << 20,
        }
    }
}

impl FlowSettings {
    /// The longest that a session may last from its first exchange, by its flow's settings or by
    /// the request that minted its token.
    pub const LONGEST_SESSION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// Reads settings from an object; absent fields have their defaults.
    pub fn parse(fields: Map<String, Value>) -> Result<Self, SettingsError> {
        let settings: Self = serde_path_to_error::deserialize(Value::Object(fields))
            .map_err(|error| SettingsError(error.to_string()))?;
        settings.checked()
    }

    /// These settings with the given fields replaced. `retention`, `limits` and `grants` are merged
    /// field by field, and null stands for a field's default.
    pub fn patched(&self, fields: Map<String, Value>) -> Result<Self, SettingsError> {
        let mut merged = self.to_map();
        merge(&mut merged, fields);
        Self::parse(merged)
    }

    /// The settings as a JSON object with every field.
    pub fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            other => unreachable!("settings are a JSON object, not {other:?}"),
        }
    }

    /// The settings as they are stored: a field that a release before may not know is left out while
    /// it has its default, since that release refuses what it doesn't know.
    pub fn to_stored(&self) -> Value {
        let (mut fields, defaults) = (self.to_map(), Self::default().to_map());
        for field in NEW_FIELDS {
            if fields.get(field) == defaults.get(field) {
                fields.remove(field);
            }
        }
        Value::Object(fields)
    }

    /// [`FlowSettings::session_ttl_seconds`] as a duration.
    pub fn session_time_to_live(&self) -> Duration {
        Duration::from_secs(self.session_ttl_seconds.into())
    }

    /// Checks a plugin's answer to an exchange as the flow wants it, and against what the phone
    /// takes, where that is known.
    pub fn check_answer(
        &self,
        answer: Answer,
        exchange: &Exchange,
        rules: Option<&ReplyRules>,
    ) -> Result<CheckedAnswer, AnswerError> {
        let FlowLimits { reply_bytes, state_bytes, .. } = self.limits;
        let limits =
            AnswerLimits { reply_bytes: reply_bytes as usize, state_bytes: state_bytes as usize };
        check(answer, exchange, limits, &self.token_rejected_text, rules)
    }

    /// A JSON Schema of settings, for editors, in draft 7, which they know best.
    pub fn json_schema() -> Value {
        let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
        let mut schema = settings.into_generator().into_root_schema_for::<Self>().to_value();
        let mut set = |field: &str, keyword: &str, bound: u64| {
            let pointer = format!("/properties/{}", field.replace('.', "/properties/"));
            let place = schema.pointer_mut(&pointer).expect("every field is in the schema");
            place[keyword] = Value::from(bound);
        };
        for Bounded { field, least, most, .. } in Self::default().bounded() {
            set(field, "minimum", least);
            set(field, "maximum", most);
        }
        for field in TEXTS {
            set(field, "minLength", 1);
            set(field, "maxLength", MAX_TEXT_BYTES as u64);
        }
        set("grants.http", "maxItems", MAX_GRANTED_HOSTS as u64);
        schema["title"] = Value::from("A flow's settings");
        schema["description"] = Value::from(DESCRIPTION);
        schema
    }

    /// Every number, with its bounds.
    fn bounded(&self) -> impl Iterator<Item = Bounded> {
        let limits = &self.limits;
        let numbers = [
            (
                "session_ttl_seconds",
                self.session_ttl_seconds.into(),
                1,
                Self::LONGEST_SESSION.as_secs(),
            ),
            // 256 random bits have 64 hexadecimal digits.
            ("min_token_length", self.min_token_length.into(), 0, 64),
            ("limits.memory_bytes", limits.memory_bytes, 1 << 20, MAX_MEMORY_BYTES),
            ("limits.cpu_ms", limits.cpu_ms.into(), 1, 2_000),
            // Meta gives up after 10 s; the rest is for the network and the database.
            ("limits.wall_ms", limits.wall_ms.into(), 1, 9_000),
            ("limits.concurrency", limits.concurrency.into(), 1, 64),
            ("limits.queue", limits.queue.into(), 0, 1_000),
            ("limits.reply_bytes", limits.reply_bytes.into(), 1, 1 << 20),
            ("limits.state_bytes", limits.state_bytes.into(), 0, 256 << 10),
            // Listing keys opens all keys of a flow: 5,000 take some 10 ms.
            ("limits.store_keys", limits.store_keys.into(), 0, 5_000),
            ("limits.store_value_bytes", limits.store_value_bytes.into(), 0, 256 << 10),
            // As many as fit, one after another, into the longest wall time.
            ("limits.outbound_requests", limits.outbound_requests.into(), 0, 32),
            // Each response is in the host's memory as a whole, besides the guest's.
            ("limits.outbound_response_bytes", limits.outbound_response_bytes.into(), 1, 8 << 20),
        ];
        let numbers = numbers.map(|(field, value, least, most)| Bounded {
            field,
            value: Some(value),
            least,
            most,
        });
        numbers.into_iter().chain(self.retention.bounded())
    }

    fn checked(self) -> Result<Self, SettingsError> {
        for Bounded { field, value, least, most } in self.bounded() {
            value.map_or(Ok(()), |value| within(field, value, least, most))?;
        }
        for (field, text) in TEXTS.into_iter().zip([&self.token_rejected_text, &self.failure_text])
        {
            if text.is_empty() || text.len() > MAX_TEXT_BYTES {
                return Err(SettingsError(format!(
                    "`{field}` has {} bytes; it may have 1 to {MAX_TEXT_BYTES}",
                    text.len()
                )));
            }
        }
        if self.grants.http.len() > MAX_GRANTED_HOSTS {
            return Err(SettingsError(format!(
                "`grants.http` has {} hosts; it may have {MAX_GRANTED_HOSTS}",
                self.grants.http.len()
            )));
        }
        Ok(self)
    }
}

/// A number among the settings, and what it may be.
pub(super) struct Bounded {
    /// Its name, with that of the object that it is in.
    pub(super) field: &'static str,
    /// `None` if it is not set.
    pub(super) value: Option<u64>,
    pub(super) least: u64,
    pub(super) most: u64,
}

/// Why settings were refused: names the field and its allowed values.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

impl SettingsError {
    pub(super) fn new(message: String) -> Self {
        Self(message)
    }
}

/// Fails unless a number is within its bounds.
pub(super) fn within(field: &str, value: u64, least: u64, most: u64) -> Result<(), SettingsError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(SettingsError(format!("`{field}` is {value}; it may be {least} to {most}")))
}

pub(super) fn merge(target: &mut Map<String, Value>, fields: Map<String, Value>) {
    for (name, value) in fields {
        match (target.get_mut(&name), value) {
            (_, Value::Null) => {
                target.remove(&name);
            }
            (Some(Value::Object(inner)), Value::Object(given)) => merge(inner, given),
            (_, value) => {
                target.insert(name, value);
            }
        }
    }
}

/// The most memory that any call may have: the size of a slot in the plugins' pool.
pub const MAX_MEMORY_BYTES: u64 = 64 << 20;

/// With fewer characters not even random tokens are unique to one recipient. With seven letters and
/// digits (62^7, 41.7 bits), two of a million open conversations have the same token with a
/// probability of 13 %, with eight 0.2 %. Numbers that identify recipients, such as a telephone
/// number with its country code, usually have eight or more digits.
const MIN_TOKEN_LENGTH: u32 = 8;

/// What the release before does not have. Hosts of both serve side by side during a rollout.
const NEW_FIELDS: [&str; 1] = ["keep_replies"];

/// The texts that users read.
const TEXTS: [&str; 2] = ["token_rejected_text", "failure_text"];

const DESCRIPTION: &str = "The settings of a flow, as `flowhost flow put --settings @FILE` takes them; what is left out has its default. \
    `flowhost flow update` also takes null for a default, which this schema doesn't know. Not checked here: whether a host's name is one, \
    and the bytes of texts that are not ASCII.";

/// A flow that calls more systems than this is a proxy.
const MAX_GRANTED_HOSTS: usize = 100;

/// The text has to fit on a phone's screen.
const MAX_TEXT_BYTES: usize = 1_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        let settings =
            parse(json!({"on_failure": "error-message", "limits": {"cpu_ms": 50}})).unwrap();
        assert_eq!(settings.on_failure, OnFailure::ErrorMessage);
        assert_eq!(settings.limits, FlowLimits { cpu_ms: 50, ..FlowLimits::default() });
        assert_eq!(parse(json!({})).unwrap(), FlowSettings::default());
        assert!(!settings.keep_replies, "what customers said is kept where somebody chose so");
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let settings =
            parse(json!({"failure_text": "oops", "limits": {"cpu_ms": 50, "wall_ms": 100}}))
                .unwrap();
        let patch = json!({"limits": {"cpu_ms": 60, "wall_ms": null}, "failure_text": null, "on_failure": "error-message"});
        let patched = settings.patched(patch.as_object().unwrap().clone()).unwrap();
        let expected = json!({"limits": {"cpu_ms": 60}, "on_failure": "error-message"});
        assert_eq!(patched, parse(expected).unwrap());
    }

    #[test]
    fn what_is_stored_is_known_to_the_release_before_unless_it_is_used() {
        let stored = FlowSettings::default().to_stored();
        assert!(stored.get("keep_replies").is_none() && stored.get("grants").is_some());
        let used = parse(json!({"keep_replies": true})).unwrap();
        assert_eq!(used.to_stored()["keep_replies"], true);
        assert_eq!(parse(used.to_stored()).unwrap(), used);
        assert_eq!(parse(stored).unwrap(), FlowSettings::default());
    }

    #[test]
    fn an_error_names_the_field() {
        for (settings, named) in [
            (json!({"colour": 1}), "colour"),
            (json!({"limits": {"cpu": 1}}), "cpu"),
            (json!({"limits": {"wall_ms": 10_000}}), "limits.wall_ms"),
            (json!({"limits": {"memory_bytes": MAX_MEMORY_BYTES + 1}}), "limits.memory_bytes"),
            (json!({"session_ttl_seconds": 0}), "session_ttl_seconds"),
            (json!({"failure_text": ""}), "failure_text"),
            (json!({"token_policy": "closed"}), "token_policy"),
            (json!({"shared_tokens": "ignore"}), "shared_tokens"),
            (json!({"min_token_length": 65}), "min_token_length"),
            (json!({"retention": {"sessions_days": 0}}), "retention.sessions_days"),
            (json!({"retention": {"answered_days": 90}}), "answered_days"),
            (json!({"on_reopen": "begin"}), "on_reopen"),
            (json!({"keep_replies": "all"}), "keep_replies"),
            (json!({"limits": {"cpu_ms": -1}}), "limits.cpu_ms"),
            (json!({"grants": {"files": true}}), "files"),
            (json!({"grants": {"http": ["https://example.com"]}}), "grants.http"),
        ] {
            let error = parse(settings.clone()).unwrap_err().to_string();
            assert!(error.contains(named), "{settings}: {error}");
        }
    }

    #[test]
    fn the_schema_has_every_field_and_the_bounds_of_every_number() {
        let schema = FlowSettings::json_schema();
        for (name, value) in FlowSettings::default().to_map() {
            let written = &schema["properties"][&name];
            assert!(written["description"].is_string(), "{name}");
            for inner in value.as_object().into_iter().flat_map(Map::keys) {
                let written = &written["properties"][inner];
                assert!(written["description"].is_string(), "{name}.{inner}");
                let is_number = written["type"].to_string().contains("integer");
                assert_eq!(is_number, written["maximum"].is_u64(), "{name}.{inner}");
            }
        }
        assert_eq!(schema["properties"]["limits"]["properties"]["wall_ms"]["maximum"], 9_000);
        assert_eq!(schema["properties"]["retention"]["properties"]["sessions_days"]["minimum"], 1);
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["limits"]["additionalProperties"], false);
    }

    #[test]
    fn each_number_has_the_bounds_that_its_page_names() {
        for (field, least, most) in [
            ("session_ttl_seconds", 1, 2_592_000),
            ("min_token_length", 0, 64),
            ("limits.memory_bytes", 1_048_576, 67_108_864),
            ("limits.cpu_ms", 1, 2_000),
            ("limits.wall_ms", 1, 9_000),
            ("limits.concurrency", 1, 64),
            ("limits.queue", 0, 1_000),
            ("limits.reply_bytes", 1, 1_048_576),
            ("limits.state_bytes", 0, 262_144),
            ("limits.store_keys", 0, 5_000),
            ("limits.store_value_bytes", 0, 262_144),
            ("limits.outbound_requests", 0, 32),
            ("limits.outbound_response_bytes", 1, 8_388_608),
        ] {
            let with = |value: i64| match field.split_once('.') {
                Some((_, limit)) => parse(json!({"limits": {limit: value}})),
                None => parse(json!({ field: value })),
            };
            assert!(with(least).is_ok() && with(most).is_ok(), "{field}");
            for beyond in [least - 1, most + 1] {
                let error = with(beyond).unwrap_err().to_string();
                assert!(error.contains(field), "{field} {beyond}: {error}");
            }
        }
    }

    #[test]
    fn texts_and_lists_have_their_bounds_too() {
        for field in ["token_rejected_text", "failure_text"] {
            for (length, is_taken) in [(0, false), (1, true), (1000, true), (1001, false)] {
                let settings = parse(json!({ field: "x".repeat(length) }));
                assert_eq!(settings.is_ok(), is_taken, "{field} {length}");
            }
        }
        for (count, is_taken) in [(100, true), (101, false), (200, false)] {
            let hosts: Vec<_> = (0..count).map(|number| format!("h{number}.example.com")).collect();
            assert_eq!(parse(json!({"grants": {"http": hosts}})).is_ok(), is_taken, "{count}");
        }
    }

    #[test]
    fn a_map_of_the_settings_has_every_field_and_is_read_as_the_same() {
        let settings =
            parse(json!({"session_ttl_seconds": 60, "grants": {"store": true}})).unwrap();
        let map = settings.to_map();
        assert_eq!(
            (&map["session_ttl_seconds"], &map["on_failure"]),
            (&json!(60), &json!("status"))
        );
        assert_eq!(FlowSettings::parse(map).unwrap(), settings);
        assert_eq!(settings.session_time_to_live(), Duration::from_secs(60));
    }

    fn parse(value: Value) -> Result<FlowSettings, SettingsError> {
        FlowSettings::parse(value.as_object().unwrap().clone())
    }
}
