//! What values take in memory, about.

use serde_json::{Map, Value};

/// A value with all that is in it, in bytes.
pub(super) fn weight(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(elements) => elements.iter().map(weight).sum(),
        Value::Object(members) => of_members(members),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    size_of::<Value>() + inside
}

/// The members of an object, in bytes.
pub(super) fn of_members(members: &Map<String, Value>) -> usize {
    members.iter().map(|(name, value)| MEMBER + name.len() + weight(value)).sum()
}

/// A name, its hash and its place in the index.
const MEMBER: usize = size_of::<String>() + 2 * size_of::<usize>();

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn small_values_weigh_more_than_their_text() {
        let value = size_of::<Value>();
        assert_eq!(weight(&json!([0, 0, 0])), 4 * value);
        assert_eq!(weight(&json!({"ab": "cde"})), 2 * value + MEMBER + 5);
    }
}
