//! Screens: what the document says of each, as far as others ask.

use serde_json::{Map, Value};

use super::outline::ScreenOutline;
use super::schema::{EXAMPLE, REQUIRED};

/// A screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Screen {
    /// Its id.
    pub id: String,
    /// What it declares as its data, in the order of the document.
    pub data: Vec<DataProperty>,
}

/// A property of a screen's data.
#[derive(Clone, Debug, PartialEq)]
pub struct DataProperty {
    /// Its name.
    pub name: String,
    /// Its `__example__`.
    pub example: Option<Value>,
}

impl Screen {
    pub(crate) fn of(outline: &ScreenOutline<'_>) -> Self {
        let declared = outline.data.into_iter().flatten().filter(|(name, _)| *name != REQUIRED);
        let property =
            |(name, declared): (&String, &Value)| DataProperty { name: name.clone(), example: declared.get(EXAMPLE).cloned() };
        Self { id: outline.id.to_owned(), data: declared.map(property).collect() }
    }

    /// The examples of its data, by name: what a simulator can show before a reply is there.
    pub fn example_data(&self) -> Map<String, Value> {
        self.data.iter().filter_map(|property| Some((property.name.clone(), property.example.clone()?))).collect()
    }
}
