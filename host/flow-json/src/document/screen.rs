//! A screen of a document.

use serde_json::{Map, Value};

use super::action::Action;
use super::component::Component;
use crate::schema::{EXAMPLE, REQUIRED, required_names};

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Screen<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its number in the document's list, from 0.
    pub number: usize,
    written: &'a Map<String, Value>,
}

/// A property of a screen's data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Property<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is declared of it, in the words of JSON Schema.
    pub schema: &'a Value,
}

impl<'a> Screen<'a> {
    pub(super) fn of(number: usize, written: &'a Value) -> Option<Self> {
        let written = written.as_object()?;
        Some(Self { id: written.get("id")?.as_str()?, number, written })
    }

    /// Its title.
    pub fn title(self) -> Option<&'a Value> {
        self.written.get("title")
    }

    /// Whether the flow can end on it.
    pub fn is_terminal(self) -> bool {
        self.flag("terminal", false)
    }

    /// Whether ending here is a success; true where it isn't said.
    pub fn is_success(self) -> bool {
        self.flag("success", true)
    }

    /// Whether the endpoint is asked when the user goes back from it.
    pub fn refreshes_on_back(self) -> bool {
        self.flag("refresh_on_back", false)
    }

    /// What it declares as its data, if anything: its properties, and perhaps a list `required` beside them.
    pub fn data(self) -> Option<&'a Map<String, Value>> {
        self.written.get("data")?.as_object()
    }

    /// The properties of its data, in the order of the document.
    pub fn properties(self) -> impl Iterator<Item = Property<'a>> {
        let is_listed = self.required().is_some();
        let declared = self.data().into_iter().flatten().filter(move |(name, _)| *name != REQUIRED || !is_listed);
        declared.map(|(name, schema)| Property { name, schema })
    }

    /// The names in the list `required` of its data, if it has one.
    pub fn required(self) -> Option<Vec<&'a str>> {
        required_names(self.data()?)
    }

    /// The examples of its data, by name: what a simulator can show before a reply is there.
    pub fn example_data(self) -> Map<String, Value> {
        self.properties().filter_map(|property| Some((property.name.to_owned(), property.example()?.clone()))).collect()
    }

    /// Its layout. It is no component, but it has components in it as they have.
    pub fn layout(self) -> Option<Component<'a>> {
        self.written.get("layout").and_then(Component::of)
    }

    /// The components that stand directly on it.
    pub fn components(self) -> impl Iterator<Item = Component<'a>> {
        self.layout().into_iter().flat_map(Component::children)
    }

    /// Its layout and all components, each before those in it.
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
