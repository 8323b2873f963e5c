//! Flow JSON is the document that describes a flow's screens to the phone. This crate reads it,
//! checks it, and checks replies against it as the phone does (`protocol.md` section 5). It does no
//! I/O and knows nothing of the host.
//!
//! Documents and replies come from untrusted authors. So every check takes time that grows with
//! their size, the JSON parser bounds the depth (128 levels), a place is formatted only for a
//! finding that is kept, and messages cut what they quote.

#![forbid(unsafe_code)]

mod check;
mod document;
mod finding;
mod kind;
mod meant;
mod names;
mod outline;
mod place;
mod position;
mod reply;
mod routes;
mod schema;
mod screen_id;
pub mod screen_types;
mod text;
mod version;

use serde_json::Value;

pub use document::{
    Action, Component, Document, Meaning, NoExpression, ON_CLICK, ON_SELECT, ON_UNSELECT, Property,
    Reference, Screen, Store, Template,
};
pub use finding::{Finding, Findings, Level};
pub use kind::{ActionKind, CalendarMode, ComponentKind, Field, RANGE_ENDS};
pub use meant::meant;
pub use position::Position;
pub use reply::{ERROR_MESSAGE, EXTENSION_MESSAGE_RESPONSE, Origin, ReplyRules, TAKEN_OUT};
pub use schema::required_names;
pub use screen_id::{IdFault, SUCCESS, id_fault};
pub use text::{MAX_BYTES, Unreadable};

use self::check::check;
use self::finding::Collector;
use self::outline::Outline;
use self::routes::WrittenRoutes;

/// A JSON Schema of Flow JSON, for editors. It takes every document that [`FlowJson::parse`] takes;
/// its `description` says what it does not check.
pub fn json_schema() -> Value {
    check::json_schema()
}

/// A Flow JSON that WhatsApp accepts, as far as this crate can know.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowJson {
    document: Document,
    rules: ReplyRules,
    notes: Findings,
}

impl FlowJson {
    /// Reads a Flow JSON of at most 10 MiB. If WhatsApp would refuse it, the error holds every
    /// finding, notes included. All findings have their positions in the text.
    pub fn parse(text: &[u8]) -> Result<Self, Findings> {
        let document = Document::parse(text).map_err(|unreadable| unreadable.found_in(text))?;
        let outline = Outline::of(&document);
        let routes = WrittenRoutes::of(&document, &outline);
        let mut found = Collector::default();
        let rules = check(&document, &outline, &routes, &mut found);
        let is_refused = found.has_errors();
        let findings = found.finish().located_in(text);
        if is_refused { Err(findings) } else { Ok(Self { document, rules, notes: findings }) }
    }

    /// Checks a reply (the JSON before it is sealed) as the receiving phone would. The findings
    /// name positions and types, never values.
    pub fn check_reply(&self, from: Origin<'_>, reply: &Value) -> Result<(), Findings> {
        self.rules.check_reply(from, reply)
    }

    /// Findings that the author should know about although WhatsApp accepts the document.
    pub fn notes(&self) -> &Findings {
        &self.notes
    }

    /// The document as it is written.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The screens that no route leads to, so the flow can begin with them, in the order of the
    /// document. There is at least one.
    pub fn entry_screens(&self) -> impl Iterator<Item = Screen<'_>> {
        self.document.screens().filter(|screen| self.rules.routes().begin_with(screen.id))
    }

    /// Keeps only what checking replies needs.
    pub fn into_rules(self) -> ReplyRules {
        self.rules
    }
}

#[cfg(test)]
mod tests;
