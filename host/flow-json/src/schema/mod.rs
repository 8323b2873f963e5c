//! The data that a screen declares: the part of JSON Schema that can be checked in time that grows
//! with the reply alone.
//!
//! Schemas come from tenants. So this module follows no references, runs no patterns and tries no
//! alternatives: it ignores `$ref`, `pattern`, `format`, `allOf`, `anyOf`, `oneOf`, `not`, `if` and
//! `uniqueItems`, as JSON Schema ignores unknown keywords. A value that only they would refuse
//! passes here, and a value that passes them is never refused here.

mod reading;
mod types;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde_json::{Map, Value};

pub use self::reading::required_names;
pub(crate) use self::reading::{EXAMPLE, REQUIRED};
pub(crate) use self::types::{Types, described, type_name};

use super::finding::Collector;
use super::names::{INVALID_PROPERTY_TYPE, PAYLOAD_SCHEMA_ERROR};
use super::place::{Place, quoted};

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Schema {
    types: Types,
    properties: BTreeMap<String, Schema>,
    required: Vec<String>,
    /// The schema of properties that are not declared; `None` accepts any value.
    additional: Option<Box<Schema>>,
    items: Option<Box<Schema>>,
    choices: Option<Box<Choices>>,
    bounds: Option<Box<Bounds>>,
}

/// The values of `enum` and `const`. Lists and objects among them are not compared.
#[derive(Clone, Debug, Default, PartialEq)]
struct Choices {
    texts: HashSet<String>,
    /// The bits of each number as `f64`, so that 1 and 1.0 are equal.
    numbers: HashSet<u64>,
    yes: bool,
    no: bool,
    null: bool,
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
    /// Checks the data of a reply that leads to `screen`, except the members in `hidden`. With
    /// `all`, every declared property is required. The time grows with the reply, whatever the
    /// schema is.
    pub(crate) fn check_reply(
        &self,
        data: &Map<String, Value>,
        hidden: &[&str],
        all: bool,
        screen: &str,
        at: &Place<'_>,
        found: &mut Collector,
    ) {
        let what = Checked::Reply(screen);
        self.check_values(data, hidden, at, found, what);
        let declared = self.properties.keys().filter(|_| all);
        let besides =
            self.required.iter().filter(|name| !all || !self.properties.contains_key(*name));
        check_presence(declared.chain(besides), data, hidden, at, found, what);
    }

    /// Whether it declares a property of this name.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.properties.contains_key(name)
    }

    /// The names of the declared properties.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &str> {
        self.properties.keys().map(String::as_str)
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        let names: usize = self
            .properties
            .keys()
            .chain(&self.required)
            .map(|name| size_of::<String>() + name.len())
            .sum();
        let choices = self.choices.as_ref().map_or(0, |choices| choices.weight());
        let inner =
            self.properties.values().chain(self.items.as_deref()).chain(self.additional.as_deref());
        size_of::<Self>() + names + choices + inner.map(Self::weight).sum::<usize>()
    }

    /// Checks a property's `__example__` against the property's own schema.
    fn check_example(&self, example: &Value, at: &Place<'_>, found: &mut Collector) {
        self.check(example, at, found, Checked::Example);
    }

    fn check(&self, value: &Value, at: &Place<'_>, found: &mut Collector, what: Checked<'_>) {
        if found.is_full() {
            return;
        }
        if !self.types.contain(value) {
            what.wrong(
                at,
                found,
                true,
                format_args!("is {}, but {what} declares {}", described(value), self.types),
            );
            return;
        }
        if self.choices.as_ref().is_some_and(|choices| !choices.contain(value)) {
            what.wrong(at, found, false, format_args!("is none of the values that {what} allows"));
        }
        if let Some(exceeded) = self.bounds.as_ref().and_then(|bounds| bounds.exceeded_by(value)) {
            what.wrong(at, found, false, format_args!("{exceeded}"));
        }
        match value {
            Value::Object(members) => {
                self.check_values(members, &[], at, found, what);
                check_presence(self.required.iter(), members, &[], at, found, what);
            }
            Value::Array(elements) => {
                let Some(items) = &self.items else { return };
                elements.iter().enumerate().for_each(|(number, element)| {
                    items.check(element, &at.item(number), found, what)
                });
            }
            _ => (),
        }
    }

    fn check_values(
        &self,
        members: &Map<String, Value>,
        hidden: &[&str],
        at: &Place<'_>,
        found: &mut Collector,
        what: Checked<'_>,
    ) {
        for (name, value) in members.iter().filter(|(name, _)| !hidden.contains(&name.as_str())) {
            if let Some(schema) = self.properties.get(name).or(self.additional.as_deref()) {
                schema.check(value, &at.key(name), found, what);
            }
        }
    }
}

/// Stops once the findings are full, so a long `required` list costs no more than the findings
/// kept.
fn check_presence<'a>(
    due: impl Iterator<Item = &'a String>,
    members: &Map<String, Value>,
    hidden: &[&str],
    at: &Place<'_>,
    found: &mut Collector,
    what: Checked<'_>,
) {
    for name in due.filter(|name| !members.contains_key(*name) || hidden.contains(&name.as_str())) {
        if found.is_full() {
            break;
        }
        what.wrong(at, found, false, format_args!("lacks {}, which {what} requires", quoted(name)));
    }
}

/// What is being checked, which decides the wording of findings. `Display` names the party that
/// requires the value.
#[derive(Clone, Copy)]
enum Checked<'a> {
    Example,
    /// A reply that leads to this screen.
    Reply(&'a str),
}

impl Checked<'_> {
    fn wrong(
        self,
        at: &Place<'_>,
        found: &mut Collector,
        type_error: bool,
        problem: fmt::Arguments<'_>,
    ) {
        match self {
            Self::Example => found.error(at, type_error.then_some(INVALID_PROPERTY_TYPE), problem),
            Self::Reply(_) => {
                found.error(
                    at,
                    Some(PAYLOAD_SCHEMA_ERROR),
                    format_args!("{problem}: the phone would refuse the screen"),
                );
            }
        }
    }
}

impl fmt::Display for Checked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Example => f.write_str("its schema"),
            Self::Reply(screen) => write!(f, "screen {screen}"),
        }
    }
}

impl Choices {
    fn of(values: &[Value]) -> Self {
        let mut choices = Self::default();
        for value in values {
            match value {
                Value::Null => choices.null = true,
                Value::Bool(true) => choices.yes = true,
                Value::Bool(false) => choices.no = true,
                Value::Number(number) => choices.numbers.extend(bits(number)),
                Value::String(text) => drop(choices.texts.insert(text.clone())),
                Value::Array(_) | Value::Object(_) => choices.containers = true,
            }
        }
        choices
    }

    fn weight(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| size_of::<String>() + text.len()).sum();
        size_of::<Self>() + texts + self.numbers.len() * size_of::<u64>()
    }

    fn contain(&self, value: &Value) -> bool {
        match value {
            Value::Null => self.null,
            Value::Bool(true) => self.yes,
            Value::Bool(false) => self.no,
            Value::Number(number) => bits(number).is_some_and(|bits| self.numbers.contains(&bits)),
            Value::String(text) => self.texts.contains(text),
            Value::Array(_) | Value::Object(_) => self.containers,
        }
    }
}

/// The form in which numbers are compared; 0 and -0 are equal.
fn bits(number: &serde_json::Number) -> Option<u64> {
    number.as_f64().map(|number| (number + 0.0).to_bits())
}

impl Bounds {
    fn exceeded_by(&self, value: &Value) -> Option<Exceeded> {
        match value {
            Value::Number(number) => {
                let number = number.as_f64()?;
                let low = self.minimum.is_some_and(|least| number < least)
                    || self.above.is_some_and(|limit| number <= limit);
                let high = self.maximum.is_some_and(|most| number > most)
                    || self.below.is_some_and(|limit| number >= limit);
                (low || high).then_some(if low { Exceeded::Small } else { Exceeded::Large })
            }
            Value::String(text) => {
                beyond(text.chars().count(), self.min_length, self.max_length, "characters")
            }
            Value::Array(elements) => {
                beyond(elements.len(), self.min_items, self.max_items, "elements")
            }
            _ => None,
        }
    }
}

enum Exceeded {
    Small,
    Large,
    Few { count: usize, least: f64, unit: &'static str },
    Many { count: usize, most: f64, unit: &'static str },
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small => f.write_str("is a number that is too small"),
            Self::Large => f.write_str("is a number that is too large"),
            Self::Few { count, least, unit } => {
                write!(f, "has {count} {unit}; the least is {least}")
            }
            Self::Many { count, most, unit } => write!(f, "has {count} {unit}; the most is {most}"),
        }
    }
}

fn beyond(
    count: usize,
    least: Option<f64>,
    most: Option<f64>,
    unit: &'static str,
) -> Option<Exceeded> {
    let size = count as f64;
    match (least, most) {
        (Some(least), _) if size < least => Some(Exceeded::Few { count, least, unit }),
        (_, Some(most)) if size > most => Some(Exceeded::Many { count, most, unit }),
        _ => None,
    }
}
