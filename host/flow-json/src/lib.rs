//! Flow JSON: the document that describes a flow's screens to the phone. Reads and checks it, and checks replies against it as the phone
//! does (`protocol.md` section 5). Pure: no I/O, and nothing of the host.
//!
//! Documents and replies are written by others. So everything here takes a time that grows with their size, depth is bounded by the JSON
//! parser (128 levels), places are written down for findings that are kept and for nothing else, and what messages quote is cut.

#![forbid(unsafe_code)]

mod check;
mod document;
mod finding;
mod kind;
mod names;
mod outline;
mod place;
mod reply;
mod routes;
mod schema;
mod screen_id;
mod text;
mod version;

use serde_json::Value;

pub use document::{
    Action, Component, Document, Meaning, NoExpression, ON_CLICK, ON_SELECT, ON_UNSELECT, Property, Reference, Screen, Store,
    Template,
};
pub use finding::{Finding, Findings, Level};
pub use kind::{ActionKind, CalendarMode, ComponentKind, Field, RANGE_ENDS};
pub use reply::{ERROR_MESSAGE, EXTENSION_MESSAGE_RESPONSE, Origin, ReplyRules, TAKEN_OUT};
pub use schema::required_names;
pub use screen_id::{IdFault, SUCCESS, id_fault};
pub use text::{MAX_BYTES, Unreadable};

use self::check::check;
use self::finding::Collector;
use self::outline::Outline;
use self::routes::WrittenRoutes;

/// A Flow JSON that WhatsApp takes, as far as can be known.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowJson {
    document: Document,
    rules: ReplyRules,
    notes: Findings,
}

impl FlowJson {
    /// Reads a Flow JSON of at most 10 MiB. One that WhatsApp would refuse fails with all that was found, notes too.
    pub fn parse(text: &[u8]) -> Result<Self, Findings> {
        let document = Document::parse(text)?;
        let outline = Outline::of(&document);
        let routes = WrittenRoutes::of(&document, &outline);
        let mut found = Collector::default();
        let rules = check(&document, &outline, &routes, &mut found);
        if found.has_errors() {
            return Err(found.finish());
        }
        Ok(Self { document, rules, notes: found.finish() })
    }

    /// Checks a reply (the JSON before it is sealed) as the phone would that gets it. The findings name positions and types, no values.
    pub fn check_reply(&self, from: Origin<'_>, reply: &Value) -> Result<(), Findings> {
        self.rules.check_reply(from, reply)
    }

    /// What its author should know, although WhatsApp takes it.
    pub fn notes(&self) -> &Findings {
        &self.notes
    }

    /// What is written in it.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The screens that the flow can begin with, in the order of the document: no route leads to them. At least one.
    pub fn entry_screens(&self) -> impl Iterator<Item = Screen<'_>> {
        self.document.screens().filter(|screen| self.rules.routes().begin_with(screen.id))
    }

    /// What it takes to check replies, without the rest.
    pub fn into_rules(self) -> ReplyRules {
        self.rules
    }
}

#[cfg(test)]
mod tests;
