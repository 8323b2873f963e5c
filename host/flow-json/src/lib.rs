//! Flow JSON: the document that describes a flow's screens to the phone. Reads and checks it, and checks replies against it as the phone
//! does (`protocol.md` section 5). Pure: no I/O, and nothing of the host.
//!
//! Documents and replies are written by others. So everything here takes a time that grows with their size, depth is bounded by the JSON
//! parser (128 levels), places are written down for findings that are kept and for nothing else, and what messages quote is cut.

#![forbid(unsafe_code)]

mod check;
mod finding;
mod names;
mod outline;
mod place;
mod reply;
mod routes;
mod schema;
mod screen;
mod text;
mod version;

use serde_json::{Map, Value};

pub use finding::{Finding, Findings, Level};
pub use reply::{Origin, ReplyRules};
pub use screen::{DataProperty, Screen};
pub use text::MAX_BYTES;

use self::check::check;
use self::finding::Collector;
use self::outline::Outline;
use self::routes::WrittenRoutes;
use self::text::read_document;

/// A Flow JSON that WhatsApp takes, as far as can be known.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowJson {
    version: String,
    data_api_version: Option<String>,
    screens: Vec<Screen>,
    rules: ReplyRules,
    notes: Findings,
}

impl FlowJson {
    /// Reads a Flow JSON of at most 10 MiB. One that WhatsApp would refuse fails with all that was found, notes too.
    pub fn parse(text: &[u8]) -> Result<Self, Findings> {
        let document = read_document(text)?;
        let outline = Outline::of(&document);
        let routes = WrittenRoutes::of(&document, &outline);
        let mut found = Collector::default();
        let rules = check(&document, &outline, &routes, &mut found);
        if found.has_errors() {
            return Err(found.finish());
        }
        Ok(Self {
            version: text_of(&document, "version").unwrap_or_default(),
            data_api_version: text_of(&document, "data_api_version"),
            screens: outline.screens.iter().map(Screen::of).collect(),
            rules,
            notes: found.finish(),
        })
    }

    /// Checks a reply (the JSON before it is sealed) as the phone would that gets it. The findings name positions and types, no values.
    pub fn check_reply(&self, from: Origin<'_>, reply: &Value) -> Result<(), Findings> {
        self.rules.check_reply(from, reply)
    }

    /// What its author should know, although WhatsApp takes it.
    pub fn notes(&self) -> &Findings {
        &self.notes
    }

    /// The screens, in the order of the document; at least one.
    pub fn screens(&self) -> impl Iterator<Item = &Screen> {
        self.screens.iter()
    }

    /// The screen of that id.
    pub fn screen(&self, id: &str) -> Option<&Screen> {
        self.screens.iter().find(|screen| screen.id == id)
    }

    /// The screens that the flow can begin with, in the order of the document: no route leads to them. At least one.
    pub fn entry_screens(&self) -> impl Iterator<Item = &Screen> {
        self.screens.iter().filter(|screen| self.rules.routes().begin_with(&screen.id))
    }

    /// The version of the data API; none where the flow has no endpoint.
    pub fn data_api_version(&self) -> Option<&str> {
        self.data_api_version.as_deref()
    }

    /// The version of Flow JSON.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the routing model has a route from one screen to the other. The phone takes it backwards too.
    pub fn is_route(&self, from: &str, to: &str) -> bool {
        self.rules.routes().lead(from, to)
    }

    /// What it takes to check replies, without the rest.
    pub fn into_rules(self) -> ReplyRules {
        self.rules
    }
}

fn text_of(document: &Map<String, Value>, name: &str) -> Option<String> {
    Some(document.get(name)?.as_str()?.to_owned())
}

/// Ends a flow; never a screen's id.
const SUCCESS: &str = "SUCCESS";

#[cfg(test)]
mod tests;
