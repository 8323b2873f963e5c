//! The check of a document: what WhatsApp would refuse at publishing, and what its author should know.
//!
//! What WhatsApp refuses for sure is an error. What it takes although it can't do what was meant, and what nobody outside of Meta can know
//! for sure, is a note: a document that is refused here without need is worse than one that is taken and refused there.

mod action;
mod agreement;
mod bound;
mod component;
mod dates;
mod expression;
mod form;
mod head;
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

use super::document::Document;
use super::finding::{Collector, Level};
use super::outline::{Outline, ScreenOutline};
use super::place::Place;
use super::reply::ReplyRules;
use super::routes::WrittenRoutes;
use super::version::{NEWEST, Version};

/// Checks a document; gives the rules for replies, which are worth something if no error was found.
pub(crate) fn check(document: &Document, outline: &Outline<'_>, routes: &WrittenRoutes<'_>, found: &mut Collector) -> ReplyRules {
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

/// The check on its way through the screens.
struct Checker<'c, 'a> {
    /// What the document is written for; the newest where it doesn't say.
    version: Version,
    /// What findings are that are errors in a version that can be published.
    level: Level,
    outline: &'c Outline<'a>,
    routes: &'c WrittenRoutes<'a>,
    has_endpoint: bool,
    /// How many `ImageCarousel`s there were.
    carousels: usize,
    /// How many declarations may still be compared with each other: without a bound, two large ones that many actions name would cost
    /// their product.
    fuel: usize,
    found: &'c mut Collector,
}

/// Where something stands.
#[derive(Clone, Copy)]
struct Scope<'s, 'a> {
    screen: &'s ScreenOutline<'a>,
    in_form: bool,
    /// What references to nothing and to something of another type are.
    references: Level,
    /// What expressions are that can't be computed.
    expressions: Level,
    /// What actions are that lead nowhere or send what isn't there.
    actions: Level,
}

impl Scope<'_, '_> {
    /// The same where WhatsApp doesn't look.
    fn unseen(self) -> Self {
        Self { references: Level::Note, expressions: Level::Note, actions: Level::Note, ..self }
    }

    /// The same inside of an action.
    fn of_action(self) -> Self {
        Self { references: self.actions, expressions: self.actions, ..self }
    }
}

impl Checker<'_, '_> {
    /// Something that WhatsApp refuses.
    fn wrong(&mut self, at: &Place<'_>, name: &'static str, problem: fmt::Arguments<'_>) {
        self.found.add(self.level, at, Some(name), problem);
    }

    /// Something that WhatsApp takes, as far as is known.
    fn doubtful(&mut self, at: &Place<'_>, problem: fmt::Arguments<'_>) {
        self.found.note(at, None, problem);
    }

    /// What is bound to what isn't there: in 7.1 alone, WhatsApp doesn't look.
    fn level_of_bindings(&self) -> Level {
        if self.version == Version(7, 1) { Level::Note } else { self.level }
    }

    /// Whether a comparison may still be made.
    fn burn(&mut self) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        self.fuel > 0
    }
}

/// What hosts keep of a Flow JSON are its schemas, so these are bounded; our own limit, far above what screens declare.
const MAX_RULES_WEIGHT: usize = 1 << 20;

/// A real document needs hundreds.
const MAX_COMPARISONS: usize = 1_000_000;
