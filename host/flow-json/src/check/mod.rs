//! Checks a document for what WhatsApp would refuse at publishing and for what its author should
//! know.
//!
//! An error is something that WhatsApp certainly refuses. A note is something that WhatsApp accepts
//! although it can't do what was meant, or something that nobody outside of Meta can know for sure:
//! refusing a good document here is worse than accepting one that WhatsApp refuses.

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
mod meant;
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

use super::document::Document;
use super::finding::{Collector, Level};
use super::outline::{Outline, ScreenOutline};
use super::place::Place;
use super::reply::ReplyRules;
use super::routes::WrittenRoutes;
use super::version::{NEWEST, Version};

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
    let mut checker = Checker {
        version: version.unwrap_or(NEWEST),
        level,
        outline,
        routes,
        has_endpoint: document.contains_key("data_api_version"),
        carousels: 0,
        fuel: MAX_COMPARISONS,
        found,
    };
    if checker.check_screens(document) {
        routing::check_routes(document, outline, routes, checker.version, found);
    }
    rules
}

/// The state of the check while it walks the screens.
struct Checker<'c, 'a> {
    /// The document's version; the newest if it is missing or unreadable.
    version: Version,
    /// The level of findings that are errors in any version that can be published.
    level: Level,
    outline: &'c Outline<'a>,
    routes: &'c WrittenRoutes<'a>,
    has_endpoint: bool,
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
