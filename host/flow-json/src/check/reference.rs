//! References to data and to fields: `${data.x}`, `${form.x}`, and the same of another screen, `${screen.S.data.x}`.

use serde_json::{Map, Value};

use super::table::{COMPONENTS, Field};
use crate::outline::{Outline, ScreenOutline};

/// A text that is a reference as a whole.
#[derive(Clone, Copy)]
pub(super) struct Reference<'a> {
    /// The other screen; none where it is the own.
    pub(super) screen: Option<&'a str>,
    pub(super) store: Store,
    /// The name, and those inside of it, with points between them.
    pub(super) path: &'a str,
}

/// What a reference looks into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    Data,
    Form,
}

/// What a reference refers to.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    /// A property of a screen's data, or a part of it: its schema.
    Data(&'a Map<String, Value>),
    /// A field.
    Field(&'a Map<String, Value>, Field),
    /// A component whose kind is not known.
    Unknown,
}

/// Why a reference refers to nothing.
pub(super) enum Dangling<'a> {
    NoScreen(&'a str),
    OwnScreen(&'a str),
    NoData(&'a str),
    NoField(&'a str),
    /// What stands there is declared as a list.
    InList,
    /// The component has a name and no value.
    NoValue,
    /// A text that begins and ends like a reference, with more than a name between.
    Mixed,
}

/// Whether a text that is no reference is taken for one by WhatsApp: it looks at how a text begins and how it ends.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.ends_with('}') && ["${data.", "${form.", "${screen."].iter().any(|begin| text.starts_with(begin))
}

impl<'a> Reference<'a> {
    /// Reads a text that is a reference and nothing else.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        Self::inside(text.strip_prefix("${")?.strip_suffix('}')?)
    }

    /// The same without its braces.
    pub(super) fn inside(text: &'a str) -> Option<Self> {
        let (screen, rest) = match text.strip_prefix("screen.") {
            Some(rest) => {
                let (screen, rest) = rest.split_once('.')?;
                (Some(screen), rest)
            }
            None => (None, text),
        };
        let (store, path) = rest.split_once('.')?;
        let store = match store {
            "data" => Store::Data,
            "form" => Store::Form,
            _ => return None,
        };
        let plain = |part: &str| !part.is_empty() && !part.contains(['{', '}', '$', '`', '\'', '"', ' ']);
        path.split('.').all(plain).then_some(Self { screen, store, path })
    }

    /// What it refers to, on a screen.
    pub(super) fn resolve(self, own: &ScreenOutline<'a>, outline: &Outline<'a>) -> Result<Target<'a>, Dangling<'a>> {
        match self.screen {
            None => self.resolve_on(own),
            Some(id) if id == own.id => Err(Dangling::OwnScreen(id)),
            Some(id) => self.resolve_on(outline.screen(id).ok_or(Dangling::NoScreen(id))?),
        }
    }

    /// The same, where a screen may name itself.
    pub(super) fn resolve_anywhere(self, own: &ScreenOutline<'a>, outline: &Outline<'a>) -> Result<Target<'a>, Dangling<'a>> {
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
        let inner = schema.get("properties").and_then(|properties| properties.get(name)).and_then(Value::as_object);
        schema = match inner {
            Some(inner) => inner,
            None if schema.get("type").is_some_and(|kind| kind == "array") => return Err(Dangling::InList),
            None => return Err(Dangling::NoData(path)),
        };
    }
    Ok(Target::Data(schema))
}

fn field<'a>(screen: &ScreenOutline<'a>, name: &'a str) -> Result<Target<'a>, Dangling<'a>> {
    let component = *screen.named.get(name).ok_or(Dangling::NoField(name))?;
    let kind = component.get("type").and_then(Value::as_str);
    match COMPONENTS.iter().find(|known| Some(known.name) == kind) {
        Some(known) => known.field.map(|field| Target::Field(component, field)).ok_or(Dangling::NoValue),
        None => Ok(Target::Unknown),
    }
}

impl Target<'_> {
    /// The type of what it gives, as JSON Schema calls it; none where nobody can say.
    pub(super) fn type_name(&self) -> Option<&str> {
        match self {
            Self::Data(schema) => schema.get("type").and_then(Value::as_str),
            Self::Field(component, field) => Some(field.type_name(component)),
            Self::Unknown => None,
        }
    }

    /// The type of the elements, if it is a list and says it.
    pub(super) fn element_type(&self) -> Option<&str> {
        match self {
            Self::Data(schema) => schema.get("items").and_then(|items| items.get("type")).and_then(Value::as_str),
            Self::Field(_, Field::Texts) => Some("string"),
            Self::Field(..) => Some("object"),
            Self::Unknown => None,
        }
    }
}

impl Field {
    /// What JSON Schema calls the value of such a component.
    pub(super) fn type_name(self, component: &Map<String, Value>) -> &'static str {
        let says = |name: &str, values: &[&str]| component.get(name).and_then(Value::as_str).is_some_and(|is| values.contains(&is));
        match self {
            Self::Text => "string",
            Self::Input if says("input-type", &["number", "passcode"]) => "number",
            Self::Input => "string",
            Self::Flag => "boolean",
            Self::Texts | Self::Media => "array",
            Self::Dates if says("mode", &["range"]) => "object",
            Self::Dates => "string",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_references_are_references() {
        for (text, screen, path) in [
            ("${data.name}", None, "name"),
            ("${form.first-name}", None, "first-name"),
            ("${screen.START.data.person.name}", Some("START"), "person.name"),
            ("${screen.START.form.age}", Some("START"), "age"),
        ] {
            let reference = Reference::of(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((reference.screen, reference.path), (screen, path), "{text}");
        }
        for text in
            ["", "data.x", "${data}", "${data.}", "${data.x", "${other.x}", "Hi ${data.x}", "${data.x} ${data.y}", "${screen.A}"]
        {
            assert!(Reference::of(text).is_none(), "{text}");
        }
    }
}
