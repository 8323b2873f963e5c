//! The client's check of a reply (`protocol.md` section 5).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use super::document::Document;
use super::finding::{Collector, Finding, Findings, Level};
use super::meant::meant;
use super::names::{INVALID_FLOW_JSON, INVALID_SCREEN_TRANSITION};
use super::outline::{Outline, ScreenOutline};
use super::place::{Place, quoted};
use super::routes::{Routes, WrittenRoutes};
use super::schema::{Schema, described};
use super::screen_id::SUCCESS;

/// Where the user is when a reply arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// On no screen yet: the flow is being opened.
    Init,
    /// On this screen, or going back from it.
    Screen(&'a str),
}

/// What checking replies needs of a Flow JSON. It is small enough to keep for every flow.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplyRules {
    routes: Routes,
    screens: BTreeMap<String, Rule>,
}

/// What a screen accepts.
#[derive(Clone, Debug, PartialEq)]
struct Rule {
    /// The data that it declares. A screen that declares none accepts anything, as on the phone.
    schema: Schema,
    /// After a screen with a `NavigationList`, a reply must hold everything that the next screen
    /// declares.
    has_navigation_list: bool,
}

impl ReplyRules {
    /// Reads the rules of a document that was accepted once. Nothing else is checked, so a document
    /// that an earlier release accepted keeps its rules whatever this release would find. Fails if
    /// the document can't be parsed or has no screens.
    pub fn parse(text: &[u8]) -> Result<Self, Findings> {
        let document = Document::parse(text)?;
        let outline = Outline::of(&document);
        if outline.screens.is_empty() {
            return Err(Findings::about_the_whole(
                INVALID_FLOW_JSON,
                format_args!("has no screens"),
            ));
        }
        let mut unheard = Collector::default();
        Ok(Self::of(&outline, &WrittenRoutes::of(&document, &outline), Level::Note, &mut unheard))
    }

    /// Reads the rules of all screens and collects the problems in their data declarations.
    pub(crate) fn of(
        outline: &Outline<'_>,
        routes: &WrittenRoutes<'_>,
        unexampled: Level,
        found: &mut Collector,
    ) -> Self {
        let screens = Place::WHOLE.key("screens");
        let rule = |screen: &ScreenOutline<'_>| {
            let at = screens.item(screen.number);
            let schema =
                screen.data.map(|data| Schema::of_screen(data, unexampled, &at.key("data"), found));
            let schema = schema.unwrap_or_default();
            (screen.id.to_owned(), Rule { schema, has_navigation_list: screen.has_navigation_list })
        };
        let screens = outline.screens.iter().map(rule).collect();
        Self { routes: Routes::of(routes), screens }
    }

    /// About how many bytes the rules take in memory.
    pub(crate) fn weight(&self) -> usize {
        self.screens.values().map(|rule| rule.schema.weight()).sum()
    }

    pub(crate) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Checks a reply (the JSON before it is sealed) as the receiving phone would. The time grows
    /// with the reply, whatever the schemas are. The findings name positions and types, never
    /// values.
    pub fn check_reply(&self, from: Origin<'_>, reply: &Value) -> Result<(), Findings> {
        let mut found = Collector::default();
        if let Some((screen, data)) = read_reply(reply, &mut found) {
            self.check_read(from, screen, data, &mut found);
        }
        found.refused()
    }

    /// Like [`Self::check_reply`], for a reply that is already taken apart.
    pub fn check_screen(
        &self,
        from: Origin<'_>,
        screen: &str,
        data: &Map<String, Value>,
    ) -> Result<(), Findings> {
        let mut found = Collector::default();
        self.check_read(from, screen, data, &mut found);
        found.refused()
    }

    /// The data that a screen declares and a reply to it does not have, by name. A phone takes such
    /// a reply and shows nothing there, which is seldom meant.
    pub fn missing_data(&self, screen: &str, data: &Map<String, Value>) -> Vec<&str> {
        let declared = self.screens.get(screen).into_iter().flat_map(|rule| rule.schema.declared());
        declared.filter(|name| !data.contains_key(*name)).collect()
    }

    /// The places of a reply's findings, using only names that the Flow JSON declares: a reply's
    /// own member names may be a customer's data.
    pub fn own_places(&self, findings: &Findings) -> String {
        let place = |finding: &Finding| {
            format!("{} [{}]", self.own_place(&finding.pointer), finding.name.unwrap_or("finding"))
        };
        let places: BTreeSet<String> = findings.iter().map(place).collect();
        let shown: Vec<String> = places.into_iter().take(MOST_PLACES).collect();
        shown.join("; ")
    }

    fn own_place(&self, pointer: &str) -> String {
        let mut steps = pointer.split('/').skip(1);
        let (part, name) = (steps.next().unwrap_or_default(), steps.next());
        let declared = |name: &&str| self.screens.values().any(|rule| rule.schema.declares(name));
        match (part, name.filter(declared)) {
            ("data", Some(name)) => format!("/data/{name}"),
            ("data" | "screen", _) => format!("/{part}"),
            _ => "the whole".to_owned(),
        }
    }

    fn check_read(
        &self,
        from: Origin<'_>,
        screen: &str,
        data: &Map<String, Value>,
        found: &mut Collector,
    ) {
        check_client_parts(data, found);
        if screen != SUCCESS {
            self.check_transition(from, screen, found);
            self.check_data(from, screen, data, found);
        }
    }

    fn check_transition(&self, from: Origin<'_>, to: &str, found: &mut Collector) {
        let (at, shown) = (Place::WHOLE.key("screen"), quoted(to));
        let name = Some(INVALID_SCREEN_TRANSITION);
        let mut wrong = |problem: fmt::Arguments<'_>| {
            found.error(&at, name, format_args!("{problem}: the phone would not go there"));
        };
        match from {
            _ if !self.routes.know(to) => {
                let known = self.screens.keys().map(String::as_str);
                let known = known.filter(|id| self.routes.know(id));
                match meant(to, known) {
                    Some(near) => wrong(format_args!(
                        "there is no screen {shown} in the routing model, but {}",
                        quoted(near)
                    )),
                    None => wrong(format_args!("there is no screen {shown} in the routing model")),
                }
            }
            Origin::Init if !self.routes.begin_with(to) => {
                wrong(format_args!(
                    "{shown} can't be the first screen: routes lead to it, so it is no entry screen"
                ));
            }
            Origin::Screen(from)
                if from != to && !self.routes.lead(from, to) && !self.routes.lead(to, from) =>
            {
                wrong(format_args!(
                    "the routing model has no way between {} and {shown}",
                    quoted(from)
                ));
            }
            _ => (),
        }
    }

    fn check_data(
        &self,
        from: Origin<'_>,
        screen: &str,
        data: &Map<String, Value>,
        found: &mut Collector,
    ) {
        // A screen that does not exist is not in the routing model either, which was reported
        // already.
        let Some(rule) = self.screens.get(screen) else { return };
        let from = if let Origin::Screen(from) = from { self.screens.get(from) } else { None };
        let all = from.is_some_and(|from| from.has_navigation_list);
        rule.schema.check_reply(data, &TAKEN_OUT, all, screen, &Place::WHOLE.key("data"), found);
    }
}

/// A log line has room for this many.
const MOST_PLACES: usize = 5;

/// The screen and the data of a well-formed reply.
fn read_reply<'a>(
    reply: &'a Value,
    found: &mut Collector,
) -> Option<(&'a str, &'a Map<String, Value>)> {
    let whole = Place::WHOLE;
    let Value::Object(members) = reply else {
        found.error(
            &whole,
            None,
            format_args!("is {}; a reply is a JSON object", described(reply)),
        );
        return None;
    };
    let screen = member(members, "screen", "a text", &whole, found, Value::as_str);
    let data = member(members, "data", "an object", &whole, found, Value::as_object);
    Some((screen?, data?))
}

/// Checks the members of `data` that are meant for the client.
fn check_client_parts(data: &Map<String, Value>, found: &mut Collector) {
    let at = Place::WHOLE.key("data");
    if let Some(text) = data.get(ERROR_MESSAGE).filter(|text| !text.is_string()) {
        found.error(
            &at.key(ERROR_MESSAGE),
            None,
            format_args!("is {}; it must be a text", described(text)),
        );
    }
    if let Some(response) = data.get(EXTENSION_MESSAGE_RESPONSE) {
        let at = at.key(EXTENSION_MESSAGE_RESPONSE);
        match response {
            Value::Object(members) => {
                member(members, "params", "an object", &at, found, Value::as_object);
            }
            other => found.error(
                &at,
                None,
                format_args!("is {}; it must be an object with `params`", described(other)),
            ),
        }
    }
}

/// Reads a required member of a given type.
fn member<'a, T>(
    members: &'a Map<String, Value>,
    name: &str,
    expected: &str,
    at: &Place<'_>,
    found: &mut Collector,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Option<T> {
    let Some(value) = members.get(name) else {
        found.error(at, None, format_args!("lacks `{name}`, {expected}"));
        return None;
    };
    let read = read(value);
    if read.is_none() {
        found.error(
            &at.key(name),
            None,
            format_args!("is {}; it must be {expected}", described(value)),
        );
    }
    read
}

/// The member of a reply's data that the client shows as an error above the screen.
pub const ERROR_MESSAGE: &str = "error_message";

/// The member of a reply's data that the chat receives when the flow ends: an object with an object
/// `params`.
pub const EXTENSION_MESSAGE_RESPONSE: &str = "extension_message_response";

/// The members of a reply's data that the client removes before the screen sees it.
pub const TAKEN_OUT: [&str; 2] = [ERROR_MESSAGE, EXTENSION_MESSAGE_RESPONSE];
