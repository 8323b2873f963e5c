//! Parses the data that a screen declares.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::{Bounds, Choices, Schema, Types, described};
use crate::finding::{Collector, Level};
use crate::names::{INVALID_PROPERTY_TYPE, INVALID_SCREEN_DATA, MISSING_REQUIRED_PROPERTY};
use crate::place::{Place, quoted};

impl Schema {
    /// Parses a screen's `data`: an object whose members are its properties, with an optional list
    /// `required`. A property without an example is a finding of level `unexampled`.
    pub(crate) fn of_screen(
        data: &Map<String, Value>,
        unexampled: Level,
        at: &Place<'_>,
        found: &mut Collector,
    ) -> Self {
        let properties = data.iter().filter(|(name, _)| *name != REQUIRED);
        let properties = properties.map(|(name, property)| {
            let at = at.key(name);
            // Meta's schema demands nothing of properties whose names begin with `required`.
            let unexampled = if name.starts_with(REQUIRED) { Level::Note } else { unexampled };
            (name.clone(), Self::of_property(property, unexampled, &at, found))
        });
        Self {
            properties: properties.collect(),
            required: required(data, at, found),
            ..Self::default()
        }
    }

    /// Parses a property of a screen's data. Its example, if any, must match.
    fn of_property(
        property: &Value,
        unexampled: Level,
        at: &Place<'_>,
        found: &mut Collector,
    ) -> Self {
        let Value::Object(declared) = property else {
            let problem = format_args!(
                "is {}; a property is declared by an object with its `type`",
                described(property)
            );
            found.error(at, Some(INVALID_PROPERTY_TYPE), problem);
            return Self::default();
        };
        let schema = Self::of_object(declared, at, found, Depth::Property);
        match declared.get(EXAMPLE) {
            Some(example) => schema.check_example(example, &at.key(EXAMPLE), found),
            None => found.add(
                unexampled,
                at,
                Some(MISSING_REQUIRED_PROPERTY),
                format_args!("lacks its `__example__`, a value for the preview in Meta's builder"),
            ),
        }
        schema
    }

    fn of_value(value: &Value, at: &Place<'_>, found: &mut Collector, depth: Depth) -> Self {
        match value {
            Value::Object(declared) => Self::of_object(declared, at, found, depth),
            Value::Bool(true) => Self::default(),
            Value::Bool(false) => Self { types: Types::NONE, ..Self::default() },
            other => {
                let problem =
                    format_args!("is {}; a schema is an object, true or false", described(other));
                found.error(at, Some(INVALID_SCREEN_DATA), problem);
                Self::default()
            }
        }
    }

    fn of_object(
        declared: &Map<String, Value>,
        at: &Place<'_>,
        found: &mut Collector,
        depth: Depth,
    ) -> Self {
        if depth != Depth::Property && declared.contains_key(EXAMPLE) {
            let problem =
                format_args!("`__example__` belongs beside a property of `data`, not inside it");
            found.error(&at.key(EXAMPLE), Some(INVALID_SCREEN_DATA), problem);
        }
        let types = types(declared, at, found, depth);
        let items = declared
            .get("items")
            .map(|items| Box::new(Self::of_value(items, &at.key("items"), found, Depth::Items)));
        if items.is_none() && Some(types) == Types::named("array") && depth != Depth::Inner {
            found.error(
                at,
                Some(INVALID_SCREEN_DATA),
                format_args!("an array needs `items`, the schema of its elements"),
            );
        }
        // Properties that are no object are reported, and may be meant to declare any.
        let are_clear = declared.get("properties").is_none_or(Value::is_object);
        let additional = declared.get("additionalProperties").filter(|_| are_clear);
        Self {
            types,
            properties: properties(declared, at, found),
            required: required(declared, at, found),
            additional: additional.map(|schema| {
                Box::new(Self::of_value(
                    schema,
                    &at.key("additionalProperties"),
                    found,
                    Depth::Inner,
                ))
            }),
            items,
            choices: choices(declared, at, found),
            bounds: bounds(declared, at, found),
        }
    }
}

/// Where a schema occurs, which decides what it must have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// The schema of a property of the screen's data.
    Property,
    /// The schema of a list's elements.
    Items,
    /// Any other nested schema.
    Inner,
}

/// The types that a schema names. A screen's property and a list's elements must have exactly one;
/// a schema further inside may have none or several.
fn types(
    declared: &Map<String, Value>,
    at: &Place<'_>,
    found: &mut Collector,
    depth: Depth,
) -> Types {
    let all = || Types::NAMES.join(", ");
    let several = |names: &[Value]| {
        let read = |types: Types, name: &Value| Some(types.or(Types::named(name.as_str()?)?));
        names.iter().try_fold(Types::NONE, read)
    };
    let read = match declared.get("type") {
        None if depth == Depth::Inner => return Types::ANY,
        None => {
            found.error(
                at,
                Some(INVALID_SCREEN_DATA),
                format_args!("lacks its `type`, one of {}", all()),
            );
            return Types::ANY;
        }
        Some(Value::String(name)) => Types::named(name),
        Some(Value::Array(names)) if depth == Depth::Inner => several(names),
        Some(_) => None,
    };
    read.unwrap_or_else(|| {
        let (at, written) = (at.key("type"), &declared["type"]);
        match written.as_str() {
            Some(name) => {
                let problem = format_args!("is {}; a type is one of {}", quoted(name), all());
                found.error(&at, Some(INVALID_SCREEN_DATA), problem);
            }
            None => {
                let problem = format_args!("is {}; a type is one of {}", described(written), all());
                found.error(&at, Some(INVALID_SCREEN_DATA), problem);
            }
        }
        Types::ANY
    })
}

fn properties(
    declared: &Map<String, Value>,
    at: &Place<'_>,
    found: &mut Collector,
) -> BTreeMap<String, Schema> {
    let at = at.key("properties");
    match declared.get("properties") {
        None => BTreeMap::new(),
        Some(Value::Object(members)) => {
            let read = |(name, schema): (&String, &Value)| {
                (name.clone(), Schema::of_value(schema, &at.key(name), found, Depth::Inner))
            };
            members.iter().map(read).collect()
        }
        Some(other) => {
            let problem =
                format_args!("is {}; `properties` is an object of schemas", described(other));
            found.error(&at, Some(INVALID_SCREEN_DATA), problem);
            BTreeMap::new()
        }
    }
}

/// The names in `required`, without duplicates. They need not be declared.
fn required(declared: &Map<String, Value>, at: &Place<'_>, found: &mut Collector) -> Vec<String> {
    let at = at.key(REQUIRED);
    if !declared.contains_key(REQUIRED) {
        return Vec::new();
    }
    let Some(names) = required_names(declared) else {
        found.error(&at, Some(INVALID_PROPERTY_TYPE), format_args!("is not a list of names"));
        return Vec::new();
    };
    let mut seen = HashSet::new();
    names.into_iter().filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

/// The names in the list `required` of an object's schema or of a screen's data; `None` if it is
/// missing or is not a list of strings.
pub fn required_names(declared: &Map<String, Value>) -> Option<Vec<&str>> {
    declared.get(REQUIRED)?.as_array()?.iter().map(Value::as_str).collect()
}

fn choices(
    declared: &Map<String, Value>,
    at: &Place<'_>,
    found: &mut Collector,
) -> Option<Box<Choices>> {
    let values = match (declared.get("enum"), declared.get("const")) {
        (Some(Value::Array(values)), _) => values.as_slice(),
        (Some(other), _) => {
            let problem = format_args!("is {}; `enum` is a list of values", described(other));
            found.error(&at.key("enum"), Some(INVALID_SCREEN_DATA), problem);
            return None;
        }
        (None, Some(value)) => std::slice::from_ref(value),
        (None, None) => return None,
    };
    Some(Box::new(Choices::of(values)))
}

fn bounds(
    declared: &Map<String, Value>,
    at: &Place<'_>,
    found: &mut Collector,
) -> Option<Box<Bounds>> {
    let mut read = |name: &str| {
        let value = declared.get(name)?;
        if !value.is_number() {
            let problem = format_args!("is {}; `{name}` is a number", described(value));
            found.error(&at.key(name), Some(INVALID_SCREEN_DATA), problem);
        }
        value.as_f64()
    };
    let bounds = Bounds {
        minimum: read("minimum"),
        maximum: read("maximum"),
        above: read("exclusiveMinimum"),
        below: read("exclusiveMaximum"),
        min_length: read("minLength"),
        max_length: read("maxLength"),
        min_items: read("minItems"),
        max_items: read("maxItems"),
    };
    (bounds != Bounds::default()).then(|| Box::new(bounds))
}

pub(crate) const REQUIRED: &str = "required";

/// Meta's own keyword for data to show before a reply arrives.
pub(crate) const EXAMPLE: &str = "__example__";
