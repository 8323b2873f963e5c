//! Checks a document for what WhatsApp would refuse at publishing and for what its author should
//! know.
//!
//! An error is something that WhatsApp certainly refuses. A note is something that WhatsApp accepts
//! although it can't do what was meant, or something that nobody outside of Meta can know for sure:
//! refusing a good document here is worse than accepting one that WhatsApp refuses.
//!
//! One mistake is one finding. What follows from a mistake that is reported elsewhere is left out:
//! what the outline and the routes call not clear is not blamed on others. And what has one
//! [`Cause`] is reported once. An error is only left out for another error, so a document that is
//! refused stays refused.

mod action;
mod agreement;
mod bound;
mod component;
mod dates;
mod expression;
mod form;
mod head;
mod json_schema;
mod layout;
mod members;
mod payload;
mod reference;
mod routing;
mod screens;
mod special;
mod table;
mod value;

use std::fmt;

pub(crate) use self::json_schema::json_schema;
pub(crate) use self::screens::KEYS as SCREEN_KEYS;

use serde_json::{Map, Value};

use super::document::Document;
use super::finding::{Cause, Collector, Level};
use super::meant::{is_misspelled, meant};
use super::outline::{Outline, ScreenOutline};
use super::place::{Place, quoted};
use super::reply::ReplyRules;
use super::routes::WrittenRoutes;
use super::screen_id::{IdFault, id_fault};
use super::version::{self, Version};

/// Checks a document and returns the rules for replies, which are meaningful only if there was no
/// error.
pub(crate) fn check(
    document: &Document,
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
    found: &mut Collector,
) -> ReplyRules {
    let document = document.written();
    let version = head::check_version(document, found);
    head::check_keys(document, version, found);
    head::check_data_api_version(document, version, found);
    let level = if version.is_some_and(Version::is_retired) { Level::Note } else { Level::Error };
    let rules = ReplyRules::of(outline, routes, level, found);
    if rules.weight() > MAX_RULES_WEIGHT {
        let problem = format_args!(
            "the screens' `data` declares more than a host keeps: about 1 MiB of names and types, without the examples"
        );
        found.error(&Place::WHOLE.key("screens"), None, problem);
    }
    let version = version.unwrap_or_else(|| fitting_version(document, outline, routes));
    check_as(version, level, document, outline, routes, found);
    rules
}

/// The version that a document without one probably has: the newest that can be published and has
/// nothing against it, so that the document is not also refused for what another version has or
/// lacks; or else the newest.
fn fitting_version(
    document: &Map<String, Value>,
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
) -> Version {
    let fits = |version: &Version| {
        let mut found = Collector::default();
        check_as(*version, Level::Error, document, outline, routes, &mut found);
        !found.has_errors()
    };
    version::published().rev().find(fits).unwrap_or(version::NEWEST)
}

/// Checks all that depends on the version.
fn check_as(
    version: Version,
    level: Level,
    document: &Map<String, Value>,
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
    found: &mut Collector,
) {
    let has_endpoint = document.contains_key("data_api_version")
        || (outline.is_strict && is_misspelled(document, &head::KEYS, "data_api_version"));
    let mut checker = Checker {
        version,
        level,
        outline,
        routes,
        has_endpoint,
        ways: Vec::new(),
        actions_are_clear: true,
        carousels: 0,
        fuel: MAX_COMPARISONS,
        found,
    };
    if checker.check_screens(document) {
        checker.check_routes(document);
    }
}

/// The state of the check while it walks the screens.
struct Checker<'c, 'a> {
    /// The document's version; one that fits it if it is missing or unreadable.
    version: Version,
    /// The level of findings that are errors in any version that can be published.
    level: Level,
    outline: &'c Outline<'a>,
    routes: &'c WrittenRoutes<'a>,
    has_endpoint: bool,
    /// The `navigate` actions without a route: from where, and where to.
    ways: Vec<(&'a str, &'a str)>,
    /// Whether it is known where all actions lead; false if not, for a reason that is an error.
    actions_are_clear: bool,
    /// How many `ImageCarousel`s there were so far.
    carousels: usize,
    /// How many more declarations may be compared. Without a bound, two large declarations that
    /// many actions name would cost their product.
    fuel: usize,
    found: &'c mut Collector,
}

/// The context of a value, and the levels of its findings.
#[derive(Clone, Copy)]
struct Scope<'s, 'a> {
    screen: &'s ScreenOutline<'a>,
    in_form: bool,
    /// The level for references without a target or with a target of the wrong type.
    references: Level,
    /// The level for expressions that can't be computed.
    expressions: Level,
    /// The level for actions that lead nowhere or send something that does not exist.
    actions: Level,
}

impl Scope<'_, '_> {
    /// The scope of a value that WhatsApp doesn't check.
    fn unseen(self) -> Self {
        Self { references: Level::Note, expressions: Level::Note, ..self }
    }

    /// The scope inside of an action.
    fn of_action(self) -> Self {
        Self { references: self.actions, expressions: self.actions, ..self }
    }
}

impl Checker<'_, '_> {
    /// Reports something that WhatsApp refuses.
    fn wrong(&mut self, at: &Place<'_>, name: &'static str, problem: fmt::Arguments<'_>) {
        self.found.add(self.level, at, Some(name), problem);
    }

    /// Reports that there is no screen of this id, once for each id.
    fn no_screen(&mut self, id: &str, name: &'static str, level: Level, at: &Place<'_>) {
        let renamed = self.routes.renamed(id);
        // What is wrong with the id of the screen that is meant is reported there.
        let is_known = renamed.is_some_and(|renamed| {
            id_fault(renamed).is_some_and(|fault| fault != IdFault::NoLetters)
        });
        if is_known || self.routes.nameless_explain {
            return;
        }
        let ids = self.outline.screens.iter().map(|screen| screen.id);
        let advice = fmt::from_fn(|f| {
            match renamed.filter(|renamed| meant(id, [*renamed].into_iter()).is_none()) {
                Some(other) => write!(
                    f,
                    "; perhaps it is {}, which the routing model does not name",
                    quoted(other)
                ),
                None => match renamed.or_else(|| meant(id, ids.clone())) {
                    Some(near) => write!(f, "; write {}", quoted(near)),
                    None => Ok(()),
                },
            }
        });
        let problem = format_args!("there is no screen {}{advice}", quoted(id));
        self.found.add_once(Cause::NoScreen(id), level, at, Some(name), problem);
    }

    /// Reports something that WhatsApp accepts, as far as is known.
    fn doubtful(&mut self, at: &Place<'_>, problem: fmt::Arguments<'_>) {
        self.found.note(at, None, problem);
    }

    /// The level for bindings without a target. Only in 7.1, WhatsApp doesn't check them.
    fn level_of_bindings(&self) -> Level {
        if self.version == Version(7, 1) { Level::Note } else { self.level }
    }

    /// Uses up one comparison; false if none is left.
    fn burn(&mut self) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        self.fuel > 0
    }
}

/// Hosts keep the schemas of a Flow JSON, so their size is bounded. The limit is our own, far above
/// what real screens declare.
const MAX_RULES_WEIGHT: usize = 1 << 20;

/// A real document needs hundreds.
const MAX_COMPARISONS: usize = 1_000_000;
