//! Checks the screens: their number, their ids, and that the flow can end.

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value};

use super::{Checker, head};
use crate::finding::{Cause, Collector, Level};
use crate::meant::{instead, is_misspelled};
use crate::names::{
    DUPLICATE_SCREEN_IDS, INVALID_PROPERTY_KEY, INVALID_PROPERTY_TYPE, INVALID_PROPERTY_VALUE,
    MAX_SCREENS_NUMBER, MIN_CHARS_REQUIRED, MIN_ITEMS_REQUIRED, MISSING_FOOTER_ON_TERMINAL_SCREEN,
    MISSING_REQUIRED_PROPERTY, MISSING_TERMINAL_SCREEN, NOT_KEYWORD_SCHEMA_VALIDATION_FAILED,
    PATTERN_MISMATCH, SCREEN_ID_IS_RESERVED_KEYWORD,
};
use crate::outline::{MAX_SCREENS, Outline, ScreenOutline};
use crate::place::{Place, quoted};
use crate::routes::WrittenRoutes;
use crate::schema::described;
use crate::screen_id::{IdFault, SUCCESS, id_fault};
use crate::version::{FOOTER_DUE_SINCE, Version};

impl<'a> Checker<'_, 'a> {
    /// Checks the screens; returns whether there are any for routes to lead to.
    pub(super) fn check_screens(&mut self, document: &'a Map<String, Value>) -> bool {
        let at = Place::WHOLE.key("screens");
        let found = &mut *self.found;
        match document.get("screens") {
            None if self.outline.is_strict && is_misspelled(document, &head::KEYS, "screens") => {}
            None => found.error(
                &Place::WHOLE,
                Some(MISSING_REQUIRED_PROPERTY),
                format_args!("lacks `screens`"),
            ),
            Some(Value::Array(screens)) if screens.is_empty() => {
                found.error(&at, Some(MIN_ITEMS_REQUIRED), format_args!("is empty"))
            }
            Some(Value::Array(screens)) if screens.len() > MAX_SCREENS => {
                let problem =
                    format_args!("there are {} screens; the most is {MAX_SCREENS}", screens.len());
                found.error(&at.item(MAX_SCREENS), Some(MAX_SCREENS_NUMBER), problem);
            }
            Some(Value::Array(screens)) => {
                for (number, screen) in screens.iter().enumerate() {
                    self.check_screen(screen, number, &at.item(number));
                }
                if !self.outline.screens.is_empty() {
                    check_ids_are_unique(self.outline, &at, self.found);
                    check_ends(self.outline, self.routes, self.version, &at, self.found);
                    return true;
                }
            }
            Some(other) => {
                let problem = format_args!("is {}; it must be a list of screens", described(other));
                found.error(&at, Some(INVALID_PROPERTY_TYPE), problem);
            }
        }
        false
    }

    fn check_screen(&mut self, screen: &'a Value, number: usize, at: &Place<'_>) {
        let Value::Object(members) = screen else {
            self.found.error(
                at,
                Some(INVALID_PROPERTY_TYPE),
                format_args!("is {}; a screen is an object", described(screen)),
            );
            return;
        };
        for name in members.keys().filter(|name| !KEYS.contains(&name.as_str())) {
            let level = if self.version.is_later() { Level::Note } else { self.level };
            let advice = instead(name, KEYS.into_iter());
            let problem = format_args!("a screen has no {}; {advice}", quoted(name));
            self.found.add(level, &at.key(name), Some(INVALID_PROPERTY_KEY), problem);
        }
        if !(self.outline.is_strict && is_misspelled(members, &KEYS, "id")) {
            check_id(members, at, self.found);
        }
        check_parts(members, at, self.found);
        let outline = self.outline;
        if let Some(outlined) = outline.screens.iter().find(|screen| screen.number == number) {
            self.check_success(outlined, at);
            self.check_contents(members, outlined, at);
        }
    }

    fn check_success(&mut self, screen: &ScreenOutline<'_>, at: &Place<'_>) {
        // If no screen is terminal, this is reported, and this one may be the one that should be.
        let may_be_terminal =
            screen.terminal || !screen.terminal_is_clear || !self.outline.has_terminal();
        if screen.says_success && !may_be_terminal {
            let problem = format_args!("`success` belongs on terminal screens only");
            self.found.add_once(
                Cause::NotTerminal(screen.id),
                Level::Error,
                &at.key("success"),
                Some(NOT_KEYWORD_SCHEMA_VALIDATION_FAILED),
                problem,
            );
        }
    }
}

fn check_parts(members: &Map<String, Value>, at: &Place<'_>, found: &mut Collector) {
    check_type(members, "title", Value::is_string, "a text", at, found);
    for flag in ["terminal", "success", "refresh_on_back"] {
        check_type(members, flag, Value::is_boolean, "true or false", at, found);
    }
    for part in ["data", "layout"] {
        check_type(members, part, Value::is_object, "an object", at, found);
    }
}

fn check_type(
    members: &Map<String, Value>,
    name: &str,
    fits: impl Fn(&Value) -> bool,
    expected: &str,
    at: &Place<'_>,
    found: &mut Collector,
) {
    if let Some(value) = members.get(name).filter(|value| !fits(value)) {
        let problem = format_args!("is {}; it must be {expected}", described(value));
        found.error(&at.key(name), Some(INVALID_PROPERTY_TYPE), problem);
    }
}

fn check_id(members: &Map<String, Value>, at: &Place<'_>, found: &mut Collector) {
    let Some(id) = members.get("id") else {
        found.error(at, Some(MISSING_REQUIRED_PROPERTY), format_args!("lacks its `id`"));
        return;
    };
    let at = at.key("id");
    let Some(id) = id.as_str() else {
        found.error(
            &at,
            Some(INVALID_PROPERTY_TYPE),
            format_args!("is {}; an id is a text", described(id)),
        );
        return;
    };
    match id_fault(id) {
        None => (),
        Some(IdFault::Empty) => {
            found.error(
                &at,
                Some(MIN_CHARS_REQUIRED),
                format_args!("is empty; an id has letters and underscores"),
            );
        }
        Some(IdFault::Characters) => {
            let problem = format_args!(
                "{} has more than letters (A to Z, a to z) and underscores",
                quoted(id)
            );
            found.error(&at, Some(PATTERN_MISMATCH), problem);
        }
        Some(IdFault::Ends | IdFault::Reserved) => {
            let problem =
                format_args!("{id} is reserved: {SUCCESS} ends the flow; call it otherwise");
            found.error(&at, Some(SCREEN_ID_IS_RESERVED_KEYWORD), problem);
        }
        Some(IdFault::NoLetters) => {
            found.note(
                &at,
                Some(PATTERN_MISMATCH),
                format_args!("has no letters: WhatsApp may refuse it from version 7.0 on"),
            );
        }
    }
}

fn check_ids_are_unique(outline: &Outline<'_>, at: &Place<'_>, found: &mut Collector) {
    let mut seen = HashSet::new();
    for screen in outline.screens.iter().filter(|screen| !seen.insert(screen.id)) {
        let problem = format_args!("{} is the id of another screen already", quoted(screen.id));
        found.error(&at.item(screen.number).key("id"), Some(DUPLICATE_SCREEN_IDS), problem);
    }
}

fn check_ends(
    outline: &Outline<'_>,
    routes: &WrittenRoutes<'_>,
    version: Version,
    at: &Place<'_>,
    found: &mut Collector,
) {
    let terminal = || outline.screens.iter().filter(|screen| screen.terminal);
    let Some(first) = terminal().next() else {
        let may_be = |screen: &ScreenOutline<'_>| !screen.terminal_is_clear;
        // The screen that is missing may be it.
        let is_lost = outline.nameless > 0 || routes.has_lost;
        if !is_lost && !outline.screens.iter().any(may_be) {
            let last =
                fmt::from_fn(|f| match outline.screens.iter().find(|screen| screen.completes) {
                    Some(screen) => {
                        write!(f, "screen {}, which takes an action complete", quoted(screen.id))
                    }
                    None => f.write_str("its last screen"),
                });
            let problem = format_args!(
                "no screen is `terminal`: the flow could not end; set \"terminal\": true on {last}"
            );
            found.error(at, Some(MISSING_TERMINAL_SCREEN), problem);
        }
        return;
    };
    // A screen that ends the flow without being terminal is reported.
    let should_be = |screen: &ScreenOutline<'_>| {
        !screen.terminal && (screen.completes || screen.says_success) && outline.is_strict
    };
    let all_are_known = outline.nameless == 0 && !outline.screens.iter().any(should_be);
    if all_are_known && !terminal().any(|screen| screen.success) {
        let problem = format_args!(
            "`success` is false on every terminal screen; one at least must end the flow with success"
        );
        found.error(&at.item(first.number).key("success"), Some(INVALID_PROPERTY_VALUE), problem);
    }
    // Meta's page requires it in every version; WhatsApp checks it from this version on.
    let level = if version < FOOTER_DUE_SINCE { Level::Note } else { Level::Error };
    // What is wrong with its components is reported, and one of them may be meant for it.
    let lacks_footer = |screen: &&ScreenOutline<'_>| {
        !screen.has_footer && !screen.has_unknown && screen.components_are_clear
    };
    for screen in terminal().filter(lacks_footer) {
        let problem = format_args!(
            "screen {} is terminal and has no Footer: nothing on it ends the flow, the user can only close it",
            quoted(screen.id)
        );
        found.add(level, &at.item(screen.number), Some(MISSING_FOOTER_ON_TERMINAL_SCREEN), problem);
    }
}

/// All keys of a screen.
pub(crate) const KEYS: [&str; 8] =
    ["id", "title", "layout", "data", "terminal", "success", "refresh_on_back", "sensitive"];
