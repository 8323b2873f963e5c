//! The settings of a flow: every one but the grants, which have a place of their own.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use crate::parts::{Field, Holds, choice, folded, panel, smooth_form};
use crate::{Viewer, paths};
use flowhost_api::{FlowView, Right};

/// A setting as people see it.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its name, with that of the object that it is in: `limits.cpu_ms`.
    pub(super) name: &'static str,
    label: &'static str,
    is: Is,
}

#[derive(Debug)]
enum Is {
    /// One of these; the second of each is for people.
    OneOf(&'static [(&'static str, &'static str)]),
    /// True or false, said like this.
    Either(&'static [(&'static str, &'static str)]),
    /// A text that users read.
    Text,
    /// A whole number; empty stands for the default.
    Number,
    /// The same, for which the default is what the tenant says.
    Days,
}

pub(super) fn section(viewer: &Viewer, tenant: &str, flow: &FlowView) -> Markup {
    let path = paths::of_flow(tenant, &flow.name, "settings");
    panel(
        "settings",
        "Settings",
        html! {
            details {
                summary { "Show them" }
                dl.facts {
                    @for setting in all() {
                        dt { (setting.label) }
                        dd { (shown(setting, &flow.settings)) }
                    }
                }
            }
            @if viewer.may(Right::Deploy) {
                (folded("Change them", smooth_form(viewer, &path, html! {
                    @for (title, settings) in GROUPS {
                        fieldset.group {
                            legend { (title) }
                            @for setting in *settings { (field(setting, &flow.settings)) }
                        }
                    }
                    button.primary { "Save" }
                })))
            }
        },
    )
}

/// What a form changes of these settings, in the form that the API takes. Fields that are no
/// settings are left out. Fails with what is wrong with the form.
pub fn changed_settings(
    now: &Map<String, Value>,
    fields: &[(String, String)],
) -> Result<Map<String, Value>, String> {
    let mut changed = Map::new();
    for (name, text) in fields {
        let Some(setting) = all().find(|setting| setting.name == name) else { continue };
        let value = setting.read(text)?;
        if value == value_of(setting, now) {
            continue;
        }
        match setting.name.split_once('.') {
            None => drop(changed.insert(setting.name.to_owned(), value)),
            Some((group, name)) => {
                let inner = changed.entry(group).or_insert_with(|| json!({}));
                inner[name] = value;
            }
        }
    }
    Ok(changed)
}

impl Setting {
    fn read(&self, text: &str) -> Result<Value, String> {
        match self.is {
            Is::OneOf(_) => Ok(text.into()),
            Is::Either(_) => text
                .parse()
                .map(Value::Bool)
                .map_err(|_| format!("\"{}\" is true or false.", self.label)),
            // A browser ends each line with two characters.
            Is::Text => Ok(text.replace("\r\n", "\n").into()),
            Is::Number | Is::Days if text.trim().is_empty() => Ok(Value::Null),
            Is::Number | Is::Days => {
                let number = text.trim().parse::<u64>();
                let wrong = |_| format!("\"{}\" is a whole number, or empty.", self.label);
                number.map(Value::from).map_err(wrong)
            }
        }
    }
}

fn field(setting: &Setting, settings: &Map<String, Value>) -> Markup {
    let value = text_of(&value_of(setting, settings));
    let Setting { name, label, is } = setting;
    let plain = Field { form: "settings", name, label, value: &value, ..Field::default() };
    match is {
        Is::OneOf(options) | Is::Either(options) => {
            choice("settings", name, label, options, &value)
        }
        Is::Text => Field { holds: Holds::Lines, required: true, ..plain }.draw(),
        Is::Number => Field { holds: Holds::Number, hint: "Empty: the default.", ..plain }.draw(),
        Is::Days => Field { holds: Holds::Number, hint: "Empty: as the tenant.", ..plain }.draw(),
    }
}

fn shown(setting: &Setting, settings: &Map<String, Value>) -> String {
    let value = text_of(&value_of(setting, settings));
    match setting.is {
        Is::OneOf(options) | Is::Either(options) => {
            let known = options.iter().find(|(name, _)| *name == value);
            known.map_or(value, |(_, text)| (*text).to_owned())
        }
        _ if value.is_empty() => "as the tenant".to_owned(),
        _ => value,
    }
}

fn value_of(setting: &Setting, settings: &Map<String, Value>) -> Value {
    let found = match setting.name.split_once('.') {
        None => settings.get(setting.name),
        Some((group, name)) => settings.get(group).and_then(|group| group.get(name)),
    };
    found.cloned().unwrap_or_default()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Every setting.
pub(super) fn all() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter().flat_map(|(_, settings)| *settings)
}

const fn setting(name: &'static str, label: &'static str, is: Is) -> Setting {
    Setting { name, label, is }
}

const GROUPS: &[(&str, &[Setting])] = &[
    ("Flow tokens", TOKENS),
    ("Conversations", CONVERSATIONS),
    ("When the plugin fails", FAILURES),
    ("How long things are kept", RETENTION),
    ("Limits of one call", LIMITS),
];

const TOKENS: &[Setting] = &[
    setting(
        "token_policy",
        "Which tokens are admitted",
        Is::OneOf(&[
            ("open", "any token starts a session"),
            ("minted", "only tokens that this host minted"),
        ]),
    ),
    setting(
        "token_signature",
        "Signatures of tokens",
        Is::OneOf(&[
            ("if-present", "an invalid one is refused, a missing one accepted"),
            ("required", "an invalid or missing one is refused"),
            ("ignore", "not checked"),
        ]),
    ),
    setting("token_rejected_text", "What users read when their token is not admitted", Is::Text),
    setting(
        "shared_tokens",
        "Tokens that many recipients share",
        Is::OneOf(&[
            ("stand-alone", "each exchange is answered on its own"),
            ("refuse", "refused"),
            ("trust", "count as one recipient's own"),
        ]),
    ),
    setting("min_token_length", "A token with fewer characters counts as shared", Is::Number),
];

const CONVERSATIONS: &[Setting] = &[
    setting(
        "on_reopen",
        "When a conversation is opened again",
        Is::OneOf(&[
            ("restart", "it restarts without state"),
            ("continue", "the plugin gets the previous state"),
        ]),
    ),
    setting("session_ttl_seconds", "Seconds that a session lasts", Is::Number),
    setting(
        "keep_replies",
        KEEP_REPLIES,
        Is::Either(&[
            ("false", "the last reply of a session"),
            ("true", "a session's replies, sealed, for who may open them here"),
        ]),
    ),
];

/// What the setting `keep_replies` is called, here and on the pages of sessions.
pub(crate) const KEEP_REPLIES: &str = "Replies that are kept";

const FAILURES: &[Setting] = &[
    setting(
        "on_failure",
        "The phone gets",
        Is::OneOf(&[("status", "a 500"), ("error-message", "the screen again with a text")]),
    ),
    setting("failure_text", "That text", Is::Text),
];

const RETENTION: &[Setting] = &[
    setting("retention.sessions_days", "Days for sessions, from their end on", Is::Days),
    setting("retention.exchanges_days", "Days for exchanges", Is::Days),
    setting("retention.plugin_log_days", "Days for log lines", Is::Days),
];

const LIMITS: &[Setting] = &[
    setting("limits.memory_bytes", "Bytes of memory", Is::Number),
    setting("limits.cpu_ms", "Milliseconds of CPU time", Is::Number),
    setting("limits.wall_ms", "Milliseconds of time in all", Is::Number),
    setting("limits.concurrency", "Calls at the same time", Is::Number),
    setting("limits.queue", "Calls that may wait", Is::Number),
    setting("limits.reply_bytes", "Bytes of a reply", Is::Number),
    setting("limits.state_bytes", "Bytes of a session's state", Is::Number),
    setting("limits.store_keys", "Keys in its store", Is::Number),
    setting("limits.store_value_bytes", "Bytes of a value in it", Is::Number),
    setting("limits.outbound_requests", "Requests to others", Is::Number),
    setting("limits.outbound_response_bytes", "Bytes of a response to them", Is::Number),
];
