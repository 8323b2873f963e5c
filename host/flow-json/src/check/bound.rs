//! Checks bound values: references and expressions in the place of a literal.

use std::fmt;

use serde_json::{Map, Value};

use super::expression::{self, Fault, Type};
use super::reference::{Dangling, Target, known_type, looks_like_one};
use super::table::{Key, Takes};
use super::{Checker, Scope};
use crate::document::{Reference, Template};
use crate::finding::{Cause, Level};
use crate::names::{INVALID_PROPERTY_VALUE, INVALID_SCREEN_DYNAMIC_DATA};
use crate::place::{Place, quoted};
use crate::version::Version;

/// What a member must be bound to.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// A value of one of these types.
    Types(&'static [&'static str]),
    /// A list of strings.
    Texts,
    /// A list of objects with these members.
    Records(&'static [Key]),
}

impl<'a> Checker<'_, 'a> {
    /// Whether a value is bound, that is, a reference or an expression in backticks. Reports what
    /// is wrong with it.
    pub(super) fn is_bound(
        &mut self,
        value: &'a Value,
        wanted: Wanted,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) -> bool {
        let Some(text) = value.as_str() else { return false };
        if let Some(reference) = Reference::of(text) {
            match reference.resolve(scope.screen, self.outline) {
                Ok(target) => self.fits(target, wanted, scope, at),
                Err(dangling) => self.dangling(
                    &dangling,
                    INVALID_SCREEN_DYNAMIC_DATA,
                    scope.references,
                    scope,
                    at,
                ),
            }
            return true;
        }
        if looks_like_one(text) {
            self.dangling(
                &Dangling::Mixed,
                INVALID_SCREEN_DYNAMIC_DATA,
                scope.references,
                scope,
                at,
            );
            return true;
        }
        let Some(inside) = backticked(text).filter(|_| self.version >= Version(6, 0)) else {
            return false;
        };
        let types: &[&str] = if let Wanted::Types(types) = wanted { types } else { &["array"] };
        if let Some(gives) = self.expression(inside, INVALID_PROPERTY_VALUE, scope, at)
            && let Some(name) = gives.name().filter(|name| !types.contains(name))
        {
            let problem =
                format_args!("the expression gives a {name}; {} is due", types.join(" or "));
            self.found.add(scope.expressions, at, Some(INVALID_PROPERTY_VALUE), problem);
        }
        true
    }

    /// Reports a reference without a target.
    pub(super) fn dangling(
        &mut self,
        dangling: &Dangling<'_>,
        name: &'static str,
        level: Level,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        if let Dangling::NoScreen(id) = *dangling {
            return self.no_screen(id, name, level, at);
        }
        let found = &mut *self.found;
        let mut say = |cause: Option<Cause<'_>>, problem: fmt::Arguments<'_>| match cause {
            Some(cause) => found.add_once(cause, level, at, Some(name), problem),
            None => found.add(level, at, Some(name), problem),
        };
        let own = quoted(scope.screen.id);
        match *dangling {
            Dangling::NoScreen(_) => (),
            Dangling::OwnScreen(id) => say(
                None,
                format_args!(
                    "refers to its own screen {}: leave `screen.{}.` out",
                    quoted(id),
                    id.escape_debug()
                ),
            ),
            Dangling::NoProperty(screen, path) => say(
                Some(Cause::NoProperty(screen, path)),
                format_args!(
                    "there is no {} in the `data` that is referred to: declare it there with a `type` and an `__example__` (this is screen {own})",
                    quoted(path)
                ),
            ),
            Dangling::NoData(screen, path) => say(
                Some(Cause::NoData(screen)),
                format_args!(
                    "there is no {} in the `data` that is referred to: declare it there with a `type` and an `__example__` (this is screen {own})",
                    quoted(path)
                ),
            ),
            Dangling::NoField(screen, name) => say(
                Some(Cause::NoField(screen, name)),
                format_args!(
                    "no field is called {} on the screen that is referred to (this is screen {own})",
                    quoted(name)
                ),
            ),
            Dangling::InList => {
                say(None, format_args!("refers to something inside of a list, which can't be"))
            }
            Dangling::NoValue => say(None, format_args!("refers to a component that has no value")),
            Dangling::Mixed => say(
                None,
                format_args!(
                    "has more in it than one reference, so it is an expression: from version 6.0 on it stands in backticks, with the braces \
                     around the names alone, as `${{data.name}} != ''`"
                ),
            ),
        }
    }

    /// Checks that the target of a reference has the wanted type.
    fn fits(&mut self, target: Target<'_>, wanted: Wanted, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let level = scope.references;
        let Some(is) = target.type_name() else { return };
        let types: &[&str] = if let Wanted::Types(types) = wanted { types } else { &["array"] };
        if !types.contains(&is) {
            let problem = format_args!(
                "what is referred to is of the type {}; {} is due",
                quoted(is),
                types.join(" or ")
            );
            match target {
                Target::Data(schema) => {
                    self.misdeclared(schema, types.first().unwrap_or(&""), level, at, problem)
                }
                _ => self.found.add(level, at, Some(INVALID_SCREEN_DYNAMIC_DATA), problem),
            }
            return;
        }
        let due = match wanted {
            // An integer is a number, but WhatsApp compares the type names.
            Wanted::Types(&[due @ ("number" | "integer"), _]) if is != due => {
                let problem = format_args!(
                    "what is referred to is of the type {}; WhatsApp may ask for {due}",
                    quoted(is)
                );
                self.found.note(at, Some(INVALID_SCREEN_DYNAMIC_DATA), problem);
                return;
            }
            Wanted::Types(_) => return,
            Wanted::Texts => "string",
            Wanted::Records(_) => "object",
        };
        if let Some(is) = target.element_type().filter(|is| *is != due) {
            let problem = format_args!(
                "what is referred to is a list of the type {}; a list of {due}s is due",
                quoted(is)
            );
            self.found.add(level, at, Some(INVALID_SCREEN_DYNAMIC_DATA), problem);
        } else if let (Wanted::Records(keys), Target::Data(schema)) = (wanted, target) {
            self.entries_fit(schema, keys, level, at);
        }
    }

    /// Reports a declaration that lacks something that is needed, once however many need it.
    fn misdeclared(
        &mut self,
        schema: &Map<String, Value>,
        what: &str,
        level: Level,
        at: &Place<'_>,
        problem: fmt::Arguments<'_>,
    ) {
        let cause = Cause::Declaration(std::ptr::from_ref(schema).addr(), what);
        self.found.add_once(cause, level, at, Some(INVALID_SCREEN_DYNAMIC_DATA), problem);
    }

    /// Checks that the entries of a declared list have what a component needs.
    fn entries_fit(
        &mut self,
        schema: &Map<String, Value>,
        keys: &'static [Key],
        level: Level,
        at: &Place<'_>,
    ) {
        let Some(items) = schema.get("items").and_then(Value::as_object) else { return };
        let properties = items.get("properties");
        // What they are is reported if they are no object.
        if properties.is_some_and(|properties| !properties.is_object()) {
            return;
        }
        let declared = properties.and_then(Value::as_object);
        for key in keys {
            let property = declared.and_then(|declared| declared.get(key.name));
            let is = property.and_then(Value::as_object).and_then(known_type);
            match (property, is) {
                (None, _) if key.due => {
                    let problem = format_args!(
                        "the entries of the list that is referred to declare no `{0}`: add `{0}` to the `properties` of its `items`",
                        key.name
                    );
                    self.misdeclared(items, key.name, level, at, problem);
                    if declared.is_none() {
                        return;
                    }
                }
                (Some(_), Some(is))
                    if !key.takes.types().is_empty() && !key.takes.types().contains(&is) =>
                {
                    let problem = format_args!(
                        "`{}` of the entries that are referred to is of the type {}; {} is due",
                        key.name,
                        quoted(is),
                        key.takes.types().join(" or ")
                    );
                    self.misdeclared(items, key.name, level, at, problem);
                }
                _ => (),
            }
        }
    }

    /// Checks an expression and returns its type, or `None` if it is wrong, which is reported.
    pub(super) fn expression(
        &mut self,
        text: &'a str,
        name: &'static str,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) -> Option<Type> {
        self.reading(text, name, scope, at).map(|reading| reading.gives)
    }

    /// Like [`Self::expression`], but returns everything known about it.
    pub(super) fn reading(
        &mut self,
        text: &'a str,
        name: &'static str,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) -> Option<expression::Reading> {
        let mut resolve = |reference: Reference<'a>| match reference
            .resolve_anywhere(scope.screen, self.outline)
        {
            Ok(target) => Some(Type::named(target.type_name())),
            Err(dangling) => {
                self.dangling(&dangling, name, scope.expressions, scope, at);
                None
            }
        };
        let problem = match expression::read(text, &mut resolve) {
            Ok(reading) => {
                if let Some(doubt) = reading.doubt {
                    self.found.note(at, Some(name), format_args!("the expression {doubt}"));
                }
                return Some(reading);
            }
            Err(Fault::Dangling) => return None,
            Err(Fault::Syntax(problem)) => format!("the expression {problem}"),
            Err(Fault::Types(operator, due)) => {
                format!("`{operator}` in the expression needs {due}")
            }
        };
        self.found.add(scope.expressions, at, Some(name), format_args!("{problem}"));
        None
    }
}

/// The text between backticks, if they enclose all of it.
pub(super) fn backticked(text: &str) -> Option<&str> {
    if let Template::Expression(inside) = Template::of(text) { Some(inside) } else { None }
}

impl Takes {
    /// The types that a bound value may have here; empty if the type is not checked.
    fn types(self) -> &'static [&'static str] {
        match self {
            Self::Text(_)
            | Self::Name
            | Self::Colour
            | Self::Image
            | Self::Pattern
            | Self::OneOf(_)
            | Self::OneOfOrBound(_) => &["string"],
            Self::Flag => &["boolean", "string"],
            Self::FixedFlag => &["boolean"],
            Self::Record(_) | Self::Click(_) | Self::Select(_) => &["object"],
            Self::ShortList(_) => &["array"],
            _ => &[],
        }
    }
}

impl Type {
    /// Maps JSON Schema's name to a type of expressions.
    pub(super) fn named(name: Option<&str>) -> Self {
        match name {
            Some("string") => Self::Text,
            Some("number") => Self::Number,
            Some("integer") => Self::Integer,
            Some("boolean") => Self::Flag,
            _ => Self::Unknown,
        }
    }

    /// JSON Schema's name, if the type is known.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("string"),
            Self::Number => Some("number"),
            Self::Integer => Some("integer"),
            Self::Flag => Some("boolean"),
            Self::Unknown => None,
        }
    }
}
