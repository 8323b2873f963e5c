//! The flow's settings, as a scenario says them: those that a flow has at a host, checked by the same code.

use serde_json::Map;
use serde_json::Value;

use super::error::{ScenarioError, Source};
use super::fields::Fields;
use super::json::object;
use flowhost_protocol::flow::{Capabilities, FlowSettings};

/// What a scenario says of its flow's settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// All of them; what it doesn't say has its default.
    flow: FlowSettings,
    has_grants: bool,
    named: Option<&'static str>,
}

impl Settings {
    /// Reads `[settings]`, and `on_reopen`, which may stand at the top as well.
    pub(super) fn read(source: Source<'_>, scenario: &Fields<'_>) -> Result<Self, ScenarioError> {
        let (table, on_reopen) = (scenario.take("settings"), scenario.take("on_reopen"));
        let mut given = match table.as_ref().map(|field| object(source, field)).transpose()? {
            Some(Value::Object(given)) => given,
            _ => Map::new(),
        };
        if let Some(field) = &on_reopen
            && given.insert("on_reopen".to_owned(), Value::from(field.text()?)).is_some()
        {
            return Err(field.error("`on_reopen` is one of [settings] too: say it once"));
        }
        let (has_grants, named) = (given.contains_key("grants"), table.is_some().then_some("[settings]"));
        let flow = FlowSettings::parse(given).map_err(|error| match table.or(on_reopen) {
            Some(field) => field.error(format!("`{}`: {error}", field.key())),
            None => scenario.error(error.to_string()),
        })?;
        Ok(Self { flow, has_grants, named })
    }

    /// The flow's settings, of a plugin that asks for this: all of it is granted, unless the scenario says what is.
    pub fn granting(&self, requests: &Capabilities) -> FlowSettings {
        let flow = self.flow.clone();
        if self.has_grants { flow } else { FlowSettings { grants: requests.clone(), ..flow } }
    }

    /// The flow's settings but for what they grant.
    pub fn flow(&self) -> &FlowSettings {
        &self.flow
    }

    /// What of these a scenario has, in its own words.
    pub(super) fn named(&self) -> Option<&'static str> {
        self.named
    }
}
