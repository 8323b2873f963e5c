//! The flow's settings in a scenario: those that a flow has on a host, checked by the same code.

use serde_json::Map;
use serde_json::Value;

use super::error::{ScenarioError, Source};
use super::fields::Fields;
use super::json::object;
use flowhost_protocol::flow::{Capabilities, FlowSettings};

/// The flow's settings, as a scenario gives them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// All settings; those that the scenario doesn't give have their defaults.
    flow: FlowSettings,
    has_grants: bool,
    named: Option<&'static str>,
}

impl Settings {
    /// Reads `[settings]` and `on_reopen`, which may also stand at the top.
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
        let (has_grants, named) =
            (given.contains_key("grants"), table.is_some().then_some("[settings]"));
        let flow = FlowSettings::parse(given).map_err(|error| match table.or(on_reopen) {
            Some(field) => field.error(format!("`{}`: {error}", field.key())),
            None => scenario.error(error.to_string()),
        })?;
        Ok(Self { flow, has_grants, named })
    }

    /// The flow's settings for a plugin that requests these capabilities. All of them are granted,
    /// unless the scenario sets the grants.
    pub fn granting(&self, requests: &Capabilities) -> FlowSettings {
        let flow = self.flow.clone();
        if self.has_grants { flow } else { FlowSettings { grants: requests.clone(), ..flow } }
    }

    /// The flow's settings. Their grants only count if the scenario sets them, see
    /// [`Settings::granting`].
    pub fn flow(&self) -> &FlowSettings {
        &self.flow
    }

    /// The name of the table in the scenario, if it is there.
    pub(super) fn named(&self) -> Option<&'static str> {
        self.named
    }
}
