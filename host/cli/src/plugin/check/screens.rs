//! Scenarios against the Flow JSON: the screens and fields that they name have to be there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Finding;
use crate::plugin::project::ScenarioFile;
use flowhost_devkit::scenarios::{Pattern, Send, Step};
use flowhost_flow_json::{FlowJson, Screen};

/// What a scenario names that is not there.
pub(super) fn findings(file: &ScenarioFile, flow: &FlowJson, document: &Value) -> Vec<Finding> {
    let of_step = |step: &Step| {
        let problems = sent(step, flow, document).into_iter().chain(expected(step, flow));
        problems.map(|problem| Finding::at(file, step.line, problem)).collect::<Vec<_>>()
    };
    file.scenario.steps.iter().flat_map(of_step).collect()
}

/// The screens that no scenario comes to, one note for all of them.
pub(super) fn unreached(files: &[ScenarioFile], flow: &FlowJson) -> Option<String> {
    let steps = files.iter().flat_map(|file| &file.scenario.steps);
    let reached: BTreeSet<&str> = steps.flat_map(|step| sent_from(step).into_iter().chain(expected_screen(step))).collect();
    let missed: Vec<_> = flow.screens().map(|screen| screen.id.as_str()).filter(|id| !reached.contains(id)).collect();
    (!missed.is_empty()).then(|| format!("no scenario comes to {}", missed.join(", ")))
}

fn sent(step: &Step, flow: &FlowJson, document: &Value) -> Vec<String> {
    let Some(id) = sent_from(step) else { return Vec::new() };
    let Some(screen) = flow.screen(id) else { return vec![no_screen(id)] };
    match &step.send {
        Send::Exchange { action: "data_exchange", data, .. } => sent_data(screen, data, document),
        _ => Vec::new(),
    }
}

fn sent_data(screen: &Screen, data: &Value, document: &Value) -> Vec<String> {
    let id = &screen.id;
    let mut payloads = Vec::new();
    let screens = document.get("screens").and_then(Value::as_array).into_iter().flatten();
    screens.filter(|screen| screen["id"] == **id).for_each(|screen| collect_payloads(screen, &mut payloads));
    if payloads.is_empty() {
        return vec![format!("screen {id} never asks the endpoint: it has no action `data_exchange`")];
    }
    let Some(objects) = payloads.iter().map(|payload| payload.as_object()).collect::<Option<Vec<_>>>() else { return Vec::new() };
    let names: BTreeSet<_> = objects.into_iter().flat_map(|payload| payload.keys()).collect();
    let unknown = data.as_object().into_iter().flat_map(|fields| fields.keys()).filter(|name| !names.contains(name));
    let sends = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    unknown
        .map(|name| format!("screen {id} sends no `{name}`; it sends {}", if sends.is_empty() { "nothing" } else { &sends }))
        .collect()
}

/// The payloads of all actions `data_exchange`, wherever they hang.
fn collect_payloads<'a>(value: &'a Value, payloads: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            if fields.get("name").is_some_and(|name| name == "data_exchange") {
                payloads.extend(fields.get("payload"));
            }
            fields.values().for_each(|value| collect_payloads(value, payloads));
        }
        Value::Array(elements) => elements.iter().for_each(|value| collect_payloads(value, payloads)),
        _ => (),
    }
}

fn expected(step: &Step, flow: &FlowJson) -> Vec<String> {
    let Some(id) = expected_screen(step) else { return Vec::new() };
    let Some(screen) = flow.screen(id) else { return vec![no_screen(id)] };
    let Some(Pattern::Object(fields)) = step.expect.as_ref().and_then(|expect| expect.part("data")) else { return Vec::new() };
    let named = fields.iter().filter(|(_, part)| *part != Pattern::Absent).map(|(name, _)| name);
    let declares = |name: &&String| screen.data.iter().any(|property| property.name == **name);
    named.filter(|name| !declares(name)).map(|name| format!("screen {id} declares no data `{name}`")).collect()
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
    use super::*;
    use flowhost_devkit::scenarios::Scenario;

    #[test]
    fn screens_and_fields_that_are_not_in_the_flow_json_are_named_with_their_lines() {
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
        let (flow, document) = appointment();
        let file = ScenarioFile { path: "x.toml".into(), text: String::new(), scenario: Scenario::parse("x", text).unwrap() };

        let found = findings(&file, &flow, &document);

        let found: Vec<_> = found.iter().map(|finding| (finding.line.unwrap(), finding.message.as_str())).collect();
        assert_eq!(found.len(), 4, "{found:?}");
        for (index, line, named) in
            [(0, 2, "no data `colour`"), (1, 6, "sends no `size`"), (2, 6, "no screen NOWHERE"), (3, 10, "never asks")]
        {
            assert!(found[index].0 == line && found[index].1.contains(named), "{found:?}");
        }
        assert_eq!(unreached(&[file], &flow).unwrap(), "no scenario comes to DETAILS, SUMMARY");
    }

    fn appointment() -> (FlowJson, Value) {
        let text = include_bytes!("../../../../../plugins/appointment/flow.json");
        (FlowJson::parse(text).unwrap(), serde_json::from_slice(text).unwrap())
    }
}
