//! Texts that stand for values: references such as `${data.x}`, and expressions between backticks.

/// How WhatsApp reads a text of a Flow JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template<'a> {
    /// The whole text is `${..}`. Holds what is between the braces, for [`Reference::inside`].
    Reference(&'a str),
    /// The whole text is between backticks. Holds what is between them.
    Expression(&'a str),
    /// Plain text.
    Text(&'a str),
}

/// A reference to data or to a field: `${data.x}`, `${form.x}`, or with another screen,
/// `${screen.S.data.x}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The other screen; `None` for the screen that the reference is on.
    pub screen: Option<&'a str>,
    /// Whether it refers to data or to a field.
    pub store: Store,
    /// A name and the names nested inside it, separated by points.
    pub path: &'a str,
}

/// What a reference reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// The data that the screen was shown with.
    Data,
    /// The values that the user entered on it.
    Form,
}

impl<'a> Template<'a> {
    /// Classifies a text. White space around it counts, as it does for WhatsApp.
    pub fn of(text: &'a str) -> Self {
        let between = |begin: &str, end: char| text.strip_prefix(begin)?.strip_suffix(end);
        match (between("${", '}'), between("`", '`')) {
            (Some(inside), _) if !inside.contains('}') => Self::Reference(inside),
            (_, Some(inside)) => Self::Expression(inside),
            _ => Self::Text(text),
        }
    }
}

impl<'a> Reference<'a> {
    /// Parses a text; `None` unless the whole text is a reference.
    pub fn of(text: &'a str) -> Option<Self> {
        match Template::of(text) {
            Template::Reference(inside) => Self::inside(inside),
            Template::Expression(_) | Template::Text(_) => None,
        }
    }

    /// Parses a reference without its `${` and `}`.
    pub fn inside(text: &'a str) -> Option<Self> {
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
        let plain =
            |part: &str| !part.is_empty() && !part.contains(['{', '}', '$', '`', '\'', '"', ' ']);
        path.split('.').all(plain).then_some(Self { screen, store, path })
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
        for text in [
            "",
            "data.x",
            "${data}",
            "${data.}",
            "${data.x",
            "${other.x}",
            "Hi ${data.x}",
            "${data.x} ${data.y}",
            "${screen.A}",
        ] {
            assert!(Reference::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_text_is_a_reference_an_expression_or_itself() {
        for (text, template) in [
            ("${data.x}", Template::Reference("data.x")),
            ("${}", Template::Reference("")),
            ("`'a' ${data.x}`", Template::Expression("'a' ${data.x}")),
            ("``", Template::Expression("")),
            ("`", Template::Text("`")),
            ("`open", Template::Text("`open")),
            ("${data.x} ${data.y}", Template::Text("${data.x} ${data.y}")),
            (" ${data.x}", Template::Text(" ${data.x}")),
            ("", Template::Text("")),
        ] {
            assert_eq!(Template::of(text), template, "{text}");
        }
    }
}
