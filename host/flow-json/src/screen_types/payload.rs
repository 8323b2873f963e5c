//! The forms that screens send: the payloads of their `data_exchange` actions.

use std::collections::HashSet;

use serde_json::Value;

use super::components::Components;
use super::schema::{Property, Shape};
use crate::{self as flow_json, ActionKind, ComponentKind, RANGE_ENDS, Reference, Store, Template};

/// A field of a form: one key of the payloads that a screen sends.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The key in the Flow JSON.
    pub name: String,
    /// The type of its value.
    pub kind: Kind,
    /// Whether it may be absent or empty.
    pub optional: bool,
    /// The value in the Flow JSON, such as `${form.name}`.
    pub source: String,
}

/// The type of a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A day as `YYYY-MM-DD`.
    Date,
    /// An object with a `start-date` and an `end-date`, either of which may be missing.
    DateRange,
    /// The references of picked files.
    Files,
    /// A number.
    Number,
    /// A text, or the id of a choice.
    Text,
    /// The ids of choices.
    Texts,
    /// Any JSON value.
    Unknown,
}

/// The parts of a screen that references need.
pub(super) struct Scope<'a> {
    pub(super) id: &'a str,
    pub(super) data: &'a [Property],
    pub(super) components: &'a Components,
    /// The properties that may be missing although the screen declares them; see
    /// [`missing_after_navigation`].
    pub(super) uncertain: HashSet<String>,
}

/// The merged fields of all payloads that the layout of `screen` sends, in order; `None` if it
/// sends nothing to the plugin.
///
/// A field is optional unless every action sends it. `others` are the screens that
/// `${screen.NAME..}` may refer to.
pub(super) fn fields(
    layout: Option<flow_json::Component<'_>>,
    screen: &Scope<'_>,
    others: &[Scope<'_>],
) -> Option<Vec<Field>> {
    let actions = actions(layout, ActionKind::DataExchange);
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
    let field = |(field, times): (Field, usize)| Field {
        optional: field.optional || times < count,
        ..field
    };
    (count > 0).then(|| merged.into_iter().map(field).collect())
}

/// The screens that `screen` navigates to, each with the declared properties that the action may
/// not send.
///
/// The endpoint sends everything that a screen declares. But a form's value may be empty, and empty
/// values are not sent.
pub(super) fn missing_after_navigation<'a>(
    layout: Option<flow_json::Component<'_>>,
    screen: &Scope<'_>,
    others: &[Scope<'a>],
) -> Vec<(&'a str, Vec<String>)> {
    let missing = |action: &Action<'_>| {
        let target = action.written.next()?;
        let target = others.iter().find(|scope| scope.id == target)?;
        let brought: Vec<Field> =
            action.payload(screen, others).into_iter().filter(|field| !field.optional).collect();
        let names = target.data.iter().map(|property| &property.name);
        let names = names.filter(|name| !brought.iter().any(|field| field.name == **name));
        Some((target.id, names.cloned().collect()))
    };
    actions(layout, ActionKind::Navigate).iter().filter_map(missing).collect()
}

/// The action of a component.
struct Action<'a> {
    written: flow_json::Action<'a>,
    /// Whether it is the Footer's action, which waits until the form is complete.
    is_footer: bool,
}

impl Action<'_> {
    fn payload(&self, screen: &Scope<'_>, others: &[Scope<'_>]) -> Vec<Field> {
        let field = |(name, value): (&String, &Value)| {
            let (kind, certain) = value_kind(value, self.is_footer, screen, others);
            let source = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Field { name: name.clone(), kind, optional: !certain, source }
        };
        self.written.payload().and_then(Value::as_object).into_iter().flatten().map(field).collect()
    }
}

/// All actions of this kind: of buttons, links and list entries.
fn actions(layout: Option<flow_json::Component<'_>>, kind: ActionKind) -> Vec<Action<'_>> {
    let all = layout.into_iter().flat_map(flow_json::Component::all).flat_map(|component| {
        let is_footer = component.kind() == Some(ComponentKind::Footer);
        component.actions().into_iter().map(move |written| Action { written, is_footer })
    });
    all.filter(|action| action.written.kind() == Some(kind)).collect()
}

/// The kind of a payload's value, and whether it is certainly present.
fn value_kind(
    value: &Value,
    is_footer: bool,
    screen: &Scope<'_>,
    others: &[Scope<'_>],
) -> (Kind, bool) {
    match value {
        Value::Bool(_) => (Kind::Bool, true),
        Value::Number(_) => (Kind::Number, true),
        Value::String(text) => match Template::of(text.trim()) {
            Template::Reference(inside) => Reference::inside(inside)
                .map_or((Kind::Unknown, false), |reference| {
                    resolve(reference, is_footer, screen, others)
                }),
            Template::Expression(_) => (Kind::Unknown, false),
            // It may contain references or be an incomplete expression.
            Template::Text(_) if text.starts_with('`') || text.contains("${") => {
                (Kind::Unknown, false)
            }
            Template::Text(_) => (Kind::Text, true),
        },
        Value::Array(_) | Value::Null | Value::Object(_) => (Kind::Unknown, false),
    }
}

fn resolve(
    reference: Reference<'_>,
    is_footer: bool,
    screen: &Scope<'_>,
    others: &[Scope<'_>],
) -> (Kind, bool) {
    // The user may not have filled in the other screen.
    if let Some(id) = reference.screen {
        let other = others.iter().find(|scope| scope.id == id);
        let own = Reference { screen: None, ..reference };
        return (other.map_or(Kind::Unknown, |other| resolve(own, is_footer, other, &[]).0), false);
    }
    let names: Vec<&str> = reference.path.split('.').collect();
    match (reference.store, names.as_slice()) {
        (Store::Data, names) => {
            let (kind, certain) = declared(screen.data, names);
            (kind, certain && names.first().is_some_and(|name| !screen.uncertain.contains(*name)))
        }
        (Store::Form, [name]) => {
            let known = screen.components.get(name);
            known.map_or((Kind::Unknown, false), |component| {
                (component.kind, is_footer && component.required)
            })
        }
        // The client allows either day of a range to be missing.
        (Store::Form, [name, end]) if RANGE_ENDS.contains(end) => {
            let is_range = screen
                .components
                .get(name)
                .is_some_and(|component| component.kind == Kind::DateRange);
            (if is_range { Kind::Date } else { Kind::Unknown }, false)
        }
        (Store::Form, _) => (Kind::Unknown, false),
    }
}

fn declared(properties: &[Property], names: &[&str]) -> (Kind, bool) {
    let Some((name, rest)) = names.split_first() else { return (Kind::Unknown, false) };
    let Some(property) = properties.iter().find(|property| property.name == *name) else {
        return (Kind::Unknown, false);
    };
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
    use crate::Document;
    use crate::screen_types::schema;

    fn form(children: Value) -> Vec<(String, Kind, bool)> {
        let data = json!({"city": {"type": "string"}, "count": {"type": "number"}, "who": {"type": "object", "properties": {"name": {"type": "string"}}}});
        let screens = json!([
            {"id": "HERE", "data": data, "layout": {"children": children}},
            {"id": "THERE", "layout": {"children": [{"type": "OptIn", "name": "terms", "required": true}]}},
        ]);
        let document = Document::parse(json!({"screens": screens}).to_string().as_bytes()).unwrap();
        let (here, there) = (document.screen("HERE").unwrap(), document.screen("THERE").unwrap());
        let data = schema::of_screen(here, &[]);
        let components = Components::of(here.layout(), true);
        let other_components = Components::of(there.layout(), true);
        let scope =
            |id, components| Scope { id, data: &data, components, uncertain: HashSet::new() };
        let (screen, others) = (scope("HERE", &components), [scope("THERE", &other_components)]);
        let fields = fields(here.layout(), &screen, &others).unwrap_or_default();
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
        let expected =
            [("a", Kind::Text, false), ("b", Kind::Unknown, false), ("c", Kind::Text, true)];
        assert_eq!(
            form(layout),
            expected.map(|(name, kind, optional)| (name.to_owned(), kind, optional))
        );
    }

    #[test]
    fn a_screen_that_sends_nothing_has_no_form() {
        assert_eq!(
            form(
                json!([{"type": "Footer", "on-click-action": {"name": "complete", "payload": {"a": "1"}}}])
            ),
            []
        );
        let screen = Scope {
            id: "A",
            data: &[],
            components: &Components::default(),
            uncertain: HashSet::new(),
        };
        let layout = json!({"children": [footer(json!({}))]});
        assert!(fields(flow_json::Component::of(&layout), &screen, &[]).is_some());
    }
}
