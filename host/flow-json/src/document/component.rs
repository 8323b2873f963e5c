//! A component of a screen.

use serde_json::{Map, Value};

use super::action::{Action, is_action};
use crate::kind::{ComponentKind, Field};

/// A component of any kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Component<'a> {
    written: &'a Map<String, Value>,
}

impl<'a> Component<'a> {
    /// `None` if the value is not an object.
    pub fn of(written: &'a Value) -> Option<Self> {
        Some(Self { written: written.as_object()? })
    }

    /// The component as it is written.
    pub(crate) fn written(self) -> &'a Map<String, Value> {
        self.written
    }

    /// The value of one of its members.
    pub fn member(self, name: &str) -> Option<&'a Value> {
        self.written.get(name)
    }

    /// Its `type` as written; empty if it is missing or not a string.
    pub fn type_name(self) -> &'a str {
        self.text("type").unwrap_or_default()
    }

    /// Its kind; `None` if this release doesn't know it.
    pub fn kind(self) -> Option<ComponentKind> {
        ComponentKind::named(self.type_name())
    }

    /// The name of its value in the form. A `Form`'s own `name` does not count.
    pub fn field_name(self) -> Option<&'a str> {
        self.text("name").filter(|_| self.kind() != Some(ComponentKind::Form))
    }

    /// The type of value that it gives its form; `None` if it is not a field.
    pub fn field(self) -> Option<Field> {
        self.kind()?.field()
    }

    /// The components of a `Form` or of a layout.
    pub fn children(self) -> impl Iterator<Item = Component<'a>> {
        components(self.written.get(CHILDREN))
    }

    /// The components that an `If` shows when its condition holds.
    pub fn then(self) -> impl Iterator<Item = Component<'a>> {
        components(self.written.get(THEN))
    }

    /// The components that an `If` shows when its condition doesn't hold.
    pub fn otherwise(self) -> impl Iterator<Item = Component<'a>> {
        components(self.written.get(ELSE))
    }

    /// The components that a `Switch` shows for a value, or its `default` ones.
    pub fn case(self, value: &str) -> impl Iterator<Item = Component<'a>> {
        let cases = self.written.get(CASES);
        components(cases.and_then(|cases| cases.get(value).or_else(|| cases.get("default"))))
    }

    /// Its direct child components, those of all branches and cases included, whatever its kind.
    pub fn inside(self) -> impl Iterator<Item = Component<'a>> {
        let cases =
            self.written.get(CASES).and_then(Value::as_object).into_iter().flat_map(Map::values);
        let lists = LISTS.iter().filter_map(|name| self.written.get(*name));
        lists.chain(cases).flat_map(|list| components(Some(list)))
    }

    /// The component and all its descendants, parents first. The recursion is at most as deep as a
    /// document, 128 levels.
    pub fn all(self) -> Vec<Component<'a>> {
        let mut all = Vec::new();
        self.collect(&mut all);
        all
    }

    fn collect(self, all: &mut Vec<Component<'a>>) {
        all.push(self);
        self.inside().for_each(|inner| inner.collect(all));
    }

    /// Its actions and those of its list entries, but not those of child components.
    pub fn actions(self) -> Vec<Action<'a>> {
        let mut found = Vec::new();
        let own = self
            .written
            .iter()
            .filter(|(name, _)| !LISTS.contains(&name.as_str()) && *name != CASES);
        own.for_each(|(name, value)| collect_actions(name, value, &mut found));
        found
    }

    fn text(self, name: &str) -> Option<&'a str> {
        self.written.get(name)?.as_str()
    }
}

/// The components of a list, skipping elements that are not objects.
fn components(list: Option<&Value>) -> impl Iterator<Item = Component<'_>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Component::of)
}

fn collect_actions<'a>(name: &str, value: &'a Value, found: &mut Vec<Action<'a>>) {
    match value {
        _ if is_action(name) => found.extend(Action::of(value)),
        Value::Array(elements) => {
            elements.iter().for_each(|element| collect_actions("", element, found))
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| collect_actions(name, value, found))
        }
        _ => (),
    }
}

/// The member of a `Form` and of a screen's layout that holds components.
pub(crate) const CHILDREN: &str = "children";

/// The members of an `If` that hold components.
pub(crate) const THEN: &str = "then";
pub(crate) const ELSE: &str = "else";

/// The member of a `Switch` that holds a list of components for each value.
pub(crate) const CASES: &str = "cases";

/// The members that hold lists of components, apart from the cases of a `Switch`.
const LISTS: [&str; 3] = [CHILDREN, THEN, ELSE];
