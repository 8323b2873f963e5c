//! Checks payloads: the data that an action sends, and whether the receiving screen accepts it.

use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::bound::backticked;
use super::reference::{Dangling, Target, looks_like_one};
use super::{Checker, Scope};
use crate::document::{Component, Reference, Store};
use crate::finding::{Cause, Collector, Level};
use crate::kind::{ActionKind, ComponentKind, Field};
use crate::meant::meant;
use crate::names::{
    INVALID_ACTION_PAYLOAD_PROPERTY, INVALID_NAVIGATE_ACTION_PAYLOAD,
    INVALID_NAVIGATE_ACTION_STATIC_DATA, INVALID_ON_CLICK_ACTION_PAYLOAD,
    INVALID_UPDATE_DATA_ACTION_PAYLOAD, MISSING_NAVIGATION_ACTION_PAYLOAD,
};
use crate::outline::ScreenOutline;
use crate::place::{Place, quoted};
use crate::schema::REQUIRED;
use crate::version::Version;

impl<'c, 'a> Checker<'c, 'a> {
    /// Checks the payload of an action whose kind is allowed.
    pub(super) fn check_payload(
        &mut self,
        kind: ActionKind,
        payload: &'a Map<String, Value>,
        action: &'a Map<String, Value>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let mut media = Media::default();
        for (key, value) in payload {
            self.check_sent(kind, value, 0, &mut media, scope, &at.key(key));
        }
        media.check(self.found, kind, scope.actions, at);
        match kind {
            ActionKind::Navigate => {
                if let Some(next) = self.next_screen(action) {
                    self.check_next_takes(payload, next, scope, at);
                }
            }
            ActionKind::UpdateData => self.check_own_takes(payload, scope, at),
            _ => (),
        }
    }

    /// Reports a `navigate` action without a payload to a screen that declares data.
    pub(super) fn check_lacking_payload(
        &mut self,
        action: &'a Map<String, Value>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let Some(next) = self.next_screen(action).filter(|next| declared(next).next().is_some())
        else {
            return;
        };
        let lacking = lacking(next, &EMPTY);
        let problem =
            format_args!("lacks its `payload`: screen {} declares {lacking}", quoted(next.id));
        self.found.add(
            self.level_of_fields(scope),
            at,
            Some(MISSING_NAVIGATION_ACTION_PAYLOAD),
            problem,
        );
    }

    /// The screen that a `navigate` action leads to, if it exists.
    fn next_screen(&self, action: &'a Map<String, Value>) -> Option<&'c ScreenOutline<'a>> {
        let (next, outline) =
            (action.get("next").filter(|next| next["type"] == "screen")?, self.outline);
        outline.screen(next["name"].as_str()?)
    }

    /// WhatsApp checked which fields are sent in 5.1, stopped in 6.0, and checks again since 7.3.
    fn level_of_fields(&self, scope: Scope<'_, 'a>) -> Level {
        if self.version >= Version(6, 0) && self.version < Version(7, 3) {
            Level::Note
        } else {
            scope.actions
        }
    }

    /// Checks a value that is sent; `depth` counts the lists and objects around it.
    fn check_sent(
        &mut self,
        kind: ActionKind,
        value: &'a Value,
        depth: usize,
        media: &mut Media,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        match value {
            Value::String(text) => self.check_sent_text(kind, text, depth, media, scope, at),
            Value::Array(elements) => {
                let each = elements.iter().enumerate();
                each.for_each(|(number, value)| {
                    self.check_sent(kind, value, depth + 1, media, scope, &at.item(number))
                });
            }
            Value::Object(members) => {
                members.iter().for_each(|(key, value)| {
                    self.check_sent(kind, value, depth + 1, media, scope, &at.key(key))
                });
            }
            _ => (),
        }
    }

    fn check_sent_text(
        &mut self,
        kind: ActionKind,
        text: &'a str,
        depth: usize,
        media: &mut Media,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        // WhatsApp doesn't check what is inside lists and objects.
        let seen = scope.actions;
        let scope = if depth > 0 { scope.unseen() } else { scope };
        if let Some(reference) = Reference::of(text) {
            match reference.resolve_anywhere(scope.screen, self.outline) {
                Ok(Target::Field(component, Field::Media)) => {
                    self.check_media(kind, component, depth, media, seen, at)
                }
                Ok(_) => (),
                Err(dangling) => self.dangling(
                    &dangling,
                    INVALID_ON_CLICK_ACTION_PAYLOAD,
                    scope.references,
                    scope,
                    at,
                ),
            }
        } else if let Some(inside) = backticked(text).filter(|_| self.version >= Version(6, 0)) {
            let looked_at = self.version >= Version(7, 2)
                || [ActionKind::Navigate, ActionKind::UpdateData].contains(&kind);
            let scope = if looked_at { scope } else { scope.unseen() };
            self.expression(inside, INVALID_ACTION_PAYLOAD_PROPERTY, scope, at);
        } else if looks_like_one(text) {
            self.dangling(
                &Dangling::Mixed,
                INVALID_ON_CLICK_ACTION_PAYLOAD,
                scope.references,
                scope,
                at,
            );
        }
    }

    fn check_media(
        &mut self,
        kind: ActionKind,
        picker: Component<'_>,
        depth: usize,
        media: &mut Media,
        level: Level,
        at: &Place<'_>,
    ) {
        let name = picker.type_name();
        if kind == ActionKind::Navigate {
            let problem = format_args!(
                "what a {name} holds can't be handed to another screen: refer to it there as ${{screen.ID.form.name}}"
            );
            self.found.add(level, at, Some(INVALID_ON_CLICK_ACTION_PAYLOAD), problem);
        } else if depth > 0 {
            let problem = format_args!(
                "what a {name} holds can't stand inside of a list or an object: name it directly in the payload"
            );
            self.found.add(level, at, Some(INVALID_ON_CLICK_ACTION_PAYLOAD), problem);
        } else {
            // A limit that is no number or is misspelled is reported, and counts as none.
            let is_misspelled = |name: &str| {
                picker.kind().is_some_and(|kind| self.misspells(picker.written(), kind, name))
            };
            let number = |name: &str, default: u64| match picker.member(name) {
                Some(limit) => limit.as_u64().unwrap_or_default(),
                None if is_misspelled(name) => 0,
                None => default,
            };
            let limits = picker.kind().and_then(ComponentKind::limits);
            let files = limits.map_or(MOST_FILES, |[_, most]| number(most, MOST_FILES));
            media.files = media.files.saturating_add(files);
            media.kilobytes = media
                .kilobytes
                .saturating_add(files.saturating_mul(number("max-file-size-kb", 25 << 10)));
        }
    }

    fn check_next_takes(
        &mut self,
        payload: &'a Map<String, Value>,
        next: &ScreenOutline<'a>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        if !next.data_is_clear {
            return;
        }
        let mut matched = 0;
        for (key, value) in payload {
            let at = at.key(key);
            match next.data.and_then(|data| data.get(key)) {
                Some(declared) => {
                    matched += usize::from(key != REQUIRED);
                    let names =
                        [INVALID_NAVIGATE_ACTION_PAYLOAD, INVALID_NAVIGATE_ACTION_STATIC_DATA];
                    self.agree(value, declared, names, next.id, scope, &at);
                }
                None => self.undeclared(key, value, next, scope, &at),
            }
        }
        let due = next.data.map_or(0, |data| data.len() - usize::from(data.contains_key(REQUIRED)));
        if matched < due && !is_misspelled_payload(payload, next) {
            let problem = format_args!(
                "lacks {}, which screen {} declares",
                lacking(next, payload),
                quoted(next.id)
            );
            self.found.add(
                self.level_of_fields(scope),
                at,
                Some(INVALID_NAVIGATE_ACTION_PAYLOAD),
                problem,
            );
        }
    }

    fn undeclared(
        &mut self,
        key: &str,
        value: &Value,
        next: &ScreenOutline<'a>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let written_down =
            value.as_str().is_none_or(|text| Reference::of(text).is_none()) && next.data.is_some();
        let level = if written_down { scope.actions } else { self.level_of_fields(scope) };
        let problem = format_args!(
            "screen {0} declares no {1}: add it to the `data` of {0}",
            quoted(next.id),
            quoted(key)
        );
        let cause = undeclared_cause(next, key);
        self.found.add_once(cause, level, at, Some(INVALID_NAVIGATE_ACTION_PAYLOAD), problem);
    }

    fn check_own_takes(
        &mut self,
        payload: &'a Map<String, Value>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let own = scope.screen;
        if !own.data_is_clear {
            return;
        }
        for (key, value) in payload {
            let at = at.key(key);
            let Some(declared) = own.data.and_then(|data| data.get(key)) else {
                let problem = format_args!(
                    "screen {} declares no {} that could be updated",
                    quoted(own.id),
                    quoted(key)
                );
                self.found.add_once(
                    undeclared_cause(own, key),
                    scope.actions,
                    &at,
                    Some(INVALID_UPDATE_DATA_ACTION_PAYLOAD),
                    problem,
                );
                continue;
            };
            let itself = value
                .as_str()
                .and_then(Reference::of)
                .filter(|reference| reference.path.split('.').next() == Some(key));
            if let Some(reference) = itself.filter(|reference| reference.screen.is_none()) {
                let level = if reference.store == Store::Data { self.level } else { Level::Note };
                let problem = format_args!("updates {} with itself", quoted(key));
                self.found.add(level, &at, Some(INVALID_UPDATE_DATA_ACTION_PAYLOAD), problem);
            }
            self.agree(
                value,
                declared,
                [INVALID_UPDATE_DATA_ACTION_PAYLOAD; 2],
                own.id,
                scope,
                &at,
            );
        }
    }
}

fn declared<'s, 'a>(
    screen: &'s ScreenOutline<'a>,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'s, 'a> {
    screen.data.into_iter().flatten().filter(|(name, _)| *name != REQUIRED)
}

fn undeclared_cause<'s>(screen: &ScreenOutline<'s>, key: &'s str) -> Cause<'s> {
    match screen.data {
        Some(_) => Cause::NoProperty(screen.id, key),
        None => Cause::NoData(screen.id),
    }
}

/// Whether what a payload lacks is in it under another name, which was reported: one that is nearly
/// right, or the only one that is not declared.
fn is_misspelled_payload(payload: &Map<String, Value>, screen: &ScreenOutline<'_>) -> bool {
    let is_declared = |key: &str| screen.data.is_some_and(|data| data.contains_key(key));
    let undeclared: Vec<&String> =
        payload.keys().filter(|key| !is_declared(key)).take(MAX_SHOWN + 1).collect();
    let lacking =
        || declared(screen).map(|(name, _)| name).filter(|name| !payload.contains_key(*name));
    let missing: Vec<&String> = lacking().take(MAX_SHOWN + 1).collect();
    match (undeclared.as_slice(), missing.as_slice()) {
        ([_], [_]) => true,
        (undeclared, missing) if undeclared.len() <= MAX_SHOWN && missing.len() <= MAX_SHOWN => {
            missing.iter().all(|name| {
                undeclared.iter().any(|key| meant(key, [name.as_str()].into_iter()).is_some())
            })
        }
        _ => false,
    }
}

/// Names the first of the properties that a screen declares and a payload lacks. Runs only when
/// formatted, because it reads the whole declaration.
fn lacking(screen: &ScreenOutline<'_>, payload: &Map<String, Value>) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let mut names =
            declared(screen).map(|(name, _)| name).filter(|name| !payload.contains_key(*name));
        for (number, name) in names.by_ref().take(MAX_SHOWN).enumerate() {
            write!(f, "{}{}", if number == 0 { "" } else { ", " }, quoted(name))?;
        }
        match names.count() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    })
}

/// An upper bound for the files that a payload carries.
#[derive(Default)]
struct Media {
    files: u64,
    kilobytes: u64,
}

impl Media {
    fn check(&self, found: &mut Collector, kind: ActionKind, level: Level, at: &Place<'_>) {
        if kind != ActionKind::Complete {
            return;
        }
        if self.files > MAX_FILES {
            let problem = format_args!(
                "carries up to {} files, and a message at most {MAX_FILES}: lower `max-uploaded-photos` or `max-uploaded-documents`, \
                 which are 30 where they aren't said",
                self.files
            );
            found.add(level, at, Some(INVALID_ON_CLICK_ACTION_PAYLOAD), problem);
        } else if self.kilobytes > MAX_KILOBYTES {
            let problem = format_args!(
                "carries files of up to {} KB, and a message at most {MAX_KILOBYTES}: lower `max-file-size-kb`, which is 25600 where it \
                 isn't said",
                self.kilobytes
            );
            found.add(level, at, Some(INVALID_ON_CLICK_ACTION_PAYLOAD), problem);
        }
    }
}

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

const MAX_SHOWN: usize = 5;

/// The limit of a picker that states none.
const MOST_FILES: u64 = 30;

/// The limits of a message.
const MAX_FILES: u64 = 10;
const MAX_KILOBYTES: u64 = 100 << 10;
