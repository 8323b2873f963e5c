//! The types of JSON Schema, and their names in messages.

use std::fmt;

use serde_json::Value;

/// A set of types, one bit for each of [`Types::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Types(u8);

impl Types {
    pub(crate) const ANY: Self = Self(0b111_1111);

    pub(crate) const NONE: Self = Self(0);

    /// JSON Schema's names, in the order of the bits.
    pub(crate) const NAMES: [&'static str; 7] =
        ["string", "number", "integer", "boolean", "object", "array", "null"];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(|bit| Self(1 << bit))
    }

    /// The union of both sets.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the value's type is in the set.
    pub(crate) fn contain(self, value: &Value) -> bool {
        let is = |name: &str| Self::named(name).is_some_and(|one| self.0 & one.0 != 0);
        match value {
            Value::Number(number) => is("number") || (is("integer") && is_whole(number)),
            other => is(type_name(other)),
        }
    }
}

impl Default for Types {
    fn default() -> Self {
        Self::ANY
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = (0..)
            .zip(Self::NAMES)
            .filter(|(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, name)| name)
            .collect();
        match names.as_slice() {
            [] => f.write_str("nothing"),
            [one] => f.write_str(with_article(one)),
            several => f.write_str(&several.join(" or ")),
        }
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// JSON Schema's name for the type of a value. Every number is "number".
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The type of a value with its article, for messages.
pub(crate) fn described(value: &Value) -> &'static str {
    with_article(type_name(value))
}

fn with_article(name: &str) -> &'static str {
    match name {
        "string" => "a string",
        "number" => "a number",
        "integer" => "an integer",
        "boolean" => "a boolean",
        "object" => "an object",
        "array" => "an array",
        _ => "null",
    }
}
