//! JSON written as TOML, for people to read.

use serde_json::Value as Json;
use toml_edit::{Array, InlineTable, Item, Table, Value};

use super::pattern::NULL;

/// An object as a table with a line for each field.
pub(super) fn table_with(object: &Json) -> Table {
    let mut table = Table::new();
    for (key, value) in object.as_object().into_iter().flatten() {
        let item = match value {
            Json::Object(fields) if !fields.is_empty() => Item::Table(table_with(value)),
            other => Item::Value(value_of(other)),
        };
        table.insert(key, item);
    }
    table
}

/// A JSON value as TOML, with a word for null.
pub(super) fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(NULL),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => number
            .as_i64()
            .map_or_else(|| Value::from(number.as_f64().unwrap_or(f64::MAX)), Value::from),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(elements) => Value::Array(array_of(elements)),
        Json::Object(fields) => Value::InlineTable(
            fields
                .iter()
                .map(|(key, value)| (key.as_str(), value_of(value)))
                .collect::<InlineTable>(),
        ),
    }
}

/// A long array has a line for each element.
fn array_of(elements: &[Json]) -> Array {
    let mut array: Array = elements.iter().map(value_of).collect();
    if array.to_string().len() > LINE_WIDTH {
        array.iter_mut().for_each(|element| element.decor_mut().set_prefix("\n    "));
        array.set_trailing("\n");
        array.set_trailing_comma(true);
    }
    array
}

/// The longest array that is kept on its key's line.
const LINE_WIDTH: usize = 90;
