//! What a step expects, and replies in the same terms.

use serde_json::{Map, Value};

use super::Answered;
use super::error::{ScenarioError, Source};
use super::fields::{Field, Fields};
use super::json::pattern;
use super::pattern::{Difference, Kind, Path, Pattern};
use flowhost_flow_json::{ERROR_MESSAGE, EXTENSION_MESSAGE_RESPONSE, SUCCESS};

/// What a step expects.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// One of [`OUTCOMES`].
    pub outcome: &'static str,
    /// What the reply must be like, in the terms of [`seen`].
    pub reply: Pattern,
    /// What the stored state must be like after the step; `None` if it isn't checked.
    pub state: Option<Pattern>,
    /// What the plugin's store must be like after the step; `None` if it isn't checked.
    pub store: Option<Pattern>,
    /// Parts of lines that the plugin must log, in this order; `None` if the log isn't checked.
    pub log: Option<Vec<String>>,
}

impl Expectation {
    /// Reads the table `expect`.
    pub(super) fn read(source: Source<'_>, field: &Field<'_>) -> Result<Self, ScenarioError> {
        let table = field.table("`expect`", &KEYS)?;
        let mut parts = Vec::new();
        for key in ["screen", "rejected"] {
            if let Some(field) = table.take(key) {
                parts.push((
                    key,
                    text_pattern(pattern(source, &field)?)
                        .ok_or_else(|| field.error(format!("`{key}` is a text")))?,
                ));
            }
        }
        if let Some(field) = table.take("completed") {
            let params = pattern(source, &field)?;
            let fits =
                matches!(params, Pattern::Object(_) | Pattern::Any(Kind::Value | Kind::Object));
            parts.push((
                "completed",
                if fits {
                    params
                } else {
                    return Err(field.error("`completed` is a table: the params"));
                },
            ));
        }
        for key in ["closed", "acknowledged", "active"] {
            if let Some(field) = table.take(key) {
                field.flag()?;
                parts.push((key, Pattern::Exactly(Value::Bool(true))));
            }
        }
        if let Some(field) = table.take("status") {
            let status = field.number(599)?;
            if !(300..600).contains(&status) || status == 427 {
                return Err(field.error(
                    "`status` is 300 to 599 and not 427: a reply is expected by what it says",
                ));
            }
            parts.push(("status", Pattern::Exactly(Value::from(status))));
        }
        let [(outcome, expected)] = <[_; 1]>::try_from(parts)
            .map_err(|_| table.error(format!("`expect` names one of {}", list())))?;
        let mut reply = vec![(outcome.to_owned(), expected)];
        reply.extend(screen_parts(source, outcome, &table)?);
        let state = table.take("state").map(|field| pattern(source, &field)).transpose()?;
        let store = table.take("store").map(|field| store_pattern(source, &field)).transpose()?;
        let log = table.take("log").map(|field| field.texts()).transpose()?;
        Ok(Self { outcome, reply: Pattern::Object(reply), state, store, log })
    }

    /// Where the answer differs from the expectation. Over the network, state, store and log are not
    /// compared: see [`Expectation::needs_inside`].
    pub fn differences(&self, came: &Answered) -> Vec<Difference> {
        let seen = seen(came);
        let mut differences = if seen.get(self.outcome).is_some() {
            self.reply.differences(&Path::default(), Some(&seen))
        } else {
            vec![Difference {
                path: Path::default(),
                expected: self.reply.written(),
                came: Some(seen),
            }]
        };
        if let Some(inside) = &came.inside {
            let state = self
                .state
                .iter()
                .flat_map(|state| state.differences(&Path::key("state"), inside.state.as_ref()));
            differences.extend(state);
            if let Some(store) = &self.store {
                let kept = Value::Object(inside.store.clone());
                differences.extend(store.differences(&Path::key("store"), Some(&kept)));
            }
            differences.extend(self.log.as_ref().and_then(|log| log_difference(log, &inside.log)));
        }
        differences
    }

    /// The parts of the expectation that can't be observed over the network.
    pub fn needs_inside(&self) -> Vec<&'static str> {
        let parts = [
            ("state", self.state.is_some()),
            ("store", self.store.is_some()),
            ("log", self.log.is_some()),
        ];
        parts.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }

    /// The expected part of the reply at `key`.
    pub fn part(&self, key: &str) -> Option<&Pattern> {
        let Pattern::Object(parts) = &self.reply else { return None };
        parts.iter().find(|(name, _)| name == key).map(|(_, part)| part)
    }
}

/// What is worth to be expected of an answer, as [`seen`] has it: without the flow token that the host
/// adds to what completes a flow. It is the conversation's, and a scenario's has the file's name in it.
pub(super) fn worth_expecting(came: &Answered) -> Value {
    let mut seen = seen(came);
    if let Some(params) = seen.get_mut("completed").and_then(Value::as_object_mut) {
        params.shift_remove("flow_token");
    }
    seen
}

/// An answer in the terms of `expect`: an object with one of [`OUTCOMES`] and, beside `screen`, the
/// `data` and the `error`.
pub fn seen(came: &Answered) -> Value {
    let mut seen = Map::new();
    let payload = came.payload.as_ref().unwrap_or(&Value::Null);
    let (screen, data) = (payload.get("screen").and_then(Value::as_str), payload.get("data"));
    let params = data.and_then(|data| data.get(EXTENSION_MESSAGE_RESPONSE)?.get("params"));
    match (came.status, screen) {
        (427, _) => {
            drop(seen.insert(
                "rejected".to_owned(),
                payload.get("error_msg").cloned().unwrap_or_default(),
            ))
        }
        (200, Some(SUCCESS)) => match params {
            Some(params) => drop(seen.insert("completed".to_owned(), params.clone())),
            None => drop(seen.insert("closed".to_owned(), Value::Bool(true))),
        },
        (200, Some(screen)) => {
            let mut data = data.cloned().unwrap_or_else(|| Value::Object(Map::new()));
            let error = data.as_object_mut().and_then(|data| data.shift_remove(ERROR_MESSAGE));
            seen.insert("screen".to_owned(), Value::from(screen));
            seen.extend(error.map(|error| ("error".to_owned(), error)));
            seen.insert("data".to_owned(), data);
        }
        (200, None) if data.and_then(|data| data.get("acknowledged")).is_some() => {
            seen.insert("acknowledged".to_owned(), Value::Bool(true));
        }
        (200, None)
            if data
                .and_then(|data| data.get("status"))
                .is_some_and(|status| status == "active") =>
        {
            seen.insert("active".to_owned(), Value::Bool(true));
        }
        (status, _) => {
            seen.insert("status".to_owned(), Value::from(status));
            seen.extend(came.payload.clone().map(|payload| ("payload".to_owned(), payload)));
        }
    }
    Value::Object(seen)
}

/// The parts that may be beside `screen`. A snackbar that is not expected is a difference, because
/// the same screen comes back for both success and failure.
fn screen_parts(
    source: Source<'_>,
    outcome: &str,
    table: &Fields<'_>,
) -> Result<Vec<(String, Pattern)>, ScenarioError> {
    let (data, error) = (table.take("data"), table.take("error"));
    if outcome != "screen" {
        let extra = data.or(error);
        return extra.map_or(Ok(Vec::new()), |field| {
            Err(field.error(format!("`{}` stands beside `screen` only", field.key())))
        });
    }
    let mut parts = Vec::new();
    if let Some(field) = data {
        let data = pattern(source, &field)?;
        let fits = matches!(data, Pattern::Object(_) | Pattern::Any(Kind::Value | Kind::Object));
        parts.push((
            "data".to_owned(),
            if fits { data } else { return Err(field.error("`data` is a table")) },
        ));
    }
    let error = match error {
        Some(field) => error_pattern(pattern(source, &field)?)
            .ok_or_else(|| field.error("`error` is the text of the snackbar"))?,
        None => Pattern::Absent,
    };
    parts.push(("error".to_owned(), error));
    Ok(parts)
}

fn store_pattern(source: Source<'_>, field: &Field<'_>) -> Result<Pattern, ScenarioError> {
    match pattern(source, field)? {
        values @ Pattern::Object(_) => Ok(values),
        _ => Err(field.error("`store` is a table: values by their keys")),
    }
}

fn text_pattern(pattern: Pattern) -> Option<Pattern> {
    let fits = matches!(
        pattern,
        Pattern::Exactly(Value::String(_)) | Pattern::Any(Kind::Text | Kind::Value)
    );
    fits.then_some(pattern)
}

fn error_pattern(pattern: Pattern) -> Option<Pattern> {
    if pattern == Pattern::Absent { Some(pattern) } else { text_pattern(pattern) }
}

/// Each part must occur in a line after the line of the part before it.
fn log_difference(parts: &[String], lines: &[String]) -> Option<Difference> {
    let mut rest = lines.iter();
    let found = parts.iter().all(|part| rest.any(|line| line.contains(part.as_str())));
    let written = |texts: &[String]| texts.iter().cloned().map(Value::from).collect::<Value>();
    (!found).then(|| Difference {
        path: Path::key("log"),
        expected: written(parts),
        came: Some(written(lines)),
    })
}

fn list() -> String {
    OUTCOMES.map(|outcome| format!("`{outcome}`")).join(", ")
}

/// The outcomes that a step can have.
pub const OUTCOMES: [&str; 7] =
    ["screen", "completed", "closed", "rejected", "acknowledged", "active", "status"];

/// All keys of `expect`.
const KEYS: [&str; 12] = [
    "screen",
    "data",
    "error",
    "completed",
    "closed",
    "rejected",
    "acknowledged",
    "active",
    "status",
    "state",
    "store",
    "log",
];
