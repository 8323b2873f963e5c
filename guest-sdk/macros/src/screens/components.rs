//! The components of a screen that give a form its values.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::payload::Kind;

/// What is known of the components of one screen, by name.
#[derive(Debug, Default)]
pub(super) struct Components(HashMap<String, Component>);

/// One component that a user fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) kind: Kind,
    /// Whether the client lets nobody continue without it.
    pub(super) required: bool,
}

impl Components {
    /// Those in a screen's layout. `dates` says whether a DatePicker gives days, as from Flow JSON 5.0 on; before, it gave milliseconds.
    pub(super) fn of(layout: &Value, dates: bool) -> Self {
        let mut components = Components::default();
        components.collect(layout, dates, false);
        components
    }

    pub(super) fn get(&self, name: &str) -> Option<Component> {
        self.0.get(name).copied()
    }

    /// `conditional`: whether this is inside of something that may not be shown.
    fn collect(&mut self, node: &Value, dates: bool, conditional: bool) {
        match node {
            Value::Array(nodes) => nodes.iter().for_each(|node| self.collect(node, dates, conditional)),
            Value::Object(node) => {
                let kind = node.get("type").and_then(Value::as_str);
                if let (Some(name), Some(kind)) =
                    (node.get("name").and_then(Value::as_str), kind.and_then(|kind| kind_of(kind, node, dates)))
                {
                    self.add(name, Component { kind, required: !conditional && is_insisted_on(node) });
                }
                let conditional = conditional || matches!(kind, Some("If" | "Switch")) || !is_literally(node, "visible", true);
                CHILDREN.iter().filter_map(|key| node.get(*key)).for_each(|node| self.collect(node, dates, conditional));
                let cases = node.get("cases").and_then(Value::as_object);
                cases.into_iter().flat_map(Map::values).for_each(|node| self.collect(node, dates, conditional));
            }
            _ => {}
        }
    }

    /// Two of the same name are in branches of which one is shown.
    fn add(&mut self, name: &str, component: Component) {
        let together = match self.get(name) {
            Some(other) if other.kind != component.kind => Component { kind: Kind::Unknown, required: false },
            _ => component,
        };
        self.0.insert(name.to_owned(), together);
    }
}

/// What a component's value is; none if it has none.
fn kind_of(component: &str, node: &Map<String, Value>, dates: bool) -> Option<Kind> {
    Some(match component {
        "CalendarPicker" if node.get("mode").is_some_and(|mode| mode == "range") => Kind::DateRange,
        "CalendarPicker" if node.get("mode").is_some_and(|mode| mode != "single") => Kind::Unknown,
        "CalendarPicker" => Kind::Date,
        "CheckboxGroup" | "ChipsSelector" => Kind::Texts,
        "DatePicker" if dates => Kind::Date,
        "DatePicker" | "Dropdown" | "RadioButtonsGroup" | "TextArea" | "TextInput" => Kind::Text,
        "DocumentPicker" | "PhotoPicker" => Kind::Files,
        "OptIn" => Kind::Bool,
        // Containers have names too.
        "Form" => return None,
        _ => Kind::Unknown,
    })
}

/// Whether it is always there to be filled in, and has to be.
fn is_insisted_on(node: &Map<String, Value>) -> bool {
    node.get("required") == Some(&Value::Bool(true)) && is_literally(node, "visible", true) && is_literally(node, "enabled", true)
}

/// Whether a property is this value for certain: written so, or absent, where this is the default.
fn is_literally(node: &Map<String, Value>, name: &str, default: bool) -> bool {
    node.get(name).is_none_or(|value| *value == Value::Bool(default))
}

/// Where components hold others (`cases` of a Switch is an object of lists).
const CHILDREN: [&str; 4] = ["layout", "children", "then", "else"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(component: Value, dates: bool) -> Component {
        Components::of(&json!({"type": "SingleColumnLayout", "children": [component]}), dates).get("x").expect("it is there")
    }

    #[test]
    fn every_component_has_its_kind() {
        for (component, kind) in [
            (json!({"type": "TextInput"}), Kind::Text),
            (json!({"type": "TextInput", "input-type": "number"}), Kind::Text),
            (json!({"type": "Dropdown"}), Kind::Text),
            (json!({"type": "RadioButtonsGroup"}), Kind::Text),
            (json!({"type": "CheckboxGroup"}), Kind::Texts),
            (json!({"type": "ChipsSelector"}), Kind::Texts),
            (json!({"type": "OptIn"}), Kind::Bool),
            (json!({"type": "PhotoPicker"}), Kind::Files),
            (json!({"type": "DatePicker"}), Kind::Date),
            (json!({"type": "CalendarPicker"}), Kind::Date),
            (json!({"type": "CalendarPicker", "mode": "range"}), Kind::DateRange),
            (json!({"type": "CalendarPicker", "mode": "${data.mode}"}), Kind::Unknown),
            (json!({"type": "SomethingNew"}), Kind::Unknown),
        ] {
            let mut named = component.clone();
            named["name"] = json!("x");
            assert_eq!(one(named, true).kind, kind, "{component}");
        }
        assert_eq!(one(json!({"type": "DatePicker", "name": "x"}), false).kind, Kind::Text);
    }

    #[test]
    fn required_is_what_nobody_gets_past() {
        let text = |more: Value| {
            let mut component = json!({"type": "TextInput", "name": "x", "required": true});
            component.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            component
        };
        assert!(one(text(json!({})), true).required);
        assert!(one(text(json!({"visible": true, "enabled": true})), true).required);
        for (key, value) in [
            ("required", json!(false)),
            ("required", json!("${data.r}")),
            ("visible", json!("${data.v}")),
            ("enabled", json!(false)),
        ] {
            assert!(!one(text(json!({key: value.clone()})), true).required, "{key}: {value}");
        }
        for around in [
            json!({"type": "If", "condition": "${data.c}", "then": [text(json!({}))]}),
            json!({"type": "If", "condition": "${data.c}", "then": [], "else": [{"type": "Form", "name": "f", "children": [text(json!({}))]}]}),
            json!({"type": "Switch", "value": "${data.c}", "cases": {"a": [text(json!({}))], "default": []}}),
        ] {
            assert!(!one(around.clone(), true).required, "{around}");
        }
    }

    #[test]
    fn one_name_for_two_kinds_is_unknown() {
        let layout = json!({"type": "If", "then": [{"type": "TextInput", "name": "x"}], "else": [{"type": "OptIn", "name": "x"}]});
        assert_eq!(one(layout, true).kind, Kind::Unknown);
    }
}
