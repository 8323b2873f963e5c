//! Resolves references and gives the types of their targets.

use serde_json::{Map, Value};

use super::members::misspells;
use super::table::INPUT_TYPES;
use crate::document::{Component, Reference, Store, Template};
use crate::kind::{CalendarMode, ComponentKind, Field};
use crate::outline::{Outline, ScreenOutline};
use crate::schema::{EXAMPLE, REQUIRED, Types};

/// The target of a reference.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// A property of a screen's data, or a part of it, as its schema.
    Data(&'a Map<String, Value>),
    Field(Component<'a>, Field),
    /// Something of which nothing is known, such as the field of a component of unknown kind, or
    /// data whose declaration is wrong.
    Unknown,
}

/// Why a reference has no target.
#[derive(Clone, Copy)]
pub(super) enum Dangling<'a> {
    NoScreen(&'a str),
    OwnScreen(&'a str),
    /// The screen, and what its `data` does not declare.
    NoProperty(&'a str, &'a str),
    /// The screen, which has no `data`, and what it should declare.
    NoData(&'a str, &'a str),
    /// The screen, and the field that it does not have.
    NoField(&'a str, &'a str),
    /// The path leads into a value that is declared as a list.
    InList,
    /// The component has a name but no value.
    NoValue,
    /// The text begins and ends like a reference, but has more than a name in it.
    Mixed,
}

/// Whether WhatsApp takes a text for a reference although it is not one: WhatsApp checks only how
/// the text begins and ends.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.ends_with('}')
        && ["${data.", "${form.", "${screen."].iter().any(|begin| text.starts_with(begin))
}

impl<'a> Reference<'a> {
    /// Finds the target of a reference on screen `own`, which must not name itself.
    pub(super) fn resolve(
        self,
        own: &ScreenOutline<'a>,
        outline: &Outline<'a>,
    ) -> Result<Target<'a>, Dangling<'a>> {
        match self.screen {
            None => self.resolve_on(own),
            Some(id) if id == own.id => Err(Dangling::OwnScreen(id)),
            Some(id) => self.resolve_on(outline.screen(id).ok_or(Dangling::NoScreen(id))?),
        }
    }

    /// Like [`Self::resolve`], but a screen may name itself.
    pub(super) fn resolve_anywhere(
        self,
        own: &ScreenOutline<'a>,
        outline: &Outline<'a>,
    ) -> Result<Target<'a>, Dangling<'a>> {
        match self.screen {
            Some(id) => self.resolve_on(outline.screen(id).ok_or(Dangling::NoScreen(id))?),
            None => self.resolve_on(own),
        }
    }

    fn resolve_on(self, screen: &ScreenOutline<'a>) -> Result<Target<'a>, Dangling<'a>> {
        match self.store {
            Store::Data => data(screen, self.path),
            Store::Form => field(screen, self.path),
        }
    }
}

fn data<'a>(screen: &ScreenOutline<'a>, path: &'a str) -> Result<Target<'a>, Dangling<'a>> {
    let mut names = path.split('.');
    let first = names.next().unwrap_or_default();
    let data = match screen.data {
        _ if !screen.data_is_clear => return Ok(Target::Unknown),
        None => return Err(Dangling::NoData(screen.id, first)),
        Some(data) => data,
    };
    let is_property = |declared: &&Value| first != REQUIRED || !declared.is_array();
    let declared =
        data.get(first).filter(is_property).ok_or(Dangling::NoProperty(screen.id, first))?;
    let Some(mut schema) = declared.as_object() else { return Ok(Target::Unknown) };
    if contradicts_itself(schema) {
        return Ok(Target::Unknown);
    }
    for name in names {
        let properties = schema.get("properties");
        let inner = properties.and_then(|properties| properties.get(name));
        schema = match inner {
            Some(Value::Object(inner)) => inner,
            None if schema.get("type").is_some_and(|kind| kind == "array") => {
                return Err(Dangling::InList);
            }
            None if properties.is_some_and(|properties| !properties.is_object()) => {
                return Ok(Target::Unknown);
            }
            Some(Value::Bool(_)) | None => return Err(Dangling::NoProperty(screen.id, path)),
            Some(_) => return Ok(Target::Unknown),
        };
    }
    Ok(Target::Data(schema))
}

/// Whether the example of a property is of another type than the property, which is reported. Which
/// of the two is meant is then unknown.
pub(super) fn contradicts_itself(declared: &Map<String, Value>) -> bool {
    let is = declared.get("type").and_then(Value::as_str).and_then(Types::named);
    let example = declared.get(EXAMPLE);
    is.zip(example).is_some_and(|(types, example)| !types.contain(example))
}

fn field<'a>(screen: &ScreenOutline<'a>, name: &'a str) -> Result<Target<'a>, Dangling<'a>> {
    let component = match screen.named.get(name) {
        Some(component) => *component,
        None if screen.fields_are_clear => return Err(Dangling::NoField(screen.id, name)),
        None => return Ok(Target::Unknown),
    };
    match component.kind().map(ComponentKind::field) {
        Some(Some(field)) if field.is_clear(component, screen.is_strict) => {
            Ok(Target::Field(component, field))
        }
        Some(None) => Err(Dangling::NoValue),
        _ => Ok(Target::Unknown),
    }
}

/// The type that a schema states, if there is such a type. That there is none is reported.
pub(super) fn known_type(schema: &Map<String, Value>) -> Option<&str> {
    schema.get("type").and_then(Value::as_str).filter(|name| Types::named(name).is_some())
}

impl Target<'_> {
    /// JSON Schema's name for the target's type; `None` if unknown.
    pub(super) fn type_name(&self) -> Option<&str> {
        match self {
            Self::Data(schema) => known_type(schema),
            Self::Field(component, field) => Some(field.type_name(*component)),
            Self::Unknown => None,
        }
    }

    /// The type of a list's elements, if stated.
    pub(super) fn element_type(&self) -> Option<&str> {
        match self {
            Self::Data(schema) => {
                schema.get("items").and_then(Value::as_object).and_then(known_type)
            }
            Self::Field(_, Field::Choices) => Some("string"),
            Self::Field(..) => Some("object"),
            Self::Unknown => None,
        }
    }
}

impl Field {
    /// Whether the component says of which type its value is; false if it says what can't be, or has
    /// the key for it misspelled, which is reported.
    pub(super) fn is_clear(self, component: Component<'_>, is_strict: bool) -> bool {
        let (key, kind) = match self {
            Self::Input => ("input-type", ComponentKind::TextInput),
            Self::Calendar => ("mode", ComponentKind::CalendarPicker),
            _ => return true,
        };
        if is_strict && misspells(component.written(), kind, key) {
            return false;
        }
        match (self, component.member("input-type"), component.member("mode")) {
            (Self::Input, Some(kind), _) => {
                kind.as_str().is_some_and(|kind| INPUT_TYPES.contains(&kind))
            }
            (Self::Calendar, _, Some(mode)) => mode.as_str().is_some_and(|text| {
                CalendarMode::of(Some(mode)).is_some()
                    || !matches!(Template::of(text), Template::Text(_))
            }),
            _ => true,
        }
    }

    /// JSON Schema's name for the type of the component's value.
    pub(super) fn type_name(self, component: Component<'_>) -> &'static str {
        let input = || component.member("input-type").and_then(Value::as_str);
        match self {
            Self::Input if matches!(input(), Some("number" | "passcode")) => "number",
            Self::Calendar
                if CalendarMode::of(component.member("mode")) == Some(CalendarMode::Range) =>
            {
                "object"
            }
            Self::Text | Self::Input | Self::Choice | Self::Day | Self::Calendar | Self::Entry => {
                "string"
            }
            Self::Flag => "boolean",
            Self::Choices | Self::Media => "array",
        }
    }
}
