//! Resolves references and gives the types of their targets.

use serde_json::{Map, Value};

use crate::document::{Component, Reference, Store};
use crate::kind::{CalendarMode, Field};
use crate::outline::{Outline, ScreenOutline};

/// The target of a reference.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// A property of a screen's data, or a part of it, as its schema.
    Data(&'a Map<String, Value>),
    Field(Component<'a>, Field),
    /// A component of unknown kind.
    Unknown,
}

/// Why a reference has no target.
pub(super) enum Dangling<'a> {
    NoScreen(&'a str),
    OwnScreen(&'a str),
    NoData(&'a str),
    NoField(&'a str),
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
    let declared = screen.data.and_then(|data| data.get(first)).and_then(Value::as_object);
    let mut schema = declared.ok_or(Dangling::NoData(first))?;
    for name in names {
        let inner = schema
            .get("properties")
            .and_then(|properties| properties.get(name))
            .and_then(Value::as_object);
        schema = match inner {
            Some(inner) => inner,
            None if schema.get("type").is_some_and(|kind| kind == "array") => {
                return Err(Dangling::InList);
            }
            None => return Err(Dangling::NoData(path)),
        };
    }
    Ok(Target::Data(schema))
}

fn field<'a>(screen: &ScreenOutline<'a>, name: &'a str) -> Result<Target<'a>, Dangling<'a>> {
    let component = *screen.named.get(name).ok_or(Dangling::NoField(name))?;
    match component.kind() {
        Some(kind) => {
            kind.field().map(|field| Target::Field(component, field)).ok_or(Dangling::NoValue)
        }
        None => Ok(Target::Unknown),
    }
}

impl Target<'_> {
    /// JSON Schema's name for the target's type; `None` if unknown.
    pub(super) fn type_name(&self) -> Option<&str> {
        match self {
            Self::Data(schema) => schema.get("type").and_then(Value::as_str),
            Self::Field(component, field) => Some(field.type_name(*component)),
            Self::Unknown => None,
        }
    }

    /// The type of a list's elements, if stated.
    pub(super) fn element_type(&self) -> Option<&str> {
        match self {
            Self::Data(schema) => {
                schema.get("items").and_then(|items| items.get("type")).and_then(Value::as_str)
            }
            Self::Field(_, Field::Choices) => Some("string"),
            Self::Field(..) => Some("object"),
            Self::Unknown => None,
        }
    }
}

impl Field {
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
