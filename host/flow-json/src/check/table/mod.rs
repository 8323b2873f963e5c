//! The table of all components, their keys, and the values that each key accepts.
//!
//! The facts come from Meta's reference
//! (developers.facebook.com/docs/whatsapp/flows/reference/components) and from the validator in its
//! Flow builder. Where the two differ, the validator counts, because it is what refuses.

mod components;

pub(super) use self::components::{COMPONENTS, INPUT_TYPES, LAYOUT};

use crate::kind::{ActionKind, ComponentKind};
use crate::version::Version;

/// The rules for a kind of component.
pub(super) struct Row {
    pub(super) kind: ComponentKind,
    /// The first version that has it.
    pub(super) since: Version,
    /// Its members besides `type`.
    pub(super) keys: &'static [Key],
    /// The places where it is allowed.
    pub(super) areas: Areas,
    /// The first version that allows it in an `If` or a `Switch`.
    pub(super) in_branches_since: Version,
    /// The most of it on a screen; `None` if unlimited.
    pub(super) most: Option<usize>,
}

/// A member of an object.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// The first version that has it.
    pub(super) since: Version,
    /// Whether it is required.
    pub(super) due: bool,
    /// Whether it is only for a component outside of a Form. Inside, the Form declares it for all
    /// its fields.
    pub(super) outside_form: bool,
    /// The length beyond which the phone cuts: characters of a text, entries of a list. WhatsApp
    /// accepts longer ones.
    pub(super) longest: Option<usize>,
}

/// The values that a member accepts. "May be bound" means that a reference or an expression is
/// accepted.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    /// A text; may be bound.
    Text(Blank),
    /// The name of a field; never bound.
    Name,
    /// A text or a list of texts; may be bound.
    Texts,
    /// True or false; may be bound.
    Flag,
    /// True or false, as a literal.
    FixedFlag,
    /// A number of at least this much; may be bound.
    Number(f64),
    /// A whole number; may be bound.
    Integer,
    /// A whole number between these two, as a literal.
    Count(i64, i64),
    /// One of these texts, as a literal.
    OneOf(&'static [&'static str]),
    /// One of these texts; may be bound.
    OneOfOrBound(&'static [&'static str]),
    /// A list of texts; may be bound.
    List,
    /// A list of at least one of these texts; may be bound.
    ListOf(&'static [&'static str]),
    /// A list of at least one of these texts, as a literal.
    FixedListOf(&'static [&'static str]),
    /// A list of one up to this many texts, as a literal.
    ShortList(usize),
    /// A colour: `#` and six hexadecimal digits.
    Colour,
    /// An image in base64; may be bound.
    Image,
    /// An object of these members, as a literal.
    Record(&'static [Key]),
    /// A list of at least one such object; may be bound.
    Records(&'static [Key]),
    /// One value for both ends of a range, or an object with a value for each.
    Ends(&'static Takes),
    /// Any object; may be bound.
    Object,
    /// An object with a text for each field of a Form; may be bound.
    FieldTexts,
    /// A text, or an object of texts.
    Messages,
    /// A regular expression.
    Pattern,
    /// The action of a tap, of one of these kinds.
    Click(&'static [(ActionKind, Version)]),
    /// The action of a choice, of one of these kinds.
    Select(&'static [(ActionKind, Version)]),
    /// The condition of an `If`.
    Condition,
    /// The value that a `Switch` compares; always bound.
    Bound,
    /// A list of components.
    Components(Areas),
    /// A list of components for each value of a `Switch`.
    Cases,
}

/// Which texts are too short.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// Blank ones, from 6.0 on.
    Since6,
    /// Empty ones; blank ones from 6.0 on.
    Empty,
    /// Blank ones.
    Always,
}

/// A set of places for components, one bit each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Areas(u8);

impl Areas {
    pub(super) const SCREEN: Self = Self(1);
    pub(super) const FORM: Self = Self(2);
    pub(super) const BRANCH: Self = Self(4);
    pub(super) const CASE: Self = Self(8);
    pub(super) const ALL: Self = Self(15);

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn contain(self, area: Self) -> bool {
        self.0 & area.0 != 0
    }

    /// The name of the place in messages about what can't stand there. Everything can stand directly
    /// on a screen.
    pub(super) fn described(self) -> &'static str {
        match self {
            Self::FORM => "in a Form",
            Self::BRANCH => "in an If",
            _ => "in a Switch",
        }
    }
}

impl Row {
    pub(super) fn of(kind: ComponentKind) -> &'static Self {
        &COMPONENTS[kind as usize]
    }
}

/// An optional key.
const fn may(name: &'static str, takes: Takes) -> Key {
    Key { name, takes, since: FIRST, due: false, outside_form: false, longest: None }
}

/// A required key.
const fn must(name: &'static str, takes: Takes) -> Key {
    Key { due: true, ..may(name, takes) }
}

impl Key {
    const fn since(self, since: Version) -> Self {
        Self { since, ..self }
    }

    const fn up_to(self, longest: usize) -> Self {
        Self { longest: Some(longest), ..self }
    }

    const fn outside_form(self) -> Self {
        Self { outside_form: true, ..self }
    }
}

/// Older than every version that can be published, so no age check applies.
const FIRST: Version = Version(0, 0);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;
    use crate::document::Component;

    #[test]
    fn each_kind_has_its_row_and_no_key_twice() {
        for (number, row) in COMPONENTS.iter().enumerate() {
            assert_eq!(row.kind as usize, number, "{:?}", row.kind);
            assert!(row.areas.contain(Areas::SCREEN), "{:?}", row.kind);
            let mut keys = HashSet::new();
            for key in row.keys {
                assert!(keys.insert(key.name) && key.name != "type", "{:?} {}", row.kind, key.name);
            }
            assert!(row.kind.field().is_none() || keys.contains("name"), "{:?}", row.kind);
            assert!(
                row.kind.limits().into_iter().flatten().all(|limit| keys.contains(limit)),
                "{:?}",
                row.kind
            );
        }
    }

    #[test]
    fn whatever_holds_components_or_is_an_action_is_read_as_such() {
        for (row, key) in
            COMPONENTS.iter().flat_map(|row| row.keys.iter().map(move |key| (row, key)))
        {
            let value = match key.takes {
                Takes::Components(_) => json!([{"type": "TextBody"}]),
                Takes::Cases => json!({"a": [{"type": "TextBody"}]}),
                Takes::Click(_) | Takes::Select(_) => json!({"name": "complete"}),
                _ => json!(null),
            };
            let (holds, acts) =
                (value.to_string().contains("TextBody"), value["name"] == "complete");
            let written = json!({"type": row.kind.name(), key.name: value});
            let component = Component::of(&written).unwrap();
            assert_eq!(
                (component.inside().count() > 0, !component.actions().is_empty()),
                (holds, acts),
                "{:?} {}",
                row.kind,
                key.name
            );
        }
    }
}
