//! What a tap or a choice does.

use serde_json::{Map, Value};

use crate::kind::ActionKind;

/// An action, of whatever kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Action<'a> {
    written: &'a Map<String, Value>,
}

impl<'a> Action<'a> {
    /// Reads an action, if it is an object.
    pub fn of(written: &'a Value) -> Option<Self> {
        Some(Self { written: written.as_object()? })
    }

    /// Its `name` as it is written; empty, if it is no text.
    pub fn name(self) -> &'a str {
        self.written.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// Its kind; none, if this release doesn't know it.
    pub fn kind(self) -> Option<ActionKind> {
        ActionKind::named(self.name())
    }

    /// What goes along. An object of values and expressions, if it is as it must be.
    pub fn payload(self) -> Option<&'a Value> {
        self.written.get("payload")
    }

    /// The screen that a `navigate` leads to.
    pub fn next(self) -> Option<&'a str> {
        self.written.get("next")?.get("name")?.as_str()
    }

    /// The page that an `open_url` opens.
    pub fn url(self) -> Option<&'a Value> {
        self.written.get("url")
    }
}

/// Whether a member of that name is an action. One of tomorrow will be called alike.
pub(super) fn is_action(name: &str) -> bool {
    name.strip_prefix("on-").is_some_and(|rest| rest.ends_with("-action"))
}

/// What a tap does.
pub const ON_CLICK: &str = "on-click-action";

/// What happens when something is picked.
pub const ON_SELECT: &str = "on-select-action";

/// What happens when something is not picked any more.
pub const ON_UNSELECT: &str = "on-unselect-action";
