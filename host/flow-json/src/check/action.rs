//! Checks actions: what a tap or a choice triggers.

use std::fmt;

use serde_json::{Map, Value};

use super::bound::Wanted;
use super::{Checker, Scope};
use crate::finding::{Cause, Level};
use crate::kind::ActionKind;
use crate::meant::{is_misspelled, meant};
use crate::names::{
    INVALID_COMPLETE_ACTION, INVALID_ENUM_VALUE, INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME,
    INVALID_PROPERTY_KEY, INVALID_PROPERTY_TYPE, INVALID_PROPERTY_VALUE_FORMAT,
    INVALID_ROUTING_MODEL, MISSING_REQUIRED_PROPERTY, NOT_KEYWORD_SCHEMA_VALIDATION_FAILED,
};
use crate::place::{Place, quoted};
use crate::schema::described;
use crate::version::Version;

/// The kinds of actions allowed in a place, each with the first version that has it.
type Actions = &'static [(ActionKind, Version)];

impl<'a> Checker<'_, 'a> {
    /// Checks the action of a tap.
    pub(super) fn click(
        &mut self,
        action: &'a Value,
        actions: Actions,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let scope = scope.of_action();
        let errors = self.found.error_count();
        let kind = self.leading_action(action, actions, scope, at);
        self.actions_are_clear &= self.found.error_count() == errors;
        let Some((kind, members)) = kind else { return };
        let screen = scope.screen;
        // If no screen is terminal, this is reported.
        if kind == ActionKind::Complete
            && !screen.terminal
            && screen.terminal_is_clear
            && self.outline.has_terminal()
        {
            let problem = format_args!(
                "ends the flow, which only a terminal screen does: set \"terminal\": true on screen {}, or take another action",
                quoted(screen.id)
            );
            self.found.add_once(
                Cause::NotTerminal(screen.id),
                self.level,
                &at.key("name"),
                Some(INVALID_COMPLETE_ACTION),
                problem,
            );
        }
        self.acts(kind, members, scope, at);
    }

    /// Checks all of a tap's action but its payload. Returns its kind and its members, if the kind is
    /// allowed there.
    fn leading_action(
        &mut self,
        action: &'a Value,
        actions: Actions,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) -> Option<(ActionKind, &'a Map<String, Value>)> {
        let members = self.action_members(action, CLICK_KEYS, at)?;
        let kind = self.action_kind(members, actions, at)?;
        self.goes_with(members, kind, "next", ActionKind::Navigate, at);
        self.goes_with(members, kind, "url", ActionKind::OpenUrl, at);
        match kind {
            ActionKind::Navigate => self.navigates(members, scope, at),
            ActionKind::OpenUrl => self.opens_url(members, scope, at),
            _ => (),
        }
        Some((kind, members))
    }

    /// Checks the action of a choice.
    pub(super) fn select(
        &mut self,
        action: &'a Value,
        actions: Actions,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let scope = scope.of_action();
        let Some(members) = self.action_members(action, SELECT_KEYS, at) else { return };
        let kind = self.action_kind(members, actions, at);
        if !members.contains_key("payload") && !self.is_misspelled(members, SELECT_KEYS, "payload")
        {
            let problem = format_args!("lacks its `payload`; write {{}} if nothing goes along");
            self.wrong(at, MISSING_REQUIRED_PROPERTY, problem);
        }
        if let Some(kind) = kind {
            self.acts(kind, members, scope, at);
        }
    }

    /// The rules for every action, wherever it occurs.
    fn acts(
        &mut self,
        kind: ActionKind,
        members: &'a Map<String, Value>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        if kind == ActionKind::DataExchange && !self.has_endpoint {
            let problem = format_args!(
                "asks the endpoint, and the document has none: add `data_api_version` and `routing_model` to it, or take another action"
            );
            self.found.add_once(
                Cause::NoEndpoint,
                self.level,
                &at.key("name"),
                Some(MISSING_REQUIRED_PROPERTY),
                problem,
            );
        }
        match members.get("payload") {
            Some(Value::Object(payload)) => {
                self.check_payload(kind, payload, members, scope, &at.key("payload"))
            }
            None if kind == ActionKind::Navigate
                && !self.is_misspelled(members, CLICK_KEYS, "payload") =>
            {
                self.check_lacking_payload(members, scope, at)
            }
            _ => (),
        }
    }

    fn action_members(
        &mut self,
        action: &'a Value,
        keys: &'static [&'static str],
        at: &Place<'_>,
    ) -> Option<&'a Map<String, Value>> {
        let Value::Object(members) = action else {
            let problem =
                format_args!("is {}; an action is an object with a `name`", described(action));
            self.wrong(at, INVALID_PROPERTY_TYPE, problem);
            return None;
        };
        for name in members.keys().filter(|name| !keys.contains(&name.as_str())) {
            let advice =
                fmt::from_fn(|f| match (name.as_str(), meant(name, keys.iter().copied())) {
                    (name, _) if keys.contains(&"next") && stands_for_next(name) => {
                        f.write_str("write \"next\": {\"type\": \"screen\", \"name\": ..}")
                    }
                    (_, Some(meant)) => write!(f, "write `{meant}`"),
                    _ => write!(f, "it has {}", keys.join(", ")),
                });
            self.wrong(
                &at.key(name),
                INVALID_PROPERTY_KEY,
                format_args!("an action here has no {}; {advice}", quoted(name)),
            );
        }
        if let Some(payload) = members.get("payload").filter(|payload| !payload.is_object()) {
            let problem = format_args!("is {}; a payload is an object", described(payload));
            self.wrong(&at.key("payload"), INVALID_PROPERTY_TYPE, problem);
        }
        Some(members)
    }

    /// The action's kind, if it is allowed here.
    fn action_kind(
        &mut self,
        members: &'a Map<String, Value>,
        actions: Actions,
        at: &Place<'_>,
    ) -> Option<ActionKind> {
        let (written, place) = (members.get("name"), at.key("name"));
        let possible =
            || actions.iter().map(|(kind, _)| kind.name()).collect::<Vec<_>>().join(", ");
        match written {
            None if self.is_misspelled(members, CLICK_KEYS, "name") => None,
            None => {
                self.wrong(
                    at,
                    MISSING_REQUIRED_PROPERTY,
                    format_args!("lacks its `name`, one of {}", possible()),
                );
                None
            }
            Some(Value::String(name)) => {
                match actions.iter().find(|(known, _)| known.name() == name) {
                    Some((known, since)) => {
                        self.check_age(known.name(), *since, &place);
                        Some(*known)
                    }
                    None => {
                        let problem = format_args!(
                            "{} is no action that can be taken here; there is {}",
                            quoted(name),
                            possible()
                        );
                        self.wrong(&place, INVALID_ENUM_VALUE, problem);
                        None
                    }
                }
            }
            Some(other) => {
                self.wrong(
                    &place,
                    INVALID_PROPERTY_TYPE,
                    format_args!("is {}; it must be one of {}", described(other), possible()),
                );
                None
            }
        }
    }

    /// Checks a key that kind `of` must have and other kinds must not.
    fn goes_with(
        &mut self,
        members: &Map<String, Value>,
        kind: ActionKind,
        key: &str,
        of: ActionKind,
        at: &Place<'_>,
    ) {
        let (is_due, of) = (kind == of, of.name());
        match (is_due, members.contains_key(key)) {
            (true, false) if self.is_misspelled(members, CLICK_KEYS, key) => (),
            (true, false) => {
                let example = if key == "next" {
                    "\"next\": {\"type\": \"screen\", \"name\": ..}"
                } else {
                    "\"url\": \"https://..\""
                };
                self.wrong(
                    at,
                    MISSING_REQUIRED_PROPERTY,
                    format_args!("an action {of} lacks `{key}`: write {example}"),
                );
            }
            (false, true) => {
                let problem = format_args!("`{key}` belongs to an action {of}; take it out");
                self.wrong(&at.key(key), NOT_KEYWORD_SCHEMA_VALIDATION_FAILED, problem);
            }
            _ => (),
        }
    }

    fn navigates(&mut self, members: &'a Map<String, Value>, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let Some(next) = members.get("next") else { return };
        let at = at.key("next");
        let Value::Object(next) = next else {
            let problem = format_args!(
                "is {}; it must be {{\"type\": \"screen\", \"name\": ..}}",
                described(next)
            );
            self.wrong(&at, INVALID_PROPERTY_TYPE, problem);
            return;
        };
        for (name, value) in next {
            match name.as_str() {
                "name" | "type" if value.is_string() => (),
                "name" | "type" => {
                    self.wrong(
                        &at.key(name),
                        INVALID_PROPERTY_TYPE,
                        format_args!("is {}; it must be a text", described(value)),
                    );
                }
                _ => {
                    let problem = format_args!(
                        "`next` has no {}, only `type` and `name`; take it out",
                        quoted(name)
                    );
                    self.wrong(&at.key(name), INVALID_PROPERTY_KEY, problem);
                }
            }
        }
        let is_missing =
            |name: &&str| !next.contains_key(*name) && !is_misspelled(next, &NEXT_KEYS, name);
        for name in NEXT_KEYS.into_iter().filter(is_missing) {
            let problem =
                format_args!("lacks `{name}`: write {{\"type\": \"screen\", \"name\": ..}}");
            self.wrong(&at, MISSING_REQUIRED_PROPERTY, problem);
        }
        if let Some(kind) =
            next.get("type").and_then(Value::as_str).filter(|kind| *kind != "screen")
        {
            let problem = format_args!(
                "{} is no type that is known; a navigate action leads to a \"screen\"",
                quoted(kind)
            );
            self.doubtful(&at.key("type"), problem);
        }
        if let Some(name) = next.get("name").and_then(Value::as_str) {
            self.leads_to(name, scope, &at.key("name"));
        }
    }

    fn leads_to(&mut self, target: &'a str, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let own = scope.screen.id;
        // WhatsApp checks this in 7.1 too, but not in the entries of a list.
        let level =
            if scope.actions == self.level_of_bindings() { self.level } else { scope.actions };
        if target == own {
            let problem = format_args!("leads to its own screen, {}", quoted(target));
            self.found.add(level, at, Some(INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME), problem);
        } else if self.outline.screen(target).is_none() {
            self.no_screen(target, INVALID_NAVIGATE_ACTION_NEXT_SCREEN_NAME, level, at);
        } else if self.routes.know(target)
            && self.routes.are_clear_from(own)
            && !self.routes.lead(own, target)
            && !self.routes.lead(target, own)
        {
            // WhatsApp accepts it from a list, and in these versions from everywhere.
            let is_list = scope.screen.has_navigation_list && self.version >= Version(6, 2);
            let unseen = self.version >= Version(6, 3) && self.version < Version(7, 3);
            let level = if is_list || unseen { Level::Note } else { level };
            let problem = format_args!(
                "leads to {}, but the routing model has no route there from {}",
                quoted(target),
                quoted(own)
            );
            let cause = Cause::NoRoute(own, target);
            self.found.add_once(cause, level, at, Some(INVALID_ROUTING_MODEL), problem);
            self.ways.push((own, target));
        }
    }

    /// Whether a member of an action has this key misspelled, which was reported as an error.
    fn is_misspelled(&self, members: &Map<String, Value>, keys: &[&str], key: &str) -> bool {
        let is_error = self.level == Level::Error;
        is_error
            && (is_misspelled(members, keys, key)
                || (key == "next" && members.keys().any(|name| stands_for_next(name))))
    }

    fn opens_url(&mut self, members: &'a Map<String, Value>, scope: Scope<'_, 'a>, at: &Place<'_>) {
        if members.contains_key("payload") {
            let problem = format_args!("an action open_url has no `payload`; take it out");
            self.wrong(&at.key("payload"), NOT_KEYWORD_SCHEMA_VALIDATION_FAILED, problem);
        }
        let Some(url) = members.get("url") else { return };
        let at = at.key("url");
        let is_url = |text: &str| {
            text.split_once(':').is_some_and(|(scheme, rest)| {
                let mut letters = scheme.bytes();
                letters.next().is_some_and(|byte| byte.is_ascii_alphabetic())
                    && !rest.is_empty()
                    && !text.contains(char::is_whitespace)
            })
        };
        match url.as_str() {
            None => self.wrong(
                &at,
                INVALID_PROPERTY_TYPE,
                format_args!("is {}; it must be a text", described(url)),
            ),
            Some(_) if self.is_bound(url, Wanted::Types(&["string"]), scope, &at) => (),
            Some(text) if is_url(text.trim()) => (),
            Some(_) => self.wrong(
                &at,
                INVALID_PROPERTY_VALUE_FORMAT,
                format_args!("is no address; write one as https://example.com/"),
            ),
        }
    }
}

/// What other formats call the screen that an action leads to.
fn stands_for_next(name: &str) -> bool {
    ["next_screen", "nextScreen", "screen"].contains(&name)
}

const CLICK_KEYS: &[&str] = &["name", "payload", "next", "url"];
const SELECT_KEYS: &[&str] = &["name", "payload"];
const NEXT_KEYS: [&str; 2] = ["type", "name"];
