//! Checks objects and lists of objects against the table.

use std::fmt;

use serde_json::{Map, Value};

use super::bound::{Wanted, backticked};
use super::table::{Blank, Key, Row, Takes};
use super::{Checker, Scope};
use crate::document::Reference;
use crate::finding::Level;
use crate::kind::{ComponentKind, RANGE_ENDS};
use crate::meant::{instead, is_misspelled, meant};
use crate::names::{INVALID_PROPERTY_KEY, MIN_ITEMS_REQUIRED, MISSING_REQUIRED_PROPERTY};
use crate::place::{Place, quoted};
use crate::version::Version;

impl<'a> Checker<'_, 'a> {
    /// Checks the members of an object that may have only `keys`, except `read`, which was checked
    /// before. Messages call the object `what`. Components in it are left to the caller.
    pub(super) fn members(
        &mut self,
        members: &'a Map<String, Value>,
        keys: &'static [Key],
        read: &str,
        what: fmt::Arguments<'_>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let mut misspelled = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| *name != read) {
            let place = at.key(name);
            let Some(key) = keys.iter().find(|key| key.name == name) else {
                misspelled.extend(self.unknown_key(name, keys, what, &place));
                continue;
            };
            self.check_age(key.name, key.since, &place);
            if key.outside_form && scope.in_form {
                let problem = format_args!(
                    "`{name}` is not for a component in a Form: the Form says it for its fields, by their names, in {}",
                    if key.name == "init-value" { "`init-values`" } else { "`error-messages`" }
                );
                self.wrong(&place, INVALID_PROPERTY_KEY, problem);
            }
            self.value(value, key.takes, scope, &place);
            // A label of the large variant has more room.
            if let Some(longest) =
                key.longest.filter(|_| name != "label" || !members.contains_key("label-variant"))
            {
                self.check_length(value, longest, &place);
            }
        }
        for key in keys.iter().filter(|key| key.due && !members.contains_key(key.name)) {
            self.actions_are_clear &=
                self.level == Level::Note || !matches!(key.takes, Takes::Click(_));
            if misspelled.contains(&key.name) {
                continue;
            }
            self.wrong(at, MISSING_REQUIRED_PROPERTY, format_args!("{what} lacks `{}`", key.name));
        }
    }

    /// Reports values that WhatsApp accepts but the phone cuts.
    fn check_length(&mut self, value: &Value, longest: usize, at: &Place<'_>) {
        match value {
            Value::String(text) if Reference::of(text).is_none() && backticked(text).is_none() => {
                let length = text.chars().count();
                if length > longest {
                    self.doubtful(at, format_args!("has {length} characters; a phone has room for {longest}, and cuts the rest"));
                }
            }
            Value::Array(entries) if entries.len() > longest => {
                self.doubtful(
                    at,
                    format_args!("has {} entries; a phone shows {longest} at most", entries.len()),
                );
            }
            _ => (),
        }
    }

    /// Whether a component lacks a key that it has misspelled, which is an error.
    pub(super) fn misspells(
        &self,
        members: &Map<String, Value>,
        kind: ComponentKind,
        name: &str,
    ) -> bool {
        self.outline.is_strict && misspells(members, kind, name)
    }

    /// Reports a key that is not in the table. Returns the key that is meant if that is an error,
    /// so that its lack need not be another one.
    pub(super) fn unknown_key(
        &mut self,
        name: &str,
        keys: &'static [Key],
        what: fmt::Arguments<'_>,
        at: &Place<'_>,
    ) -> Option<&'static str> {
        // A later version may have it.
        let level = if self.version.is_later() { Level::Note } else { self.level };
        let is_kept = level == Level::Error && !self.found.is_full();
        let advice = instead(name, keys.iter().map(|key| key.name));
        self.found.add(
            level,
            at,
            Some(INVALID_PROPERTY_KEY),
            format_args!("{what} has no {}; {advice}", quoted(name)),
        );
        if is_kept { meant(name, keys.iter().map(|key| key.name)) } else { None }
    }

    /// Reports something that versions before `since` don't have.
    pub(super) fn check_age(&mut self, what: &str, since: Version, at: &Place<'_>) {
        if self.version < since {
            let version = self.version;
            let problem = format_args!(
                "`{what}` is there from version {since} on; this document is of version {version}"
            );
            self.wrong(at, INVALID_PROPERTY_KEY, problem);
        }
    }

    pub(super) fn record(
        &mut self,
        value: &'a Value,
        keys: &'static [Key],
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        match value {
            Value::Object(members) => {
                self.members(members, keys, "", format_args!("it"), scope, at)
            }
            other => self.fixed(other, false, "an object", at),
        }
    }

    pub(super) fn records(
        &mut self,
        value: &'a Value,
        keys: &'static [Key],
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let Value::Array(records) = value else {
            if !self.is_bound(value, Wanted::Records(keys), scope, at) {
                self.fixed(
                    value,
                    false,
                    "a list of objects, or a reference to one as ${data.name}",
                    at,
                );
            }
            return;
        };
        if records.is_empty() {
            self.wrong(
                at,
                MIN_ITEMS_REQUIRED,
                format_args!("is empty; it needs an entry at least"),
            );
        }
        // WhatsApp doesn't resolve references in entries, so they may be meant as plain text.
        let leads = keys.iter().any(|key| matches!(key.takes, Takes::Click(_)));
        let actions = if leads { Level::Note } else { scope.actions };
        let scope = Scope { actions, ..scope.unseen() };
        for (number, record) in records.iter().enumerate() {
            match record {
                Value::Object(members) => {
                    self.members(
                        members,
                        keys,
                        "",
                        format_args!("the entry"),
                        scope,
                        &at.item(number),
                    );
                }
                other => self.fixed(other, false, "an object", &at.item(number)),
            }
        }
    }

    pub(super) fn ends(
        &mut self,
        value: &'a Value,
        takes: Takes,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        match (value, takes) {
            (Value::Object(members), _) => {
                for (name, value) in
                    members.iter().filter(|(name, _)| RANGE_ENDS.contains(&name.as_str()))
                {
                    self.value(value, takes, scope, &at.key(name));
                }
            }
            (Value::String(text), Takes::Text(_)) if !text.trim().is_empty() => {
                if !self.is_bound(value, Wanted::Types(&["string", "object"]), scope, at) {
                    self.plain_text(text, at);
                }
            }
            (Value::String(_), Takes::Flag)
                if self.is_bound(value, Wanted::Types(&["boolean", "object"]), scope, at) => {}
            _ => self.value(value, takes, scope, at),
        }
    }

    pub(super) fn messages(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        match value {
            Value::String(_) => {
                self.is_bound(value, Wanted::Types(&["string", "object"]), scope, at);
            }
            Value::Object(messages) if messages.is_empty() => {
                self.wrong(
                    at,
                    MIN_ITEMS_REQUIRED,
                    format_args!("is empty; name a message, or leave the key out"),
                );
            }
            Value::Object(messages) => {
                for (name, message) in messages {
                    self.text(message, Blank::Always, scope, &at.key(name));
                }
            }
            other => self.fixed(other, false, "a text, or an object of texts", at),
        }
    }
}

/// Whether a component lacks a key that it has misspelled.
pub(super) fn misspells(members: &Map<String, Value>, kind: ComponentKind, name: &str) -> bool {
    let keys: Vec<&str> = Row::of(kind).keys.iter().map(|key| key.name).collect();
    is_misspelled(members, &keys, name)
}
