//! A component of a screen.

use serde_json::{Map, Value};

use super::action::{Action, is_action};
use crate::kind::{ComponentKind, Field};

/// A component, of whatever kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Component<'a> {
    written: &'a Map<String, Value>,
}

impl<'a> Component<'a> {
    /// Reads a component, if it is an object.
    pub fn of(written: &'a Value) -> Option<Self> {
        Some(Self { written: written.as_object()? })
    }

    /// What it says under a name.
    pub fn member(self, name: &str) -> Option<&'a Value> {
        self.written.get(name)
    }

    /// Its `type` as it is written; empty, if it is no text.
    pub fn type_name(self) -> &'a str {
        self.text("type").unwrap_or_default()
    }

    /// Its kind; none, if this release doesn't know it.
    pub fn kind(self) -> Option<ComponentKind> {
        ComponentKind::named(self.type_name())
    }

    /// The name under which the form knows it. What a `Form` is called is none.
    pub fn field_name(self) -> Option<&'a str> {
        self.text("name").filter(|_| self.kind() != Some(ComponentKind::Form))
    }

    /// What it gives its form, if it is a field.
    pub fn field(self) -> Option<Field> {
        self.kind()?.field()
    }

    /// The fields and other components of a `Form`.
    pub fn children(self) -> impl Iterator<Item = Component<'a>> {
        components(self.written.get(CHILDREN))
    }

    /// What an `If` shows when its condition holds.
    pub fn then(self) -> impl Iterator<Item = Component<'a>> {
        components(self.written.get(THEN))
    }

    /// What an `If` shows when its condition doesn't hold.
    pub fn otherwise(self) -> impl Iterator<Item = Component<'a>> {
        components(self.written.get(ELSE))
    }

    /// What a `Switch` shows for a value.
    pub fn case(self, value: &str) -> impl Iterator<Item = Component<'a>> {
        let cases = self.written.get(CASES);
        components(cases.and_then(|cases| cases.get(value).or_else(|| cases.get("default"))))
    }

    /// The components that stand directly in it, of all branches and cases, whatever its kind is.
    pub fn inside(self) -> impl Iterator<Item = Component<'a>> {
        let cases = self.written.get(CASES).and_then(Value::as_object).into_iter().flat_map(Map::values);
        let lists = LISTS.iter().filter_map(|name| self.written.get(*name));
        lists.chain(cases).flat_map(|list| components(Some(list)))
    }

    /// It and all components in it, each before those in it. A document is at most 128 levels deep, and so is this.
    pub fn all(self) -> Vec<Component<'a>> {
        let mut all = Vec::new();
        self.collect(&mut all);
        all
    }

    fn collect(self, all: &mut Vec<Component<'a>>) {
        all.push(self);
        self.inside().for_each(|inner| inner.collect(all));
    }

    /// Its actions and those of its entries, but not those of the components in it.
    pub fn actions(self) -> Vec<Action<'a>> {
        let mut found = Vec::new();
        let own = self.written.iter().filter(|(name, _)| !LISTS.contains(&name.as_str()) && *name != CASES);
        own.for_each(|(name, value)| collect_actions(name, value, &mut found));
        found
    }

    fn text(self, name: &str) -> Option<&'a str> {
        self.written.get(name)?.as_str()
    }
}

/// The components of a list; what is none is left out.
fn components(list: Option<&Value>) -> impl Iterator<Item = Component<'_>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Component::of)
}

fn collect_actions<'a>(name: &str, value: &'a Value, found: &mut Vec<Action<'a>>) {
    match value {
        _ if is_action(name) => found.extend(Action::of(value)),
        Value::Array(elements) => elements.iter().for_each(|element| collect_actions("", element, found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| collect_actions(name, value, found)),
        _ => (),
    }
}

/// The member of a `Form`, and of a screen's layout, that holds components.
pub(crate) const CHILDREN: &str = "children";

/// The members of an `If` that hold components.
pub(crate) const THEN: &str = "then";
pub(crate) const ELSE: &str = "else";

/// The member of a `Switch` that holds a list of components for each value.
pub(crate) const CASES: &str = "cases";

/// The lists of components that a component can have, beside the cases of a `Switch`.
const LISTS: [&str; 3] = [CHILDREN, THEN, ELSE];
