//! What a screen sends: the payloads of its `data_exchange` actions.

use std::collections::HashSet;

use serde_json::Value;

use super::components::Components;
use super::schema::{Property, Shape};

/// One key of a form: of the payloads that a screen sends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// As in the Flow JSON.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether it may be absent or empty.
    pub(super) optional: bool,
    /// Where its value comes from, as the Flow JSON says it: `${form.name}`.
    pub(super) source: String,
}

/// The type of a form's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Date,
    DateRange,
    Files,
    Number,
    Text,
    Texts,
    /// Anything.
    Unknown,
}

/// A screen as far as references need it.
pub(super) struct Scope<'a> {
    pub(super) id: &'a str,
    pub(super) data: &'a [Property],
    pub(super) components: &'a Components,
    /// What of its data may be missing, although the screen declares it: see [`missing_after_navigation`].
    pub(super) uncertain: HashSet<String>,
}

/// The fields of all payloads that the layout of `screen` sends, in order; none if it sends nothing to the plugin.
///
/// A field is optional unless every action sends it. `others` are the screens that `${screen.NAME..}` may refer to.
pub(super) fn fields(layout: &Value, screen: &Scope<'_>, others: &[Scope<'_>]) -> Option<Vec<Field>> {
    let mut actions = Vec::new();
    collect(layout, "data_exchange", &mut actions);
    let count = actions.len();
    let mut merged: Vec<(Field, usize)> = Vec::new();
    for field in actions.iter().flat_map(|action| action.payload(screen, others)) {
        match merged.iter_mut().find(|(known, _)| known.name == field.name) {
            Some((known, times)) => {
                *times += 1;
                known.optional |= field.optional;
                if known.kind != field.kind {
                    known.kind = Kind::Unknown;
                }
            }
            None => merged.push((field, 1)),
        }
    }
    let field = |(field, times): (Field, usize)| Field { optional: field.optional || times < count, ..field };
    (count > 0).then(|| merged.into_iter().map(field).collect())
}

/// The screens that `screen` navigates to, each with what of the data that it declares such an action may not bring.
///
/// The endpoint gives all that a screen declares, but what a form holds may be nothing, and nothing is not sent along.
pub(super) fn missing_after_navigation<'a>(
    layout: &Value,
    screen: &Scope<'_>,
    others: &[Scope<'a>],
) -> Vec<(&'a str, Vec<String>)> {
    let mut actions = Vec::new();
    collect(layout, "navigate", &mut actions);
    let missing = |action: &Action<'_>| {
        let target = action.written["next"]["name"].as_str()?;
        let target = others.iter().find(|scope| scope.id == target)?;
        let brought: Vec<Field> = action.payload(screen, others).into_iter().filter(|field| !field.optional).collect();
        let names = target.data.iter().map(|property| &property.name);
        let names = names.filter(|name| !brought.iter().any(|field| field.name == **name));
        Some((target.id, names.cloned().collect()))
    };
    actions.iter().filter_map(missing).collect()
}

/// What a component does when it is tapped.
struct Action<'a> {
    written: &'a Value,
    /// Whether it is the button's, which waits until the form is filled in.
    is_footer: bool,
}

impl Action<'_> {
    fn payload(&self, screen: &Scope<'_>, others: &[Scope<'_>]) -> Vec<Field> {
        let field = |(name, value): (&String, &Value)| {
            let (kind, certain) = value_kind(value, self.is_footer, screen, others);
            let source = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Field { name: name.clone(), kind, optional: !certain, source }
        };
        self.written.get("payload").and_then(Value::as_object).into_iter().flatten().map(field).collect()
    }
}

/// Adds every action of this name below `node`, wherever it stands: a button, a link, a list's entry.
fn collect<'a>(node: &'a Value, name: &str, actions: &mut Vec<Action<'a>>) {
    match node {
        Value::Array(nodes) => nodes.iter().for_each(|node| collect(node, name, actions)),
        Value::Object(node) => {
            let is_footer = node.get("type").is_some_and(|kind| kind == "Footer");
            for (key, value) in node {
                let is_action = key.starts_with("on-") && key.ends_with("-action");
                if is_action && value.get("name").is_some_and(|other| other == name) {
                    actions.push(Action { written: value, is_footer });
                } else {
                    collect(value, name, actions);
                }
            }
        }
        _ => {}
    }
}

/// The kind of a payload's value, and whether it is there for certain.
fn value_kind(value: &Value, is_footer: bool, screen: &Scope<'_>, others: &[Scope<'_>]) -> (Kind, bool) {
    match value {
        Value::Bool(_) => (Kind::Bool, true),
        Value::Number(_) => (Kind::Number, true),
        Value::String(text) => match reference(text) {
            Some(path) => resolve(&path, is_footer, screen, others),
            // Expressions are between backticks (Flow JSON 6.0); other texts may have references within.
            None if text.starts_with('`') || text.contains("${") => (Kind::Unknown, false),
            None => (Kind::Text, true),
        },
        Value::Array(_) | Value::Null | Value::Object(_) => (Kind::Unknown, false),
    }
}

/// `${form.name}` as its names: `form`, `name`.
fn reference(text: &str) -> Option<Vec<&str>> {
    let path = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    (!path.contains(['$', '{', ' '])).then(|| path.split('.').collect())
}

fn resolve(path: &[&str], is_footer: bool, screen: &Scope<'_>, others: &[Scope<'_>]) -> (Kind, bool) {
    match path {
        ["form", name] => {
            let known = screen.components.get(name);
            known.map_or((Kind::Unknown, false), |component| (component.kind, is_footer && component.required))
        }
        // One day of a range: the client lets any of them be missing.
        ["form", name, "start-date" | "end-date"]
            if screen.components.get(name).is_some_and(|component| component.kind == Kind::DateRange) =>
        {
            (Kind::Date, false)
        }
        ["data", names @ ..] => {
            let (kind, certain) = declared(screen.data, names);
            (kind, certain && names.first().is_some_and(|name| !screen.uncertain.contains(*name)))
        }
        // What was entered on another screen may not have been.
        ["screen", id, rest @ ..] if rest.first() != Some(&"screen") => {
            let other = others.iter().find(|scope| scope.id == *id);
            (other.map_or(Kind::Unknown, |other| resolve(rest, is_footer, other, &[]).0), false)
        }
        _ => (Kind::Unknown, false),
    }
}

fn declared(properties: &[Property], names: &[&str]) -> (Kind, bool) {
    let Some((name, rest)) = names.split_first() else { return (Kind::Unknown, false) };
    let Some(property) = properties.iter().find(|property| property.name == *name) else { return (Kind::Unknown, false) };
    let (kind, certain) = match (&property.shape, rest) {
        (Shape::Object(inner), [_, ..]) => declared(inner, rest),
        (Shape::Bool, []) => (Kind::Bool, true),
        (Shape::Integer | Shape::Number, []) => (Kind::Number, true),
        (Shape::Text, []) => (Kind::Text, true),
        (Shape::List(entry), []) if **entry == Shape::Text => (Kind::Texts, true),
        _ => (Kind::Unknown, true),
    };
    (kind, certain && !property.optional)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::screens::schema;

    fn form(layout: Value) -> Vec<(String, Kind, bool)> {
        let data = schema::of_screen(
            json!({"city": {"type": "string"}, "count": {"type": "number"}, "who": {"type": "object", "properties": {"name": {"type": "string"}}}})
                .as_object()
                .unwrap(),
            &[],
        );
        let components = Components::of(&layout, true);
        let other_layout = json!([{"type": "OptIn", "name": "terms", "required": true}]);
        let other_components = Components::of(&other_layout, true);
        let scope = |id, components| Scope { id, data: &data, components, uncertain: HashSet::new() };
        let (screen, others) = (scope("HERE", &components), [scope("THERE", &other_components)]);
        let fields = fields(&layout, &screen, &others).unwrap_or_default();
        fields.into_iter().map(|field| (field.name, field.kind, field.optional)).collect()
    }

    fn footer(payload: Value) -> Value {
        json!({"type": "Footer", "on-click-action": {"name": "data_exchange", "payload": payload}})
    }

    fn kind_of(value: Value) -> (Kind, bool) {
        let name = json!({"type": "TextInput", "name": "name", "required": true});
        let stay = json!({"type": "CalendarPicker", "name": "stay", "mode": "range"});
        let (_, kind, optional) = form(json!([name, stay, footer(json!({"x": value}))])).remove(0);
        (kind, optional)
    }

    #[test]
    fn every_kind_of_value_is_understood() {
        for (value, kind, optional) in [
            (json!("${form.name}"), Kind::Text, false),
            (json!("${form.nmae}"), Kind::Unknown, true),
            (json!("${form.stay}"), Kind::DateRange, true),
            (json!("${form.stay.start-date}"), Kind::Date, true),
            (json!("${form.stay.days}"), Kind::Unknown, true),
            (json!("${form.name.start-date}"), Kind::Unknown, true),
            (json!("${data.city}"), Kind::Text, false),
            (json!("${data.count}"), Kind::Number, false),
            (json!("${data.who.name}"), Kind::Text, false),
            (json!("${data.who}"), Kind::Unknown, false),
            (json!("${screen.THERE.form.terms}"), Kind::Bool, true),
            (json!("${screen.THERE.data.city}"), Kind::Text, true),
            (json!("${screen.NOWHERE.data.city}"), Kind::Unknown, true),
            (json!("${screen.THERE.screen.THERE.data.city}"), Kind::Unknown, true),
            (json!("name"), Kind::Text, false),
            (json!("`${form.name} == 'a'`"), Kind::Unknown, true),
            (json!("Hello ${form.name}"), Kind::Unknown, true),
            (json!("${form.name}${form.name}"), Kind::Unknown, true),
            (json!("${"), Kind::Unknown, true),
            (json!(7), Kind::Number, false),
            (json!(true), Kind::Bool, false),
            (json!({"a": 1}), Kind::Unknown, true),
        ] {
            assert_eq!(kind_of(value.clone()), (kind, optional), "{value}");
        }
    }

    #[test]
    fn only_the_button_waits_for_the_form() {
        let name = json!({"type": "TextInput", "name": "name", "required": true});
        let select = json!({"type": "Dropdown", "name": "d", "on-select-action": {"name": "data_exchange", "payload": {"name": "${form.name}"}}});
        assert_eq!(form(json!([name, select])), [("name".to_owned(), Kind::Text, true)]);
    }

    #[test]
    fn payloads_come_together_and_what_one_lacks_is_optional() {
        let layout = json!([
            {"type": "If", "condition": "x", "then": [footer(json!({"a": "1", "b": 1, "c": "x"}))], "else": [footer(json!({"a": "2", "b": "1"}))]},
            {"type": "NavigationList", "list-items": [{"id": "1", "on-click-action": {"name": "navigate", "payload": {"z": "1"}}}]},
        ]);
        let expected = [("a", Kind::Text, false), ("b", Kind::Unknown, false), ("c", Kind::Text, true)];
        assert_eq!(form(layout), expected.map(|(name, kind, optional)| (name.to_owned(), kind, optional)));
    }

    #[test]
    fn a_screen_that_sends_nothing_has_no_form() {
        let layout = json!([{"type": "Footer", "on-click-action": {"name": "complete", "payload": {"a": "1"}}}]);
        assert_eq!(form(layout), []);
        let screen = Scope { id: "A", data: &[], components: &Components::default(), uncertain: HashSet::new() };
        assert!(fields(&json!([footer(json!({}))]), &screen, &[]).is_some());
    }
}
