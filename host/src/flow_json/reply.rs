//! The client's check of a reply (`protocol.md` section 5).

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::finding::{Collector, Finding, Findings, Pointer, quoted};
use super::names::{INVALID_SCREEN_TRANSITION, PAYLOAD_SCHEMA_ERROR};
use super::routes::Routes;
use super::schema::{Schema, described};
use super::screen::{ReadScreen, SUCCESS};

/// Where the user is when a reply comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// Nowhere yet: the flow is being opened.
    Init,
    /// On this screen, or leaving it backwards.
    Screen(&'a str),
}

/// What it takes to check replies, and nothing else of the Flow JSON: small, to be kept for each flow.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplyRules {
    routes: Routes,
    /// What each screen declares as its data; none where it declares none.
    screens: HashMap<String, Option<Schema>>,
}

impl ReplyRules {
    pub(super) fn new(routes: Routes, screens: &mut [ReadScreen]) -> Self {
        let screens = screens.iter_mut().map(|read| (read.screen.id.clone(), read.schema.take())).collect();
        Self { routes, screens }
    }

    pub(super) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Checks a reply (the JSON before it is sealed) as the phone would that gets it. Its time grows with the reply, whoever wrote the
    /// schemas. The findings name positions and types, and no values.
    pub fn check_reply(&self, from: Origin<'_>, reply: &Value) -> Result<(), Findings> {
        let mut found = Collector::default();
        if let Some((screen, data)) = read_reply(reply, &mut found) {
            self.check_read(from, screen, data, &mut found);
        }
        found.finish()
    }

    /// The same, of a reply whose parts are known.
    pub fn check_screen(&self, from: Origin<'_>, screen: &str, data: &Map<String, Value>) -> Result<(), Findings> {
        let mut found = Collector::default();
        self.check_read(from, screen, data, &mut found);
        found.finish()
    }

    /// Where findings about a reply are, in the Flow JSON's own names: what a reply calls its members may be a customer's data.
    pub fn own_places(&self, findings: &Findings) -> String {
        let place = |finding: &Finding| format!("{} [{}]", self.own_place(&finding.pointer), finding.name.unwrap_or("finding"));
        let places: BTreeSet<String> = findings.iter().map(place).collect();
        let shown: Vec<String> = places.into_iter().take(MOST_PLACES).collect();
        shown.join("; ")
    }

    fn own_place(&self, pointer: &str) -> String {
        let mut steps = pointer.split('/').skip(1);
        let (part, name) = (steps.next().unwrap_or_default(), steps.next());
        let declared = |name: &&str| self.screens.values().flatten().any(|schema| schema.declares(name));
        match (part, name.filter(declared)) {
            ("data", Some(name)) => format!("/data/{name}"),
            ("data" | "screen", _) => format!("/{part}"),
            _ => "the whole".to_owned(),
        }
    }

    fn check_read(&self, from: Origin<'_>, screen: &str, data: &Map<String, Value>, found: &mut Collector) {
        check_client_parts(data, found);
        if screen != SUCCESS {
            self.check_transition(from, screen, found);
            self.check_data(screen, data, found);
        }
    }

    fn check_transition(&self, from: Origin<'_>, to: &str, found: &mut Collector) {
        let shown = quoted(to);
        let problem = match from {
            _ if !self.routes.know(to) => format!("there is no screen {shown} in the routing model"),
            Origin::Init if !self.routes.begin_with(to) => {
                format!("{shown} can't be the first screen: routes lead to it, so it is no entry screen")
            }
            Origin::Screen(from) if from != to && !self.routes.lead(from, to) && !self.routes.lead(to, from) => {
                format!("the routing model has no way between {} and {shown}", quoted(from))
            }
            _ => return,
        };
        let at = Pointer::default().key("screen");
        found.add(&at, Some(INVALID_SCREEN_TRANSITION), format!("{problem}: the phone would not go there"));
    }

    fn check_data(&self, screen: &str, data: &Map<String, Value>, found: &mut Collector) {
        let at = Pointer::default().key("data");
        match self.screens.get(screen) {
            // Not in the routing model, which was said already.
            None => (),
            Some(Some(schema)) => schema.check_reply(data, &TAKEN_OUT, screen, &at, found),
            Some(None) => {
                for name in data.keys().filter(|name| !TAKEN_OUT.contains(&name.as_str())) {
                    let message = format!("screen {screen} declares no data, and takes none: the phone would refuse the screen");
                    found.add(&at.key(name), Some(PAYLOAD_SCHEMA_ERROR), message);
                }
            }
        }
    }
}

/// A line of a log has room for as many.
const MOST_PLACES: usize = 5;

/// The screen and the data of a reply that has the form of one.
fn read_reply<'a>(reply: &'a Value, found: &mut Collector) -> Option<(&'a str, &'a Map<String, Value>)> {
    let whole = Pointer::default();
    let Value::Object(members) = reply else {
        found.add(&whole, None, format!("is {}; a reply is a JSON object", described(reply)));
        return None;
    };
    let screen = member(members, "screen", "a text", &whole, found, Value::as_str);
    let data = member(members, "data", "an object", &whole, found, Value::as_object);
    Some((screen?, data?))
}

/// What is the client's own in `data`.
fn check_client_parts(data: &Map<String, Value>, found: &mut Collector) {
    let at = Pointer::default().key("data");
    if let Some(text) = data.get(ERROR_MESSAGE).filter(|text| !text.is_string()) {
        found.add(&at.key(ERROR_MESSAGE), None, format!("is {}; it must be a text", described(text)));
    }
    if let Some(response) = data.get(RESPONSE) {
        let at = at.key(RESPONSE);
        match response {
            Value::Object(members) => drop(member(members, "params", "an object", &at, found, Value::as_object)),
            other => found.add(&at, None, format!("is {}; it must be an object with `params`", described(other))),
        }
    }
}

/// A member that must be there and of a type.
fn member<'a, T>(
    members: &'a Map<String, Value>,
    name: &str,
    expected: &str,
    at: &Pointer,
    found: &mut Collector,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Option<T> {
    let Some(value) = members.get(name) else {
        found.add(at, None, format!("lacks `{name}`, {expected}"));
        return None;
    };
    let read = read(value);
    if read.is_none() {
        found.add(&at.key(name), None, format!("is {}; it must be {expected}", described(value)));
    }
    read
}

const ERROR_MESSAGE: &str = "error_message";
const RESPONSE: &str = "extension_message_response";

/// What is the client's own in `data`, and none of the screen's business.
const TAKEN_OUT: [&str; 2] = [ERROR_MESSAGE, RESPONSE];
