//! The components of a screen that give a form its values.

use std::collections::HashMap;

use serde_json::Value;

use super::payload::Kind;
use crate::{self as flow_json, CalendarMode, ComponentKind};

/// The fields of one screen by name.
#[derive(Debug, Default)]
pub(super) struct Components(HashMap<String, Component>);

/// One component that a user fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) kind: Kind,
    /// Whether the client insists on a value before the user can continue.
    pub(super) required: bool,
}

impl Components {
    /// Collects the fields in a screen's layout. For `dates_are_days`, see
    /// [`flow_json::Document::dates_are_days`].
    pub(super) fn of(layout: Option<flow_json::Component<'_>>, dates_are_days: bool) -> Self {
        let mut components = Components::default();
        layout.into_iter().for_each(|layout| components.collect(layout, dates_are_days, false));
        components
    }

    pub(super) fn get(&self, name: &str) -> Option<Component> {
        self.0.get(name).copied()
    }

    /// `conditional` means that the component is inside of something that may be hidden.
    fn collect(
        &mut self,
        component: flow_json::Component<'_>,
        dates_are_days: bool,
        conditional: bool,
    ) {
        if let (Some(name), Some(kind)) =
            (component.field_name(), kind_of(component, dates_are_days))
        {
            self.add(name, Component { kind, required: !conditional && is_insisted_on(component) });
        }
        let conditional = conditional
            || matches!(component.kind(), Some(ComponentKind::If | ComponentKind::Switch))
            || !is_literally(component, "visible", true);
        component.inside().for_each(|inner| self.collect(inner, dates_are_days, conditional));
    }

    /// Two fields may share a name if they are in branches of which only one is shown.
    fn add(&mut self, name: &str, component: Component) {
        let together = match self.get(name) {
            Some(other) if other.kind != component.kind => {
                Component { kind: Kind::Unknown, required: false }
            }
            _ => component,
        };
        self.0.insert(name.to_owned(), together);
    }
}

/// The kind of a component's value; `None` if the object has no `type`. Unknown components give
/// [`Kind::Unknown`].
fn kind_of(component: flow_json::Component<'_>, dates_are_days: bool) -> Option<Kind> {
    if component.type_name().is_empty() {
        return None;
    }
    Some(match component.field() {
        Some(flow_json::Field::Text | flow_json::Field::Input | flow_json::Field::Choice) => {
            Kind::Text
        }
        Some(flow_json::Field::Choices) => Kind::Texts,
        Some(flow_json::Field::Flag) => Kind::Bool,
        Some(flow_json::Field::Media) => Kind::Files,
        Some(flow_json::Field::Day) if dates_are_days => Kind::Date,
        Some(flow_json::Field::Day) => Kind::Text,
        Some(flow_json::Field::Calendar) => match CalendarMode::of(component.member("mode")) {
            Some(CalendarMode::Single) => Kind::Date,
            Some(CalendarMode::Range) => Kind::DateRange,
            None => Kind::Unknown,
        },
        Some(flow_json::Field::Entry) | None => Kind::Unknown,
    })
}

/// Whether it is required and always visible and enabled.
fn is_insisted_on(component: flow_json::Component<'_>) -> bool {
    let is_required = component.member("required") == Some(&Value::Bool(true));
    is_required
        && is_literally(component, "visible", true)
        && is_literally(component, "enabled", true)
}

/// Whether a property certainly has this value: as a literal, or absent if it is the default.
fn is_literally(component: flow_json::Component<'_>, name: &str, default: bool) -> bool {
    component.member(name).is_none_or(|value| *value == Value::Bool(default))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(component: Value, dates: bool) -> Component {
        let layout = json!({"type": "SingleColumnLayout", "children": [component]});
        Components::of(flow_json::Component::of(&layout), dates).get("x").expect("it is there")
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
