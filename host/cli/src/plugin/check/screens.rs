//! Checks scenarios against the Flow JSON: the screens and fields that they name must exist.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Finding;
use crate::plugin::project::ScenarioFile;
use flowhost_devkit::scenarios::{Pattern, Send, Step};
use flowhost_flow_json::{Action, ActionKind, FlowJson, Screen};

/// The names in a scenario that don't exist in the Flow JSON.
pub(super) fn findings(file: &ScenarioFile, flow: &FlowJson) -> Vec<Finding> {
    let of_step = |step: &Step| {
        let problems = sent(step, flow).into_iter().chain(expected(step, flow));
        problems.map(|problem| Finding::at(file, step.line, problem)).collect::<Vec<_>>()
    };
    file.scenario.steps.iter().flat_map(of_step).collect()
}

/// The screens that no scenario reaches, in one note.
pub(super) fn unreached(files: &[ScenarioFile], flow: &FlowJson) -> Option<String> {
    let steps = files.iter().flat_map(|file| &file.scenario.steps);
    let reached: BTreeSet<&str> =
        steps.flat_map(|step| sent_from(step).into_iter().chain(expected_screen(step))).collect();
    let missed: Vec<_> = flow
        .document()
        .screens()
        .map(|screen| screen.id)
        .filter(|id| !reached.contains(id))
        .collect();
    (!missed.is_empty()).then(|| format!("no scenario comes to {}", missed.join(", ")))
}

fn sent(step: &Step, flow: &FlowJson) -> Vec<String> {
    let Some(id) = sent_from(step) else { return Vec::new() };
    let Some(screen) = flow.document().screen(id) else { return vec![no_screen(id)] };
    match &step.send {
        Send::Exchange { action: "data_exchange", data, .. } => sent_data(screen, data),
        _ => Vec::new(),
    }
}

fn sent_data(screen: Screen<'_>, data: &Value) -> Vec<String> {
    let id = screen.id;
    let asking: Vec<_> = screen
        .actions()
        .into_iter()
        .filter(|action| action.kind() == Some(ActionKind::DataExchange))
        .collect();
    if asking.is_empty() {
        return vec![format!(
            "screen {id} never asks the endpoint: it has no action `data_exchange`"
        )];
    }
    let payloads = asking.into_iter().filter_map(Action::payload).filter_map(Value::as_object);
    let names: BTreeSet<_> = payloads.flat_map(Map::keys).collect();
    let unknown =
        data.as_object().into_iter().flat_map(Map::keys).filter(|name| !names.contains(name));
    let sends = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    unknown
        .map(|name| {
            format!(
                "screen {id} sends no `{name}`; it sends {}",
                if sends.is_empty() { "nothing" } else { &sends }
            )
        })
        .collect()
}

fn expected(step: &Step, flow: &FlowJson) -> Vec<String> {
    let Some(id) = expected_screen(step) else { return Vec::new() };
    let Some(screen) = flow.document().screen(id) else { return vec![no_screen(id)] };
    let Some(Pattern::Object(fields)) = step.expect.as_ref().and_then(|expect| expect.part("data"))
    else {
        return Vec::new();
    };
    let named = fields.iter().filter(|(_, part)| *part != Pattern::Absent).map(|(name, _)| name);
    let declares = |name: &&String| screen.properties().any(|property| property.name == **name);
    named
        .filter(|name| !declares(name))
        .map(|name| format!("screen {id} declares no data `{name}`"))
        .collect()
}

fn sent_from(step: &Step) -> Option<&str> {
    match &step.send {
        Send::Exchange { screen, .. } | Send::Error { screen, .. } => screen.as_deref(),
        Send::Ping | Send::Repeat { .. } => None,
    }
}

fn expected_screen(step: &Step) -> Option<&str> {
    match step.expect.as_ref()?.part("screen")? {
        Pattern::Exactly(Value::String(id)) => Some(id),
        _ => None,
    }
}

fn no_screen(id: &str) -> String {
    format!("flow.json has no screen {id}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use flowhost_devkit::scenarios::Scenario;

    #[test]
    fn screens_and_fields_the_flow_json_lacks_are_named_with_their_lines() {
        let text = r#"
[[step]]
send = { action = "INIT" }
expect = { screen = "APPOINTMENT", data = { department = "$any", colour = 1, chosen = { department = "$absent" } } }

[[step]]
send = { action = "data_exchange", screen = "APPOINTMENT", data = { trigger = "date_selected", size = 1 } }
expect = { screen = "NOWHERE" }

[[step]]
send = { action = "data_exchange", screen = "TERMS" }
expect = { screen = "$any" }
"#;
        let flow = FlowJson::parse(include_bytes!("../../../../../plugins/appointment/flow.json"))
            .unwrap();
        let file = ScenarioFile {
            path: "x.toml".into(),
            text: String::new(),
            scenario: Scenario::parse("x", text).unwrap(),
        };

        let found = findings(&file, &flow);

        let found: Vec<_> =
            found.iter().map(|finding| (finding.line.unwrap(), finding.message.as_str())).collect();
        assert_eq!(found.len(), 4, "{found:?}");
        for (index, line, named) in [
            (0, 2, "no data `colour`"),
            (1, 6, "sends no `size`"),
            (2, 6, "no screen NOWHERE"),
            (3, 10, "never asks"),
        ] {
            assert!(found[index].0 == line && found[index].1.contains(named), "{found:?}");
        }
        assert_eq!(unreached(&[file], &flow).unwrap(), "no scenario comes to DETAILS, SUMMARY");
    }

    #[test]
    fn an_action_without_a_payload_asks_and_sends_nothing() {
        let footer =
            json!({"type": "Footer", "label": "Go", "on-click-action": {"name": "data_exchange"}});
        let layout = json!({"type": "SingleColumnLayout", "children": [footer]});
        let screen = json!({"id": "A", "title": "A", "terminal": true, "layout": layout});
        let flow = json!({"version": "7.3", "data_api_version": "3.0", "routing_model": {"A": []}, "screens": [screen]});
        let flow = FlowJson::parse(flow.to_string().as_bytes()).unwrap();
        let screen = flow.document().screen("A").unwrap();

        assert_eq!(sent_data(screen, &json!({})), Vec::<String>::new());
        assert_eq!(
            sent_data(screen, &json!({"x": 1})),
            ["screen A sends no `x`; it sends nothing"]
        );
    }
}
