//! Members and their values, by the table.

use std::fmt;

use serde_json::{Map, Value};

use super::expression::{self, Fault, Type};
use super::meant::meant;
use super::reference::{Dangling, Reference, Target, looks_like_one};
use super::table::{Blank, Key, Takes};
use super::{Checker, Scope};
use crate::finding::Level;
use crate::names::{
    INVALID_ENUM_VALUE, INVALID_PROPERTY_KEY, INVALID_PROPERTY_TYPE, INVALID_PROPERTY_VALUE, INVALID_SCREEN_DYNAMIC_DATA,
    MAX_ITEMS_REQUIRED, MAXIMUM_VALUE_REQUIRED, MIN_CHARS_REQUIRED, MIN_ITEMS_REQUIRED, MINIMUM_VALUE_REQUIRED,
    MISSING_REQUIRED_PROPERTY, PATTERN_MISMATCH,
};
use crate::place::{Place, quoted};
use crate::schema::described;
use crate::version::Version;

/// What a member has to be bound to.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// One of these types.
    Types(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list of objects that have these members.
    Records(&'static [Key]),
}

impl<'a> Checker<'_, 'a> {
    /// The members of an object that may have these keys and no others, but for one that has been `read`. `what` is how the object is
    /// called. Components in it are left to the caller.
    pub(super) fn members(
        &mut self,
        members: &'a Map<String, Value>,
        keys: &'static [Key],
        read: &str,
        what: fmt::Arguments<'_>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        for (name, value) in members.iter().filter(|(name, _)| *name != read) {
            let place = at.key(name);
            let Some(key) = keys.iter().find(|key| key.name == name) else {
                self.unknown_key(name, keys, what, &place);
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
        }
        for key in keys.iter().filter(|key| key.due && !members.contains_key(key.name)) {
            self.wrong(at, MISSING_REQUIRED_PROPERTY, format_args!("{what} lacks `{}`", key.name));
        }
    }

    /// A key that is in no table.
    pub(super) fn unknown_key(&mut self, name: &str, keys: &'static [Key], what: fmt::Arguments<'_>, at: &Place<'_>) {
        // A later version may have it.
        let level = if self.version.is_later() { Level::Note } else { self.level };
        let advice = fmt::from_fn(|f| match meant(name, keys.iter().map(|key| key.name)) {
            Some(meant) => write!(f, "write `{meant}`"),
            None => f.write_str("take it out"),
        });
        self.found.add(level, at, Some(INVALID_PROPERTY_KEY), format_args!("{what} has no {}; {advice}", quoted(name)));
    }

    /// Something that a version before `since` doesn't know.
    pub(super) fn check_age(&mut self, what: &str, since: Version, at: &Place<'_>) {
        if self.version < since {
            let version = self.version;
            let problem = format_args!("`{what}` is there from version {since} on; this document is of version {version}");
            self.wrong(at, INVALID_PROPERTY_KEY, problem);
        }
    }

    /// A value, by what it may be.
    pub(super) fn value(&mut self, value: &'a Value, takes: Takes, scope: Scope<'_, 'a>, at: &Place<'_>) {
        match takes {
            Takes::Text(blank) => self.text(value, blank, scope, at),
            Takes::Name => self.name(value, at),
            Takes::Texts => self.texts(value, scope, at),
            Takes::Flag => self.flag(value, scope, at),
            Takes::FixedFlag => self.fixed(value, value.is_boolean(), "true or false, written down", at),
            Takes::Number(least) => self.number(value, least, scope, at),
            Takes::Integer => self.integer(value, scope, at),
            Takes::Count(least, most) => self.count(value, least, most, at),
            Takes::OneOf(choices) => self.one_of(value, choices, at),
            Takes::OneOfOrBound(choices) => {
                if !self.is_bound(value, Wanted::Types(&["string"]), scope, at) {
                    self.one_of(value, choices, at);
                }
            }
            Takes::List => self.list(value, None, scope, at),
            Takes::ListOf(choices) => self.list(value, Some(choices), scope, at),
            Takes::FixedListOf(choices) => self.elements(value, Some(choices), at),
            Takes::ShortList(most) => self.short_list(value, most, at),
            Takes::Colour => self.colour(value, at),
            Takes::Image => self.image(value, scope, at),
            Takes::Record(keys) => self.record(value, keys, scope, at),
            Takes::Records(keys) => self.records(value, keys, scope, at),
            Takes::Ends(takes) => self.ends(value, *takes, scope, at),
            Takes::Object => {
                if !self.is_bound(value, Wanted::Types(&["object"]), scope.unseen(), at) {
                    self.fixed(value, value.is_object(), "an object, or a reference to one as ${data.name}", at);
                }
            }
            Takes::Messages => self.messages(value, scope, at),
            Takes::Pattern => self.text(value, Blank::Since6, scope, at),
            Takes::Click(actions) => self.click(value, actions, scope, at),
            Takes::Select(actions) => self.select(value, actions, scope, at),
            Takes::Condition => self.condition(value, scope, at),
            Takes::Bound => {
                if !self.is_bound(value, Wanted::Types(&["string"]), scope, at) {
                    let problem = format_args!("is no reference; a Switch looks at one, as ${{form.name}} or ${{data.name}}");
                    self.wrong(at, PATTERN_MISMATCH, problem);
                }
            }
            // Who walks through the components takes these.
            Takes::Components(_) | Takes::Cases => (),
        }
    }

    /// What is written down and has to be of a kind.
    fn fixed(&mut self, value: &Value, fits: bool, expected: &str, at: &Place<'_>) {
        if !fits {
            self.wrong(at, INVALID_PROPERTY_TYPE, format_args!("is {}; it must be {expected}", described(value)));
        }
    }

    fn text(&mut self, value: &'a Value, blank: Blank, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let Some(text) = value.as_str() else {
            self.fixed(value, false, "a text", at);
            return;
        };
        if text.trim().is_empty() {
            self.blank(text, blank, at);
        } else if !self.is_bound(value, Wanted::Types(&["string"]), scope, at) {
            self.plain_text(text, at);
        }
    }

    fn blank(&mut self, text: &str, blank: Blank, at: &Place<'_>) {
        let before_6 = self.version < Version(6, 0);
        match blank {
            Blank::Since6 if before_6 => (),
            Blank::Empty if before_6 && !text.is_empty() => (),
            Blank::Empty if text.is_empty() => self.wrong(at, MIN_CHARS_REQUIRED, format_args!("is empty; write a text")),
            _ => self.wrong(at, PATTERN_MISMATCH, format_args!("is blank; write a text, or leave it out if it is optional")),
        }
    }

    /// A text that is none as a whole, but looks like one.
    fn plain_text(&mut self, text: &str, at: &Place<'_>) {
        if ["${data", "${form", "${screen."].iter().any(|begin| text.contains(begin)) {
            let problem = format_args!(
                "a reference counts only where it is the whole text; with more beside it, write an expression in backticks, as \
                 `'Hello ' ${{data.name}}` (from version 6.0 on)"
            );
            self.doubtful(at, problem);
        } else if text.starts_with("${") && text.ends_with('}') {
            let problem =
                format_args!("is no reference; one is written ${{data.name}}, ${{form.name}} or ${{screen.ID.data.name}}");
            self.doubtful(at, problem);
        }
    }

    fn name(&mut self, value: &Value, at: &Place<'_>) {
        let Some(name) = value.as_str() else {
            self.fixed(value, false, "a text", at);
            return;
        };
        let bound = Reference::of(name).is_some() || (name.len() > 1 && name.starts_with('`') && name.ends_with('`'));
        if name.trim().is_empty() {
            self.wrong(at, PATTERN_MISMATCH, format_args!("is blank; a field needs a name, which ${{form.name}} refers to"));
        } else if bound && self.version >= Version(6, 0) {
            self.wrong(at, PATTERN_MISMATCH, format_args!("a name is written down, it is no reference and no expression"));
        }
    }

    fn texts(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let Value::Array(texts) = value else {
            if value.is_string() && self.is_bound(value, Wanted::Types(&["string", "array"]), scope, at) {
                return;
            }
            match value.as_str() {
                Some(text) if text.trim().is_empty() => self.blank(text, Blank::Always, at),
                Some(text) => self.plain_text(text, at),
                None => self.fixed(value, false, "a text or a list of texts", at),
            }
            return;
        };
        for (number, text) in texts.iter().enumerate() {
            let at = at.item(number);
            match text.as_str() {
                None => self.fixed(text, false, "a text", &at),
                Some("") => self.wrong(&at, PATTERN_MISMATCH, format_args!("is empty; write a text")),
                Some(text) if Reference::of(text).is_some() => {
                    let problem =
                        format_args!("a text of a list can't be a reference; refer to the whole list, or write the text down");
                    self.wrong(&at, crate::names::INVALID_TEXT_DYNAMIC_DATA, problem);
                }
                Some(_) => (),
            }
        }
    }

    fn flag(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        if value.is_boolean() || self.is_bound(value, Wanted::Types(&["boolean"]), scope, at) {
            return;
        }
        match value.as_str() {
            Some(text @ ("true" | "false")) => {
                self.wrong(at, PATTERN_MISMATCH, format_args!("is a text; write {text} without quotation marks"));
            }
            Some(_) => {
                let problem = format_args!("is a text; it must be true, false, or a reference to one of them as ${{data.name}}");
                self.wrong(at, PATTERN_MISMATCH, problem);
            }
            None => self.fixed(value, false, "true, false, or a reference to one of them as ${data.name}", at),
        }
    }

    fn number(&mut self, value: &'a Value, least: f64, scope: Scope<'_, 'a>, at: &Place<'_>) {
        match value.as_f64() {
            Some(number) if number < least => {
                self.wrong(at, MINIMUM_VALUE_REQUIRED, format_args!("is {number}; the least is {least}"));
            }
            Some(_) => (),
            None => self.bound_number(value, "a number", &["number", "integer"], scope, at),
        }
    }

    fn integer(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        match value.as_f64() {
            Some(number) => self.fixed(value, number.fract() == 0.0, "a whole number", at),
            None => self.bound_number(value, "a whole number", &["integer", "number"], scope, at),
        }
    }

    fn bound_number(
        &mut self,
        value: &'a Value,
        expected: &str,
        types: &'static [&'static str],
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        if !self.is_bound(value, Wanted::Types(types), scope, at) {
            let problem = format_args!("is {}; it must be {expected}, or a reference to one as ${{data.name}}", described(value));
            let name = if value.is_string() { PATTERN_MISMATCH } else { INVALID_PROPERTY_TYPE };
            self.wrong(at, name, problem);
        }
    }

    fn count(&mut self, value: &Value, least: i64, most: i64, at: &Place<'_>) {
        match value.as_f64().filter(|number| number.fract() == 0.0) {
            None => self.fixed(value, false, "a whole number, written down", at),
            Some(number) if number < least as f64 => {
                self.wrong(at, MINIMUM_VALUE_REQUIRED, format_args!("is {number}; the least is {least}"));
            }
            Some(number) if number > most as f64 => {
                self.wrong(at, MAXIMUM_VALUE_REQUIRED, format_args!("is {number}; the most is {most}"));
            }
            Some(_) => (),
        }
    }

    fn one_of(&mut self, value: &Value, choices: &'static [&'static str], at: &Place<'_>) {
        match value.as_str() {
            None => self.fixed(value, false, "a text", at),
            Some(text) if choices.contains(&text) => (),
            Some(text) => {
                let problem = format_args!("{} is none of {}", quoted(text), choices.join(", "));
                self.wrong(at, INVALID_ENUM_VALUE, problem);
            }
        }
    }

    fn list(&mut self, value: &'a Value, choices: Option<&'static [&'static str]>, scope: Scope<'_, 'a>, at: &Place<'_>) {
        if value.is_array() {
            self.elements(value, choices, at);
        } else if !self.is_bound(value, Wanted::Texts, scope, at) {
            self.fixed(value, false, "a list of texts, or a reference to one as ${data.name}", at);
        }
    }

    fn elements(&mut self, value: &Value, choices: Option<&'static [&'static str]>, at: &Place<'_>) {
        let Value::Array(elements) = value else {
            self.fixed(value, false, "a list, written down", at);
            return;
        };
        if elements.is_empty() && choices.is_some() {
            self.wrong(at, MIN_ITEMS_REQUIRED, format_args!("is empty; name one at least, or leave the key out"));
        }
        for (number, element) in elements.iter().enumerate() {
            let at = at.item(number);
            match choices {
                Some(choices) => self.one_of(element, choices, &at),
                None => self.fixed(element, element.is_string(), "a text", &at),
            }
        }
    }

    fn short_list(&mut self, value: &Value, most: usize, at: &Place<'_>) {
        self.elements(value, None, at);
        match value.as_array().map_or(1, Vec::len) {
            0 => self.wrong(at, MIN_ITEMS_REQUIRED, format_args!("is empty; leave the key out")),
            count if count > most => self.wrong(at, MAX_ITEMS_REQUIRED, format_args!("has {count} elements; the most is {most}")),
            _ => (),
        }
    }

    fn colour(&mut self, value: &Value, at: &Place<'_>) {
        let hexadecimal = |digits: &str| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match value.as_str() {
            None => self.fixed(value, false, "a text", at),
            Some(text) if text.strip_prefix('#').is_some_and(hexadecimal) => (),
            Some(_) => {
                self.wrong(at, PATTERN_MISMATCH, format_args!("is no colour; write # and six hexadecimal digits, as #1DA851"));
            }
        }
    }

    fn image(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let Some(text) = value.as_str() else {
            self.fixed(value, false, "an image in base64, or a reference to one as ${data.name}", at);
            return;
        };
        if !self.is_bound(value, Wanted::Types(&["string"]), scope, at) && (text.starts_with("http:") || text.starts_with("https:"))
        {
            self.doubtful(at, format_args!("is an address; an image is written down in base64, phones load none from elsewhere"));
        }
    }

    fn record(&mut self, value: &'a Value, keys: &'static [Key], scope: Scope<'_, 'a>, at: &Place<'_>) {
        match value {
            Value::Object(members) => self.members(members, keys, "", format_args!("it"), scope, at),
            other => self.fixed(other, false, "an object", at),
        }
    }

    fn records(&mut self, value: &'a Value, keys: &'static [Key], scope: Scope<'_, 'a>, at: &Place<'_>) {
        let Value::Array(records) = value else {
            if !self.is_bound(value, Wanted::Records(keys), scope, at) {
                self.fixed(value, false, "a list of objects, or a reference to one as ${data.name}", at);
            }
            return;
        };
        if records.is_empty() {
            self.wrong(at, MIN_ITEMS_REQUIRED, format_args!("is empty; it needs an entry at least"));
        }
        // WhatsApp doesn't follow the references in there, so they may be meant as texts.
        let leads = keys.iter().any(|key| matches!(key.takes, Takes::Click(_)));
        let actions = if leads { Level::Note } else { scope.actions };
        let scope = Scope { in_form: false, actions, ..scope.unseen() };
        for (number, record) in records.iter().enumerate() {
            match record {
                Value::Object(members) => {
                    self.members(members, keys, "", format_args!("the entry"), scope, &at.item(number));
                }
                other => self.fixed(other, false, "an object", &at.item(number)),
            }
        }
    }

    fn ends(&mut self, value: &'a Value, takes: Takes, scope: Scope<'_, 'a>, at: &Place<'_>) {
        match (value, takes) {
            (Value::Object(members), _) => {
                for (name, value) in members.iter().filter(|(name, _)| ["start-date", "end-date"].contains(&name.as_str())) {
                    self.value(value, takes, scope, &at.key(name));
                }
            }
            (Value::String(text), Takes::Text(_)) if !text.trim().is_empty() => {
                if !self.is_bound(value, Wanted::Types(&["string", "object"]), scope, at) {
                    self.plain_text(text, at);
                }
            }
            (Value::String(_), Takes::Flag) if self.is_bound(value, Wanted::Types(&["boolean", "object"]), scope, at) => (),
            _ => self.value(value, takes, scope, at),
        }
    }

    fn messages(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        match value {
            Value::String(_) => drop(self.is_bound(value, Wanted::Types(&["string", "object"]), scope, at)),
            Value::Object(messages) if messages.is_empty() => {
                self.wrong(at, MIN_ITEMS_REQUIRED, format_args!("is empty; name a message, or leave the key out"));
            }
            Value::Object(messages) => {
                for (name, message) in messages {
                    self.text(message, Blank::Always, scope, &at.key(name));
                }
            }
            other => self.fixed(other, false, "a text, or an object of texts", at),
        }
    }

    /// Whether a value is bound: a reference, or an expression in backticks. What is wrong with it has been said then.
    pub(super) fn is_bound(&mut self, value: &'a Value, wanted: Wanted, scope: Scope<'_, 'a>, at: &Place<'_>) -> bool {
        let Some(text) = value.as_str() else { return false };
        if let Some(reference) = Reference::of(text) {
            match reference.resolve(scope.screen, self.outline) {
                Ok(target) => self.fits(target, wanted, scope, at),
                Err(dangling) => self.dangling(&dangling, INVALID_SCREEN_DYNAMIC_DATA, scope.references, scope, at),
            }
            return true;
        }
        if looks_like_one(text) {
            self.dangling(&Dangling::Mixed, INVALID_SCREEN_DYNAMIC_DATA, scope.references, scope, at);
            return true;
        }
        let Some(inside) = backticked(text).filter(|_| self.version >= Version(6, 0)) else { return false };
        let types: &[&str] = if let Wanted::Types(types) = wanted { types } else { &["array"] };
        if let Some(gives) = self.expression(inside, INVALID_PROPERTY_VALUE, scope, at)
            && let Some(name) = gives.name().filter(|name| !types.contains(name))
        {
            let problem = format_args!("the expression gives a {name}; {} is due", types.join(" or "));
            self.found.add(scope.expressions, at, Some(INVALID_PROPERTY_VALUE), problem);
        }
        true
    }

    /// A reference to nothing.
    pub(super) fn dangling(
        &mut self,
        dangling: &Dangling<'_>,
        name: &'static str,
        level: Level,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        let mut say = |problem: fmt::Arguments<'_>| self.found.add(level, at, Some(name), problem);
        let own = quoted(scope.screen.id);
        match dangling {
            Dangling::NoScreen(id) => say(format_args!("there is no screen {}", quoted(id))),
            Dangling::OwnScreen(id) => {
                say(format_args!("refers to its own screen {}: leave `screen.{}.` out", quoted(id), id.escape_debug()));
            }
            Dangling::NoData(path) => say(format_args!(
                "there is no {} in the `data` that is referred to: declare it there with a `type` and an `__example__` (this is screen {own})",
                quoted(path)
            )),
            Dangling::NoField(path) => {
                say(format_args!("no field is called {} on the screen that is referred to (this is screen {own})", quoted(path)));
            }
            Dangling::InList => say(format_args!("refers to something inside of a list, which can't be")),
            Dangling::NoValue => say(format_args!("refers to a component that has no value")),
            Dangling::Mixed => say(format_args!(
                "has more in it than one reference, so it is an expression: from version 6.0 on it stands in backticks, with the braces \
                 around the names alone, as `${{data.name}} != ''`"
            )),
        }
    }

    /// Whether what is referred to has the type that is wanted.
    fn fits(&mut self, target: Target<'_>, wanted: Wanted, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let level = scope.references;
        let Some(is) = target.type_name() else { return };
        let types: &[&str] = if let Wanted::Types(types) = wanted { types } else { &["array"] };
        if !types.contains(&is) {
            let problem = format_args!("what is referred to is of the type {}; {} is due", quoted(is), types.join(" or "));
            self.found.add(level, at, Some(INVALID_SCREEN_DYNAMIC_DATA), problem);
            return;
        }
        let due = match wanted {
            // An integer is a number; WhatsApp compares the words.
            Wanted::Types(&[due @ ("number" | "integer"), _]) if is != due => {
                let problem = format_args!("what is referred to is of the type {}; WhatsApp may ask for {due}", quoted(is));
                self.found.note(at, Some(INVALID_SCREEN_DYNAMIC_DATA), problem);
                return;
            }
            Wanted::Types(_) => return,
            Wanted::Texts => "string",
            Wanted::Records(_) => "object",
        };
        if let Some(is) = target.element_type().filter(|is| *is != due) {
            let problem = format_args!("what is referred to is a list of the type {}; a list of {due}s is due", quoted(is));
            self.found.add(level, at, Some(INVALID_SCREEN_DYNAMIC_DATA), problem);
        } else if let (Wanted::Records(keys), Target::Data(schema)) = (wanted, target) {
            self.entries_fit(schema, keys, level, at);
        }
    }

    /// Whether the entries of a list that is declared have what a component needs of them.
    fn entries_fit(&mut self, schema: &Map<String, Value>, keys: &'static [Key], level: Level, at: &Place<'_>) {
        let Some(items) = schema.get("items").and_then(Value::as_object) else { return };
        let declared = items.get("properties").and_then(Value::as_object);
        for key in keys {
            let property = declared.and_then(|declared| declared.get(key.name));
            let is = property.and_then(|property| property.get("type")).and_then(Value::as_str);
            match (property, is) {
                (None, _) if key.due => {
                    let problem = format_args!(
                        "the entries of the list that is referred to declare no `{0}`: add `{0}` to the `properties` of its `items`",
                        key.name
                    );
                    self.found.add(level, at, Some(INVALID_SCREEN_DYNAMIC_DATA), problem);
                }
                (Some(_), Some(is)) if !key.takes.types().is_empty() && !key.takes.types().contains(&is) => {
                    let problem = format_args!(
                        "`{}` of the entries that are referred to is of the type {}; {} is due",
                        key.name,
                        quoted(is),
                        key.takes.types().join(" or ")
                    );
                    self.found.add(level, at, Some(INVALID_SCREEN_DYNAMIC_DATA), problem);
                }
                _ => (),
            }
        }
    }

    /// Reads an expression; gives what it gives, unless something is wrong, which has been said then.
    pub(super) fn expression(&mut self, text: &'a str, name: &'static str, scope: Scope<'_, 'a>, at: &Place<'_>) -> Option<Type> {
        self.reading(text, name, scope, at).map(|reading| reading.gives)
    }

    /// The same, with more about it.
    pub(super) fn reading(
        &mut self,
        text: &'a str,
        name: &'static str,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) -> Option<expression::Reading> {
        let mut resolve = |reference: Reference<'a>| match reference.resolve_anywhere(scope.screen, self.outline) {
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
            Err(Fault::Types(operator, due)) => format!("`{operator}` in the expression needs {due}"),
        };
        self.found.add(scope.expressions, at, Some(name), format_args!("{problem}"));
        None
    }
}

/// What stands between backticks, if the whole text does.
pub(super) fn backticked(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.strip_suffix('`')
}

impl Takes {
    /// The types that something may have that is put there; none where that is not looked at.
    fn types(self) -> &'static [&'static str] {
        match self {
            Self::Text(_) | Self::Name | Self::Colour | Self::Image | Self::Pattern | Self::OneOf(_) | Self::OneOfOrBound(_) => {
                &["string"]
            }
            Self::Flag => &["boolean", "string"],
            Self::FixedFlag => &["boolean"],
            Self::Record(_) | Self::Click(_) | Self::Select(_) => &["object"],
            Self::ShortList(_) => &["array"],
            _ => &[],
        }
    }
}

impl Type {
    /// The type of that name, as far as expressions know it.
    pub(super) fn named(name: Option<&str>) -> Self {
        match name {
            Some("string") => Self::Text,
            Some("number") => Self::Number,
            Some("integer") => Self::Integer,
            Some("boolean") => Self::Flag,
            _ => Self::Unknown,
        }
    }

    /// What JSON Schema calls it, where it is known.
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
