//! What a screen declares as its data: the part of JSON Schema that can be checked in a time that grows with the reply alone.
//!
//! Schemas come from tenants. So there is nothing in here that follows references, runs patterns or tries alternatives: `$ref`, `pattern`,
//! `format`, `allOf`, `anyOf`, `oneOf`, `not`, `if` and `uniqueItems` are read over, as JSON Schema has it for unknown keywords. What they
//! would refuse passes here, and what passes there is never refused here.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::finding::{Collector, Pointer, quoted};
use super::names::{INVALID_PROPERTY_TYPE, INVALID_SCREEN_DATA, PAYLOAD_SCHEMA_ERROR};

/// What a value must be like.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Schema {
    types: Types,
    properties: BTreeMap<String, Schema>,
    required: Vec<String>,
    /// What properties that are not declared must be like; none lets all pass.
    additional: Option<Box<Schema>>,
    items: Option<Box<Schema>>,
    choices: Option<Choices>,
    bounds: Option<Box<Bounds>>,
}

/// The types that a value may have, a bit for each of [`TYPES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Types(u8);

/// The values of `enum` and `const`. Lists and objects among them are not compared.
#[derive(Clone, Debug, PartialEq)]
struct Choices {
    scalars: HashSet<String>,
    containers: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Bounds {
    minimum: Option<f64>,
    maximum: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
    min_length: Option<f64>,
    max_length: Option<f64>,
    min_items: Option<f64>,
    max_items: Option<f64>,
}

impl Schema {
    /// Reads a screen's `data`: an object whose members are its properties, with a list `required` beside them.
    pub(super) fn of_screen(data: &Map<String, Value>, at: &Pointer, found: &mut Collector) -> Self {
        let mut schema = Self { types: Types::one("object"), ..Self::default() };
        for (name, property) in data.iter().filter(|(name, _)| *name != REQUIRED) {
            let at = at.key(name);
            schema.properties.insert(name.clone(), Self::of_property(property, &at, found));
        }
        schema.required = required(data, at, found);
        for (number, name) in schema.required.iter().enumerate().filter(|(_, name)| !schema.properties.contains_key(*name)) {
            let message = format!("{} is required but not declared", quoted(name));
            found.add(&at.key(REQUIRED).item(number), Some(INVALID_SCREEN_DATA), message);
        }
        schema
    }

    /// A property of a screen's data; an example beside it must fit.
    fn of_property(property: &Value, at: &Pointer, found: &mut Collector) -> Self {
        let Value::Object(declared) = property else {
            found.add(at, Some(INVALID_PROPERTY_TYPE), format!("is {}; a property is declared by an object", described(property)));
            return Self::default();
        };
        let schema = Self::of_object(declared, at, found, Place::Property);
        if let Some(example) = declared.get(EXAMPLE) {
            schema.check(example, &at.key(EXAMPLE), found, Checked::Example);
        }
        schema
    }

    fn of_value(value: &Value, at: &Pointer, found: &mut Collector, place: Place) -> Self {
        match value {
            Value::Object(declared) => Self::of_object(declared, at, found, place),
            Value::Bool(true) => Self::default(),
            Value::Bool(false) => Self { types: Types(0), ..Self::default() },
            other => {
                let message = format!("is {}; a schema is an object, true or false", described(other));
                found.add(at, Some(INVALID_SCREEN_DATA), message);
                Self::default()
            }
        }
    }

    fn of_object(declared: &Map<String, Value>, at: &Pointer, found: &mut Collector, place: Place) -> Self {
        if place != Place::Property && declared.contains_key(EXAMPLE) {
            found.add(
                &at.key(EXAMPLE),
                Some(INVALID_SCREEN_DATA),
                "`__example__` belongs beside a property of `data`, not inside it",
            );
        }
        let types = types(declared, at, found, place);
        let items = declared.get("items").map(|items| Box::new(Self::of_value(items, &at.key("items"), found, Place::Items)));
        if items.is_none() && types == Types::one("array") && place != Place::Inner {
            found.add(at, Some(INVALID_SCREEN_DATA), "an array needs `items`, the schema of its elements");
        }
        let additional = declared.get("additionalProperties");
        Self {
            types,
            properties: properties(declared, at, found),
            required: required(declared, at, found),
            additional: additional
                .map(|schema| Box::new(Self::of_value(schema, &at.key("additionalProperties"), found, Place::Inner))),
            items,
            choices: choices(declared, at, found),
            bounds: bounds(declared, at, found),
        }
    }

    /// Whether there is a property of that name.
    pub(super) fn declares(&self, name: &str) -> bool {
        self.properties.contains_key(name)
    }

    /// Checks the data of a reply that leads to `screen`, but not what `hidden` names. Takes a time that grows with the reply, whatever
    /// the schema is.
    pub(super) fn check_reply(
        &self,
        data: &Map<String, Value>,
        hidden: &[&str],
        screen: &str,
        at: &Pointer,
        found: &mut Collector,
    ) {
        self.check_members(data, hidden, at, found, Checked::Reply(screen));
    }

    fn check(&self, value: &Value, at: &Pointer, found: &mut Collector, what: Checked<'_>) {
        if found.is_full() {
            return;
        }
        if !self.types.contain(value) {
            what.wrong(at, found, true, &format!("is {}, but {} {}", described(value), what.declares(), self.types.described()));
            return;
        }
        if self.choices.as_ref().is_some_and(|choices| !choices.contain(value)) {
            what.wrong(at, found, false, &format!("is none of the values that {} allows", what.declarer()));
        }
        if let Some(problem) = self.bounds.as_ref().and_then(|bounds| bounds.exceeded_by(value)) {
            what.wrong(at, found, false, &problem);
        }
        match value {
            Value::Object(members) => self.check_members(members, &[], at, found, what),
            Value::Array(elements) => {
                let Some(items) = &self.items else { return };
                elements.iter().enumerate().for_each(|(number, element)| items.check(element, &at.item(number), found, what));
            }
            _ => (),
        }
    }

    fn check_members(&self, members: &Map<String, Value>, hidden: &[&str], at: &Pointer, found: &mut Collector, what: Checked<'_>) {
        for (name, value) in members.iter().filter(|(name, _)| !hidden.contains(&name.as_str())) {
            if let Some(schema) = self.properties.get(name).or(self.additional.as_deref()) {
                schema.check(value, &at.key(name), found, what);
            }
        }
        let there = |name: &str| members.contains_key(name) && !hidden.contains(&name);
        for name in self.required.iter().filter(|name| !there(name)) {
            // A long list of what is missing costs no more than the findings that are kept.
            if found.is_full() {
                break;
            }
            what.wrong(at, found, false, &format!("lacks {}, which {} requires", quoted(name), what.declarer()));
        }
    }
}

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A property of the screen's data.
    Property,
    /// The elements of a list.
    Items,
    /// Anywhere else below.
    Inner,
}

/// What is checked, which is how the findings are worded.
#[derive(Clone, Copy)]
enum Checked<'a> {
    Example,
    /// A reply that leads to this screen.
    Reply(&'a str),
}

impl Checked<'_> {
    fn declarer(self) -> String {
        match self {
            Self::Example => "its schema".to_owned(),
            Self::Reply(screen) => format!("screen {screen}"),
        }
    }

    fn declares(self) -> String {
        format!("{} declares", self.declarer())
    }

    fn wrong(self, at: &Pointer, found: &mut Collector, type_error: bool, problem: &str) {
        match self {
            Self::Example => found.add(at, type_error.then_some(INVALID_PROPERTY_TYPE), problem),
            Self::Reply(_) => {
                found.add(at, Some(PAYLOAD_SCHEMA_ERROR), format!("{problem}: the phone would refuse the screen"));
            }
        }
    }
}

impl Types {
    const ANY: Self = Self(0b111_1111);

    fn one(name: &str) -> Self {
        TYPES.iter().position(|known| *known == name).map_or(Self::ANY, |bit| Self(1 << bit))
    }

    fn contain(self, value: &Value) -> bool {
        let is = |name: &str| self.0 & Self::one(name).0 != 0;
        match value {
            Value::Number(number) => is("number") || (is("integer") && is_whole(number)),
            other => is(type_name(other)),
        }
    }

    fn described(self) -> String {
        let names: Vec<&str> = TYPES.iter().copied().filter(|name| self.0 & Self::one(name).0 != 0).collect();
        match names.as_slice() {
            [] => "nothing".to_owned(),
            [one] => with_article(one),
            several => several.join(" or "),
        }
    }
}

impl Default for Types {
    fn default() -> Self {
        Self::ANY
    }
}

impl Choices {
    fn contain(&self, value: &Value) -> bool {
        match scalar(value) {
            Some(text) => self.scalars.contains(&text),
            None => self.containers,
        }
    }
}

impl Bounds {
    fn exceeded_by(&self, value: &Value) -> Option<String> {
        match value {
            Value::Number(number) => {
                let number = number.as_f64()?;
                let low = self.minimum.is_some_and(|least| number < least) || self.above.is_some_and(|limit| number <= limit);
                let high = self.maximum.is_some_and(|most| number > most) || self.below.is_some_and(|limit| number >= limit);
                (low || high).then(|| format!("is a number that is too {}", if low { "small" } else { "large" }))
            }
            Value::String(text) => beyond(text.chars().count(), self.min_length, self.max_length, "characters"),
            Value::Array(elements) => beyond(elements.len(), self.min_items, self.max_items, "elements"),
            _ => None,
        }
    }
}

fn beyond(count: usize, least: Option<f64>, most: Option<f64>, unit: &str) -> Option<String> {
    let size = count as f64;
    match (least, most) {
        (Some(least), _) if size < least => Some(format!("has {count} {unit}; the least is {least}")),
        (_, Some(most)) if size > most => Some(format!("has {count} {unit}; the most is {most}")),
        _ => None,
    }
}

/// The types that a schema names. A property of a screen and a list's elements need one; further inside there may be none, or several.
fn types(declared: &Map<String, Value>, at: &Pointer, found: &mut Collector, place: Place) -> Types {
    let known = |name: &str| TYPES.contains(&name);
    match declared.get("type") {
        None if place == Place::Inner => Types::ANY,
        None => {
            found.add(at, Some(INVALID_SCREEN_DATA), format!("lacks its `type`, one of {}", TYPES.join(", ")));
            Types::ANY
        }
        Some(Value::String(name)) if known(name) => Types::one(name),
        Some(Value::Array(names)) if place == Place::Inner && names.iter().all(|name| name.as_str().is_some_and(known)) => {
            Types(names.iter().filter_map(Value::as_str).fold(0, |bits, name| bits | Types::one(name).0))
        }
        Some(other) => {
            let shown = other.as_str().map_or_else(|| described(other), quoted);
            found.add(&at.key("type"), Some(INVALID_SCREEN_DATA), format!("is {shown}; a type is one of {}", TYPES.join(", ")));
            Types::ANY
        }
    }
}

fn properties(declared: &Map<String, Value>, at: &Pointer, found: &mut Collector) -> BTreeMap<String, Schema> {
    let at = at.key("properties");
    match declared.get("properties") {
        None => BTreeMap::new(),
        Some(Value::Object(members)) => {
            let read =
                |(name, schema): (&String, &Value)| (name.clone(), Schema::of_value(schema, &at.key(name), found, Place::Inner));
            members.iter().map(read).collect()
        }
        Some(other) => {
            found.add(&at, Some(INVALID_SCREEN_DATA), format!("is {}; `properties` is an object of schemas", described(other)));
            BTreeMap::new()
        }
    }
}

/// The names that a list `required` has, each once.
fn required(declared: &Map<String, Value>, at: &Pointer, found: &mut Collector) -> Vec<String> {
    let at = at.key(REQUIRED);
    let Some(value) = declared.get(REQUIRED) else { return Vec::new() };
    let names: Option<Vec<&str>> = value.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
    let Some(names) = names else {
        found.add(&at, Some(INVALID_PROPERTY_TYPE), "is not a list of names");
        return Vec::new();
    };
    let mut seen = HashSet::new();
    names.into_iter().filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

fn choices(declared: &Map<String, Value>, at: &Pointer, found: &mut Collector) -> Option<Choices> {
    let values = match (declared.get("enum"), declared.get("const")) {
        (Some(Value::Array(values)), _) => values.as_slice(),
        (Some(other), _) => {
            found.add(&at.key("enum"), Some(INVALID_SCREEN_DATA), format!("is {}; `enum` is a list of values", described(other)));
            return None;
        }
        (None, Some(value)) => std::slice::from_ref(value),
        (None, None) => return None,
    };
    let scalars: HashSet<String> = values.iter().filter_map(scalar).collect();
    let containers = values.iter().any(|value| scalar(value).is_none());
    Some(Choices { scalars, containers })
}

fn bounds(declared: &Map<String, Value>, at: &Pointer, found: &mut Collector) -> Option<Box<Bounds>> {
    let mut read = |name: &str| {
        let value = declared.get(name)?;
        if !value.is_number() {
            found.add(&at.key(name), Some(INVALID_SCREEN_DATA), format!("is {}; `{name}` is a number", described(value)));
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

/// A value of `enum` that can be compared, as a text; 1 and 1.0 are the same.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Array(_) | Value::Object(_) => None,
        Value::Number(number) => Some(number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())),
        other => Some(other.to_string()),
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// What kind of value it is, for messages.
pub(super) fn described(value: &Value) -> String {
    with_article(type_name(value))
}

fn with_article(name: &str) -> String {
    match name {
        "null" => "null".to_owned(),
        "array" | "object" | "integer" => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// The types of JSON Schema.
const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "object", "array", "null"];

const REQUIRED: &str = "required";

/// Data to show where there is none yet. Meta's own keyword.
pub(super) const EXAMPLE: &str = "__example__";
