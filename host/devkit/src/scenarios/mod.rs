//! Scenarios: scripted conversations with a flow, written in TOML. They say what the client sends,
//! what must come back, and what surrounds the plugin meanwhile. `host/docs/scenarios.md` is the
//! reference of the format.
//!
//! A scenario does not know who answers it: [`Scenario::play`] asks an implementation of
//! [`Answers`], in the sandbox of this process or over the network. No I/O here.

mod error;
mod expectation;
mod fields;
mod json;
mod pattern;
mod picked;
mod play;
mod record;
mod schema;
mod settings;
mod surroundings;
#[cfg(test)]
mod tests;
mod update;
mod widening;
mod written;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use toml_edit::Document;

pub use error::ScenarioError;
pub use expectation::{Expectation, OUTCOMES, seen};
pub use pattern::{At, Difference, Kind, Path, Pattern};
pub use picked::complete_references;
pub use play::{Answered, Answers, Inside, NoAnswer, Played, PlayedStep, Request, Usage};
pub use record::{RecordedFile, Recording, expecting};
pub use schema::json_schema;
pub use settings::Settings;
pub use surroundings::{
    BodyPattern, HttpAnswer, HttpFailure, HttpFake, MediaContent, MediaFailure, MediaFake,
    Surroundings,
};
pub use update::{Update, update};

use self::error::Source;
use self::fields::{Field, Fields};

/// A conversation to play.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The name of its file, without the extension.
    pub name: String,
    /// The conversation's flow token. By default it is `scenario` and the name.
    pub flow_token: String,
    /// Whether the requests carry a valid signature of the token.
    pub signed_token: bool,
    /// Whether the host minted the token, which is also the case if a context is attached to it.
    pub minted_token: bool,
    /// The flow's settings.
    pub settings: Settings,
    /// The data API version that the client sends.
    pub data_api_version: String,
    /// The context that the business attached to the token.
    pub context: Option<Value>,
    /// The plugin's clock at the start.
    pub now: Option<OffsetDateTime>,
    /// The seed of the plugin's random numbers.
    pub seed: Option<u64>,
    /// Settings, store, hosts and files around the plugin.
    pub surroundings: Surroundings,
    /// The steps in order, at least one.
    pub steps: Vec<Step>,
}

/// One request, and what must come back.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The line of the text that it begins on.
    pub line: usize,
    /// The plugin's clock from this step on, if it is set here.
    pub now: Option<OffsetDateTime>,
    /// What the client sends.
    pub send: Send,
    /// What must come back; `None` if the step says nothing yet.
    pub expect: Option<Expectation>,
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Send {
    /// Meta's health check.
    Ping,
    /// The request of an earlier step once more, unchanged.
    Repeat {
        /// The number of that step, counted from 1. It is not a repeat itself.
        step: usize,
    },
    /// A user's step.
    Exchange {
        /// `INIT`, `BACK` or `data_exchange`.
        action: &'static str,
        /// The screen that the user is on; `None` for `INIT`.
        screen: Option<String>,
        /// The form's fields: an object.
        data: Value,
    },
    /// The client reports that it could not use the last reply.
    Error {
        /// Meta's error key.
        key: String,
        /// Meta's text for the error.
        message: String,
        /// The screen that was shown.
        screen: Option<String>,
    },
}

impl Scenario {
    /// Reads a scenario. `name` is its file's, without the extension.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let source = Source(text);
        let document =
            Document::parse(text).map_err(|error| source.error(&error.span(), error.message()))?;
        let fields = Fields::of(source, "a scenario", &KEYS, None, document.as_table())?;
        let flow_token = fields
            .take("flow_token")
            .map_or(Ok(format!("scenario {name}")), |field| field.text())?;
        let signed_token =
            fields.take("signed_token").map(|field| field.flag()).transpose()?.is_some();
        let settings = Settings::read(source, &fields)?;
        let version = fields
            .take("data_api_version")
            .map_or(Ok(DATA_API_VERSION.to_owned()), |field| field.text())?;
        let context =
            fields.take("context").map(|field| json::object(source, &field)).transpose()?;
        let minted_token =
            fields.take("minted_token").map(|field| field.flag()).transpose()?.is_some()
                || context.is_some();
        let now = fields.take("now").map(|field| field.moment()).transpose()?;
        let seed = fields.take("seed").map(|field| field.number(i64::MAX as u64)).transpose()?;
        let surroundings = Surroundings::read(source, &fields)?;
        let steps = fields
            .take("step")
            .ok_or_else(|| fields.error("a scenario has at least one [[step]]"))?;
        let steps = Step::read_all(source, &steps.tables("a step", &["send", "expect", "now"])?)?;
        Ok(Self {
            name: name.to_owned(),
            flow_token,
            signed_token,
            minted_token,
            settings,
            data_api_version: version,
            context,
            now,
            seed,
            surroundings,
            steps,
        })
    }

    /// The request of a step; `number` is the step's, counted from 1.
    fn request(&self, number: usize, step: &Step, now: Option<OffsetDateTime>) -> Request {
        if let Send::Repeat { step } = step.send {
            return self.request(step, &self.steps[step - 1], now);
        }
        let mut payload =
            Map::from_iter([("version".to_owned(), Value::from(self.data_api_version.as_str()))]);
        let mut put = |key: &str, value: Value| drop(payload.insert(key.to_owned(), value));
        let screen = |screen: &Option<String>| Value::from(screen.as_deref().unwrap_or_default());
        match &step.send {
            Send::Ping => put("action", Value::from("ping")),
            Send::Repeat { .. } => unreachable!("a repeat is the request of a step that is none"),
            Send::Exchange { action, screen: name, data } => {
                put("action", Value::from(*action));
                put("screen", screen(name));
                put("data", data.clone());
                put("flow_token", Value::from(self.flow_token.as_str()));
            }
            Send::Error { key, message, screen: name } => {
                put("action", Value::from("data_exchange"));
                put("screen", screen(name));
                put("data", json!({ "error": key, "error_message": message }));
                put("flow_token", Value::from(self.flow_token.as_str()));
            }
        }
        // Pings and error notifications never carry a signature (`protocol.md` section 3).
        let signed = self.signed_token && matches!(step.send, Send::Exchange { .. });
        Request { number, payload: Value::Object(payload), signed, now }
    }

    /// The settings for the sandbox that the scenario has, besides its surroundings.
    fn sandbox_settings(&self) -> Vec<&'static str> {
        let has_now = self.now.is_some() || self.steps.iter().any(|step| step.now.is_some());
        let minted_alone = self.minted_token && self.context.is_none();
        let parts = [
            ("context", self.context.is_some()),
            ("minted_token", minted_alone),
            ("now", has_now),
            ("seed", self.seed.is_some()),
        ];
        parts
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(name, _)| name)
            .chain(self.settings.named())
            .collect()
    }
}

impl Step {
    /// Reads the steps in order, since each may name earlier ones.
    fn read_all(source: Source<'_>, tables: &[Fields<'_>]) -> Result<Vec<Self>, ScenarioError> {
        let mut steps = Vec::new();
        for table in tables {
            steps.push(Self::read(source, table, &steps)?);
        }
        if steps.is_empty() {
            return Err(source.error(&None, "a scenario has at least one [[step]]"));
        }
        Ok(steps)
    }

    fn read(
        source: Source<'_>,
        fields: &Fields<'_>,
        earlier: &[Self],
    ) -> Result<Self, ScenarioError> {
        let send = Send::read(source, &fields.need("send")?, earlier)?;
        let expect =
            fields.take("expect").map(|field| Expectation::read(source, &field)).transpose()?;
        let now = fields.take("now").map(|field| field.moment()).transpose()?;
        Ok(Self { line: fields.line(), now, send, expect })
    }
}

impl Send {
    fn read(
        source: Source<'_>,
        field: &Field<'_>,
        earlier: &[Step],
    ) -> Result<Self, ScenarioError> {
        let fields =
            field.table("`send`", &["action", "screen", "data", "error", "message", "repeat"])?;
        if let Some(repeat) = fields.take("repeat") {
            let beside = ["action", "screen", "data", "error", "message"];
            if beside.iter().any(|key| fields.take(key).is_some()) {
                return Err(
                    fields.error("a `repeat` is a request as it was: nothing stands beside it")
                );
            }
            return Self::read_repeat(&repeat, earlier);
        }
        let action = fields.take("action").map(|field| field.word(&ACTIONS)).transpose()?;
        let screen = fields.take("screen").map(|field| field.text()).transpose()?;
        let data = fields.take("data").map(|field| json::object(source, &field)).transpose()?;
        let error = fields.take("error").map(|field| field.text()).transpose()?;
        let message = fields.take("message").map(|field| field.text()).transpose()?;
        let wrong = |message: &str| Err(fields.error(message));
        Ok(match (action, error) {
            (None, None) | (Some(_), Some(_)) => {
                return wrong(
                    "`send` has an `action`, or the `error` that a client reports, or a `repeat`",
                );
            }
            (None, Some(_)) if data.is_some() => {
                return wrong("an `error` that a client reports has no `data`");
            }
            (None, Some(key)) => Self::Error { key, message: message.unwrap_or_default(), screen },
            (Some(_), None) if message.is_some() => {
                return wrong("`message` stands beside `error` only");
            }
            (Some("ping"), None) if screen.is_some() || data.is_some() => {
                return wrong("a ping has no `screen` and no `data`");
            }
            (Some("ping"), None) => Self::Ping,
            (Some("INIT"), None) if screen.is_some() => {
                return wrong("INIT has no `screen`: the user is on none yet");
            }
            (Some("BACK" | "data_exchange"), None) if screen.is_none() => {
                return wrong("`send` needs the `screen` that the user is on");
            }
            (Some(action), None) => {
                Self::Exchange { action, screen, data: data.unwrap_or_else(|| json!({})) }
            }
        })
    }
}

impl Send {
    fn read_repeat(field: &Field<'_>, earlier: &[Step]) -> Result<Self, ScenarioError> {
        let step = usize::try_from(field.number(u64::MAX)?).unwrap_or(usize::MAX);
        match step.checked_sub(1).and_then(|index| earlier.get(index)).map(|step| &step.send) {
            None => Err(field.error("`repeat` is the number of an earlier step, counted from 1")),
            Some(Self::Repeat { step }) => {
                Err(field.error(format!("that step repeats step {step}: repeat that one")))
            }
            Some(_) => Ok(Self::Repeat { step }),
        }
    }
}

/// All top-level keys of a scenario.
const KEYS: [&str; 15] = [
    "flow_token",
    "signed_token",
    "minted_token",
    "on_reopen",
    "settings",
    "data_api_version",
    "context",
    "now",
    "seed",
    "config",
    "secrets",
    "store",
    "http",
    "media",
    "step",
];

/// The actions as the wire spells them.
const ACTIONS: [(&str, &str); 4] =
    [("INIT", "INIT"), ("BACK", "BACK"), ("data_exchange", "data_exchange"), ("ping", "ping")];

/// The version that clients send today.
const DATA_API_VERSION: &str = "3.0";
