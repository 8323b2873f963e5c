//! Flow JSON: the document that describes a flow's screens to the phone. Reads and checks it, and checks replies against it as the phone
//! does (`protocol.md` section 5). Pure: no I/O, and nothing of the host.
//!
//! Documents and replies are written by others. So everything here takes a time that grows with their size, depth is bounded by the JSON
//! parser (128 levels), and what messages quote is cut.

#![forbid(unsafe_code)]

mod finding;
mod names;
mod reply;
mod routes;
mod schema;
mod screen;
mod version;

use std::collections::HashSet;

use serde_json::{Map, Value};

pub use finding::{Finding, Findings};
pub use reply::{Origin, ReplyRules};
pub use screen::{Action, Content, DataProperty, Field, Footer, Screen};

use self::finding::{Collector, Pointer, quoted};
use self::names::{
    DUPLICATE_SCREEN_IDS, INVALID_DATA_API_VERSION, INVALID_FLOW_JSON, INVALID_FLOW_JSON_VERSION, INVALID_PROPERTY_TYPE,
    INVALID_PROPERTY_VALUE, MAX_SCREENS_NUMBER, MIN_ITEMS_REQUIRED, MISSING_FLOW_JSON_VERSION, MISSING_FOOTER_ON_TERMINAL_SCREEN,
    MISSING_REQUIRED_PROPERTY, MISSING_TERMINAL_SCREEN,
};
use self::routes::{Routes, read_routes};
use self::schema::described;
use self::screen::{ReadScreen, read_screen};
use self::version::Version;

/// A Flow JSON for which all static rules hold.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowJson {
    version: String,
    data_api_version: Option<String>,
    screens: Vec<Screen>,
    entry: usize,
    rules: ReplyRules,
}

impl FlowJson {
    /// Reads a Flow JSON of at most 10 MiB; fails with all that is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, Findings> {
        let document = read_document(text)?;
        let mut found = Collector::default();
        let version = read_version(&document, &mut found);
        let data_api_version = read_data_api_version(&document, version, &mut found);
        let mut screens = read_screens(&document, &mut found);
        let routes = check_screens(&document, &screens, &mut found);
        found.finish()?;
        let entry = screens.iter().position(|read| routes.begin_with(&read.screen.id)).unwrap_or_default();
        Ok(Self {
            version: text_of(&document, "version").unwrap_or_default(),
            data_api_version,
            entry,
            rules: ReplyRules::new(routes, &mut screens),
            screens: screens.into_iter().map(|read| read.screen).collect(),
        })
    }

    /// Checks a reply (the JSON before it is sealed) as the phone would that gets it. The findings name positions and types, no values.
    pub fn check_reply(&self, from: Origin<'_>, reply: &Value) -> Result<(), Findings> {
        self.rules.check_reply(from, reply)
    }

    /// The screens, in the order of the document; at least one.
    pub fn screens(&self) -> impl Iterator<Item = &Screen> {
        self.screens.iter()
    }

    /// The screen of that id.
    pub fn screen(&self, id: &str) -> Option<&Screen> {
        self.screens.iter().find(|screen| screen.id == id)
    }

    /// The screen that the flow begins with: no route leads to it.
    pub fn entry_screen(&self) -> &Screen {
        &self.screens[self.entry]
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

/// The document, if it is an object of JSON within the limits.
fn read_document(text: &[u8]) -> Result<Map<String, Value>, Findings> {
    let invalid = |message: String| Findings::about_the_whole(INVALID_FLOW_JSON, message);
    if text.len() > MAX_BYTES {
        return Err(invalid(format!("has {} bytes; the most is {MAX_BYTES} (10 MB)", text.len())));
    }
    if values_at_least(text) > MAX_VALUES {
        return Err(invalid(format!("has more than {MAX_VALUES} values in it")));
    }
    match serde_json::from_slice(text) {
        Ok(Value::Object(document)) => Ok(document),
        Ok(other) => Err(invalid(format!("is {}; a Flow JSON is an object", described(&other)))),
        Err(error) => Err(invalid(format!("is not JSON: {error}"))),
    }
}

/// About how many values a JSON text holds, without reading it as JSON: each but the first of a list or an object follows a comma.
fn values_at_least(text: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => count += 1,
            _ => (),
        }
    }
    count
}

fn read_version(document: &Map<String, Value>, found: &mut Collector) -> Option<Version> {
    let whole = Pointer::default();
    let at = whole.key("version");
    match document.get("version") {
        None => found.add(&whole, Some(MISSING_FLOW_JSON_VERSION), "lacks `version`, for example \"7.3\""),
        Some(Value::String(text)) => match Version::parse(text) {
            Some(version) => return Some(version),
            None => {
                let message = format!("{} is no version of Flow JSON; there are {}", quoted(text), version::known());
                found.add(&at, Some(INVALID_FLOW_JSON_VERSION), message);
            }
        },
        Some(other) => {
            let message = format!("is {}; a version is a text, for example \"7.3\"", described(other));
            found.add(&at, Some(INVALID_FLOW_JSON_VERSION), message);
        }
    }
    None
}

fn read_data_api_version(document: &Map<String, Value>, version: Option<Version>, found: &mut Collector) -> Option<String> {
    let whole = Pointer::default();
    let value = document.get("data_api_version")?;
    if !document.contains_key("routing_model") {
        found.add(&whole, Some(MISSING_REQUIRED_PROPERTY), "lacks `routing_model`, which `data_api_version` needs");
    }
    let at = whole.key("data_api_version");
    let Some(text) = value.as_str() else {
        found.add(&at, Some(INVALID_PROPERTY_TYPE), format!("is {}; it must be a text: \"3.0\" or \"4.0\"", described(value)));
        return None;
    };
    if version.is_some_and(|version| !version.speaks(text)) {
        let message = format!("{} is none of the data API's versions: \"3.0\", or \"4.0\" from Flow JSON 7.3 on", quoted(text));
        found.add(&at, Some(INVALID_DATA_API_VERSION), message);
    }
    Some(text.to_owned())
}

fn read_screens(document: &Map<String, Value>, found: &mut Collector) -> Vec<ReadScreen> {
    let whole = Pointer::default();
    let at = whole.key("screens");
    match document.get("screens") {
        None => found.add(&whole, Some(MISSING_REQUIRED_PROPERTY), "lacks `screens`"),
        Some(Value::Array(screens)) if screens.is_empty() => found.add(&at, Some(MIN_ITEMS_REQUIRED), "is empty"),
        Some(Value::Array(screens)) if screens.len() > MAX_SCREENS => {
            let message = format!("there are {} screens; the most is {MAX_SCREENS}", screens.len());
            found.add(&at.item(MAX_SCREENS), Some(MAX_SCREENS_NUMBER), message);
        }
        Some(Value::Array(screens)) => {
            let read = |(number, screen)| read_screen(screen, at.item(number), found);
            return screens.iter().enumerate().filter_map(read).collect();
        }
        Some(other) => {
            found.add(&at, Some(INVALID_PROPERTY_TYPE), format!("is {}; it must be a list of screens", described(other)));
        }
    }
    Vec::new()
}

/// What must hold between the screens, if they could be read.
fn check_screens(document: &Map<String, Value>, screens: &[ReadScreen], found: &mut Collector) -> Routes {
    if screens.is_empty() {
        return Routes::default();
    }
    let mut seen = HashSet::new();
    for read in screens.iter().filter(|read| !seen.insert(&read.screen.id)) {
        let message = format!("{} is the id of another screen already", quoted(&read.screen.id));
        found.add(&read.at.key("id"), Some(DUPLICATE_SCREEN_IDS), message);
    }
    check_terminal_screens(screens, found);
    check_schemas_are_small(screens, found);
    read_routes(document, screens, found)
}

fn check_terminal_screens(screens: &[ReadScreen], found: &mut Collector) {
    let terminal = || screens.iter().filter(|read| read.screen.terminal);
    let Some(first) = terminal().next() else {
        found.add(
            &Pointer::default().key("screens"),
            Some(MISSING_TERMINAL_SCREEN),
            "no screen is `terminal`: the flow could not end",
        );
        return;
    };
    if !terminal().any(|read| read.screen.success) {
        let message = "`success` is false on every terminal screen; one at least must end the flow with success";
        found.add(&first.at.key("success"), Some(INVALID_PROPERTY_VALUE), message);
    }
    for read in terminal().filter(|read| read.screen.footer.is_none()) {
        let message = format!("screen {} is terminal and has no Footer", quoted(&read.screen.id));
        found.add(&read.at, Some(MISSING_FOOTER_ON_TERMINAL_SCREEN), message);
    }
}

/// What hosts keep of a Flow JSON are its schemas, so these are bounded; our own limit, far above what screens declare.
fn check_schemas_are_small(screens: &[ReadScreen], found: &mut Collector) {
    let declared = screens.iter().flat_map(|read| read.screen.data.iter().flatten());
    if declared.map(|property| weight(&property.schema)).sum::<usize>() > MAX_SCHEMA_WEIGHT {
        let message =
            "the screens' `data` declares more than a host keeps: about 16,000 values, or 1 MiB of names, without the examples";
        found.add(&Pointer::default().key("screens"), None, message);
    }
}

/// About how many bytes a value takes in memory.
fn weight(value: &Value) -> usize {
    64 + match value {
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        Value::Array(elements) => elements.iter().map(weight).sum(),
        Value::String(text) => text.len(),
        _ => 0,
    }
}

fn text_of(document: &Map<String, Value>, name: &str) -> Option<String> {
    Some(document.get(name)?.as_str()?.to_owned())
}

/// `protocol.md` section 5. Meta's megabyte has 1,048,576 bytes.
const MAX_BYTES: usize = 10 << 20;

/// `protocol.md` section 5.
const MAX_SCREENS: usize = 100;

/// Keeps what a document takes in memory while it is read below 100 MB or so. What makes a real one large is images, each of which is one
/// value; the largest public ones have a few thousand.
const MAX_VALUES: usize = 200_000;

const MAX_SCHEMA_WEIGHT: usize = 1 << 20;

#[cfg(test)]
mod tests;
