//! What a component may say: one table of all components, their keys, and what each key takes.
//!
//! The facts are those of Meta's reference (developers.facebook.com/docs/whatsapp/flows/reference/components) and of the validator that its
//! Flow builder runs. Where the two differ, the validator counts: it is what refuses.

mod components;

pub(super) use self::components::{COMPONENTS, LAYOUT};

use crate::kind::{ActionKind, ComponentKind};
use crate::version::Version;

/// What is said of a kind of components.
pub(super) struct Row {
    pub(super) kind: ComponentKind,
    /// The first version that has it.
    pub(super) since: Version,
    /// What it may say beside its `type`.
    pub(super) keys: &'static [Key],
    /// Where it may stand.
    pub(super) areas: Areas,
    /// The first version in which it may stand in an `If` or a `Switch`.
    pub(super) in_branches_since: Version,
    /// The most of it on a screen, if there is a most.
    pub(super) most: Option<usize>,
}

/// A member of an object.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// The first version that has it.
    pub(super) since: Version,
    /// Whether it must be there.
    pub(super) due: bool,
    /// Whether it belongs on a component outside of a Form; inside, the Form says it for all its fields.
    pub(super) outside_form: bool,
    /// How long it can be before the phone cuts it: characters of a text, entries of a list. WhatsApp takes what is longer.
    pub(super) longest: Option<usize>,
}

/// What a member may be.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    /// A text; may be bound to one.
    Text(Blank),
    /// What a field is called: never bound.
    Name,
    /// A text or a list of texts; may be bound.
    Texts,
    /// True or false; may be bound.
    Flag,
    /// True or false, written down.
    FixedFlag,
    /// A number of at least so much; may be bound.
    Number(f64),
    /// A whole number; may be bound.
    Integer,
    /// A whole number between two, written down.
    Count(i64, i64),
    /// One of these texts, written down.
    OneOf(&'static [&'static str]),
    /// One of these texts; may be bound.
    OneOfOrBound(&'static [&'static str]),
    /// A list of texts; may be bound.
    List,
    /// A list of some of these texts, one at least; may be bound.
    ListOf(&'static [&'static str]),
    /// A list of some of these texts, one at least, written down.
    FixedListOf(&'static [&'static str]),
    /// A list of between one and so many texts, written down.
    ShortList(usize),
    /// A colour: `#` and six hexadecimal digits.
    Colour,
    /// An image in base64; may be bound.
    Image,
    /// An object of these members, written down.
    Record(&'static [Key]),
    /// A list of such objects, one at least; may be bound.
    Records(&'static [Key]),
    /// For both ends of a range one of it, or an object with one for each.
    Ends(&'static Takes),
    /// An object of anything; may be bound.
    Object,
    /// A text, or an object of texts.
    Messages,
    /// A regular expression.
    Pattern,
    /// What a tap does: an action of one of these names.
    Click(&'static [(ActionKind, Version)]),
    /// What a choice does: an action of one of these names.
    Select(&'static [(ActionKind, Version)]),
    /// When an `If` holds.
    Condition,
    /// What a `Switch` looks at: always bound.
    Bound,
    /// A list of components.
    Components(Areas),
    /// A list of components for each value.
    Cases,
}

/// Which texts are too short.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// From 6.0 on, one of white space alone.
    Since6,
    /// The empty one, and from 6.0 on one of white space alone.
    Empty,
    /// One of white space alone.
    Always,
}

/// Places that hold components, a bit for each.
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

    /// What the place is called.
    pub(super) fn described(self) -> &'static str {
        match self {
            Self::SCREEN => "directly on a screen",
            Self::FORM => "in a Form",
            Self::BRANCH => "in an If",
            _ => "in a Switch",
        }
    }
}

impl Row {
    /// What is said of a kind.
    pub(super) fn of(kind: ComponentKind) -> &'static Self {
        &COMPONENTS[kind as usize]
    }
}

/// A key that may be there.
const fn may(name: &'static str, takes: Takes) -> Key {
    Key { name, takes, since: FIRST, due: false, outside_form: false, longest: None }
}

/// A key that must be there.
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

/// There since the first version that can still be published.
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
            let mut keys = HashSet::new();
            for key in row.keys {
                assert!(keys.insert(key.name) && key.name != "type", "{:?} {}", row.kind, key.name);
            }
            assert!(row.kind.field().is_none() || keys.contains("name"), "{:?}", row.kind);
            assert!(row.kind.limits().into_iter().flatten().all(|limit| keys.contains(limit)), "{:?}", row.kind);
        }
    }

    #[test]
    fn whatever_holds_components_or_is_an_action_is_read_as_such() {
        for (row, key) in COMPONENTS.iter().flat_map(|row| row.keys.iter().map(move |key| (row, key))) {
            let value = match key.takes {
                Takes::Components(_) => json!([{"type": "TextBody"}]),
                Takes::Cases => json!({"a": [{"type": "TextBody"}]}),
                Takes::Click(_) | Takes::Select(_) => json!({"name": "complete"}),
                _ => json!(null),
            };
            let (holds, acts) = (value.to_string().contains("TextBody"), value["name"] == "complete");
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
