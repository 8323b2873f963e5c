//! The screens of a document.

use serde_json::{Map, Value};

use super::action::Action;
use super::component::Component;
use crate::schema::{EXAMPLE, REQUIRED, required_names};

/// A screen that has an id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Screen<'a> {
    /// Its id as written. It may break the rules of [`id_fault`](crate::id_fault).
    pub id: &'a str,
    /// Its index in the document's list, from 0.
    pub number: usize,
    written: &'a Map<String, Value>,
}

/// A property of a screen's data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Property<'a> {
    /// The key in `data`.
    pub name: &'a str,
    /// Its declaration, in JSON Schema.
    pub schema: &'a Value,
}

impl<'a> Screen<'a> {
    pub(super) fn of(number: usize, written: &'a Value) -> Option<Self> {
        let written = written.as_object()?;
        Some(Self { id: written.get("id")?.as_str()?, number, written })
    }

    /// The screen as it is written.
    pub(crate) fn written(self) -> &'a Map<String, Value> {
        self.written
    }

    /// Its title. A valid one is a string.
    pub fn title(self) -> Option<&'a Value> {
        self.written.get("title")
    }

    /// Whether the flow can end on it.
    pub fn is_terminal(self) -> bool {
        self.flag("terminal", false)
    }

    /// Whether ending here is a success; true if not stated.
    pub fn is_success(self) -> bool {
        self.flag("success", true)
    }

    /// Whether the endpoint is asked when the user goes back from it.
    pub fn refreshes_on_back(self) -> bool {
        self.flag("refresh_on_back", false)
    }

    /// The data that it declares, if any: its properties and perhaps a list `required`.
    pub fn data(self) -> Option<&'a Map<String, Value>> {
        self.written.get("data")?.as_object()
    }

    /// The properties of its data, in the order of the document.
    pub fn properties(self) -> impl Iterator<Item = Property<'a>> {
        let is_listed = self.required().is_some();
        let declared = self
            .data()
            .into_iter()
            .flatten()
            .filter(move |(name, _)| *name != REQUIRED || !is_listed);
        declared.map(|(name, schema)| Property { name, schema })
    }

    /// The names in the list `required` of its data; `None` if it has no such list.
    pub fn required(self) -> Option<Vec<&'a str>> {
        required_names(self.data()?)
    }

    /// The examples of its data by name. A simulator can show them before a reply arrives.
    pub fn example_data(self) -> Map<String, Value> {
        self.properties()
            .filter_map(|property| Some((property.name.to_owned(), property.example()?.clone())))
            .collect()
    }

    /// Its layout. It is not a component, but it contains components as one does.
    pub fn layout(self) -> Option<Component<'a>> {
        self.written.get("layout").and_then(Component::of)
    }

    /// The top-level components.
    pub fn components(self) -> impl Iterator<Item = Component<'a>> {
        self.layout().into_iter().flat_map(Component::children)
    }

    /// Its layout and all components, parents first.
    pub fn all_components(self) -> Vec<Component<'a>> {
        self.layout().map(Component::all).unwrap_or_default()
    }

    /// The actions of all its components.
    pub fn actions(self) -> Vec<Action<'a>> {
        self.all_components().into_iter().flat_map(Component::actions).collect()
    }

    fn flag(self, name: &str, otherwise: bool) -> bool {
        self.written.get(name).and_then(Value::as_bool).unwrap_or(otherwise)
    }
}

impl<'a> Property<'a> {
    /// Its `__example__`.
    pub fn example(self) -> Option<&'a Value> {
        self.schema.get(EXAMPLE)
    }
}
