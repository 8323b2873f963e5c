//! The actions that a tap or a choice triggers.

use serde_json::{Map, Value};

use crate::kind::ActionKind;

/// An action of any kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Action<'a> {
    written: &'a Map<String, Value>,
}

impl<'a> Action<'a> {
    /// `None` if the value is not an object.
    pub fn of(written: &'a Value) -> Option<Self> {
        Some(Self { written: written.as_object()? })
    }

    /// Its `name` as written; empty if it is missing or not a string.
    pub fn name(self) -> &'a str {
        self.written.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// Its kind; `None` if this release doesn't know it.
    pub fn kind(self) -> Option<ActionKind> {
        ActionKind::named(self.name())
    }

    /// The data sent with it. In a valid document this is an object of values and expressions.
    pub fn payload(self) -> Option<&'a Value> {
        self.written.get("payload")
    }

    /// The id of the screen that a `navigate` leads to.
    pub fn next(self) -> Option<&'a str> {
        self.written.get("next")?.get("name")?.as_str()
    }

    /// The address that an `open_url` opens.
    pub fn url(self) -> Option<&'a Value> {
        self.written.get("url")
    }
}

/// Whether a member holds an action. Actions of later versions will follow the same naming.
pub(super) fn is_action(name: &str) -> bool {
    name.strip_prefix("on-").is_some_and(|rest| rest.ends_with("-action"))
}

/// The member with the action of a tap.
pub const ON_CLICK: &str = "on-click-action";

/// The member with the action that runs when an option is picked.
pub const ON_SELECT: &str = "on-select-action";

/// The member with the action that runs when an option is deselected.
pub const ON_UNSELECT: &str = "on-unselect-action";
