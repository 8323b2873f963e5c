//! Checks values against what the table allows.

use serde_json::Value;

use super::bound::Wanted;
use super::table::{Blank, Takes};
use super::{Checker, Scope};
use crate::document::Reference;
use crate::names::{
    INVALID_ENUM_VALUE, INVALID_PROPERTY_TYPE, MAX_ITEMS_REQUIRED, MAXIMUM_VALUE_REQUIRED,
    MIN_CHARS_REQUIRED, MIN_ITEMS_REQUIRED, MINIMUM_VALUE_REQUIRED, PATTERN_MISMATCH,
};
use crate::place::{Place, quoted};
use crate::schema::described;
use crate::version::Version;

impl<'a> Checker<'_, 'a> {
    /// Checks a value against what its member accepts.
    pub(super) fn value(
        &mut self,
        value: &'a Value,
        takes: Takes,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        match takes {
            Takes::Text(blank) => self.text(value, blank, scope, at),
            Takes::Name => self.name(value, at),
            Takes::Texts => self.texts(value, scope, at),
            Takes::Flag => self.flag(value, scope, at),
            Takes::FixedFlag => {
                self.fixed(value, value.is_boolean(), "true or false, written down", at)
            }
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
            Takes::Object => self.object(value, scope, at),
            Takes::FieldTexts => self.field_texts(value, scope, at),
            Takes::Messages => self.messages(value, scope, at),
            Takes::Pattern => self.text(value, Blank::Since6, scope, at),
            Takes::Click(actions) => self.click(value, actions, scope, at),
            Takes::Select(actions) => self.select(value, actions, scope, at),
            Takes::Condition => self.condition(value, scope, at),
            Takes::Bound => {
                if !self.is_bound(value, Wanted::Types(&["string"]), scope, at) {
                    let problem = format_args!(
                        "is no reference; a Switch looks at one, as ${{form.name}} or ${{data.name}}"
                    );
                    self.wrong(at, PATTERN_MISMATCH, problem);
                }
            }
            // The walk through the components checks these.
            Takes::Components(_) | Takes::Cases => (),
        }
    }

    pub(super) fn object(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        if !self.is_bound(value, Wanted::Types(&["object"]), scope.unseen(), at) {
            self.fixed(
                value,
                value.is_object(),
                "an object, or a reference to one as ${data.name}",
                at,
            );
        }
    }

    /// Reports a literal of the wrong type.
    pub(super) fn fixed(&mut self, value: &Value, fits: bool, expected: &str, at: &Place<'_>) {
        if !fits {
            self.wrong(
                at,
                INVALID_PROPERTY_TYPE,
                format_args!("is {}; it must be {expected}", described(value)),
            );
        }
    }

    pub(super) fn text(
        &mut self,
        value: &'a Value,
        blank: Blank,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
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

    pub(super) fn blank(&mut self, text: &str, blank: Blank, at: &Place<'_>) {
        let before_6 = self.version < Version(6, 0);
        match blank {
            Blank::Since6 if before_6 => (),
            Blank::Empty if before_6 && !text.is_empty() => (),
            Blank::Empty if text.is_empty() => {
                self.wrong(at, MIN_CHARS_REQUIRED, format_args!("is empty; write a text"))
            }
            _ => self.wrong(
                at,
                PATTERN_MISMATCH,
                format_args!("is blank; write a text, or leave it out if it is optional"),
            ),
        }
    }

    /// Reports a text that only looks as if it contained a reference.
    pub(super) fn plain_text(&mut self, text: &str, at: &Place<'_>) {
        if ["${data", "${form", "${screen."].iter().any(|begin| text.contains(begin)) {
            let problem = format_args!(
                "a reference counts only where it is the whole text; with more beside it, write an expression in backticks, as \
                 `'Hello ' ${{data.name}}` (from version 6.0 on)"
            );
            self.doubtful(at, problem);
        } else if text.starts_with("${") && text.ends_with('}') {
            let problem = format_args!(
                "is no reference; one is written ${{data.name}}, ${{form.name}} or ${{screen.ID.data.name}}"
            );
            self.doubtful(at, problem);
        }
    }

    fn name(&mut self, value: &Value, at: &Place<'_>) {
        let Some(name) = value.as_str() else {
            self.fixed(value, false, "a text", at);
            return;
        };
        let bound = Reference::of(name).is_some()
            || (name.len() > 1 && name.starts_with('`') && name.ends_with('`'));
        if name.trim().is_empty() {
            self.wrong(
                at,
                PATTERN_MISMATCH,
                format_args!("is blank; a field needs a name, which ${{form.name}} refers to"),
            );
        } else if bound && self.version >= Version(6, 0) {
            self.wrong(
                at,
                PATTERN_MISMATCH,
                format_args!("a name is written down, it is no reference and no expression"),
            );
        }
    }

    fn texts(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let Value::Array(texts) = value else {
            if value.is_string()
                && self.is_bound(value, Wanted::Types(&["string", "array"]), scope, at)
            {
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
                Some("") => {
                    self.wrong(&at, PATTERN_MISMATCH, format_args!("is empty; write a text"))
                }
                Some(text) if Reference::of(text).is_some() => {
                    let problem = format_args!(
                        "a text of a list can't be a reference; refer to the whole list, or write the text down"
                    );
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
                self.wrong(
                    at,
                    PATTERN_MISMATCH,
                    format_args!("is a text; write {text} without quotation marks"),
                );
            }
            Some(_) => {
                let problem = format_args!(
                    "is a text; it must be true, false, or a reference to one of them as ${{data.name}}"
                );
                self.wrong(at, PATTERN_MISMATCH, problem);
            }
            None => self.fixed(
                value,
                false,
                "true, false, or a reference to one of them as ${data.name}",
                at,
            ),
        }
    }

    fn number(&mut self, value: &'a Value, least: f64, scope: Scope<'_, 'a>, at: &Place<'_>) {
        match value.as_f64() {
            Some(number) if number < least => {
                self.wrong(
                    at,
                    MINIMUM_VALUE_REQUIRED,
                    format_args!("is {number}; the least is {least}"),
                );
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
            let problem = format_args!(
                "is {}; it must be {expected}, or a reference to one as ${{data.name}}",
                described(value)
            );
            let name = if value.is_string() { PATTERN_MISMATCH } else { INVALID_PROPERTY_TYPE };
            self.wrong(at, name, problem);
        }
    }

    fn count(&mut self, value: &Value, least: i64, most: i64, at: &Place<'_>) {
        match value.as_f64().filter(|number| number.fract() == 0.0) {
            None => self.fixed(value, false, "a whole number, written down", at),
            Some(number) if number < least as f64 => {
                self.wrong(
                    at,
                    MINIMUM_VALUE_REQUIRED,
                    format_args!("is {number}; the least is {least}"),
                );
            }
            Some(number) if number > most as f64 => {
                self.wrong(
                    at,
                    MAXIMUM_VALUE_REQUIRED,
                    format_args!("is {number}; the most is {most}"),
                );
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

    fn list(
        &mut self,
        value: &'a Value,
        choices: Option<&'static [&'static str]>,
        scope: Scope<'_, 'a>,
        at: &Place<'_>,
    ) {
        if value.is_array() {
            self.elements(value, choices, at);
        } else if !self.is_bound(value, Wanted::Texts, scope, at) {
            self.fixed(value, false, "a list of texts, or a reference to one as ${data.name}", at);
        }
    }

    fn elements(
        &mut self,
        value: &Value,
        choices: Option<&'static [&'static str]>,
        at: &Place<'_>,
    ) {
        let Value::Array(elements) = value else {
            self.fixed(value, false, "a list, written down", at);
            return;
        };
        if elements.is_empty() && choices.is_some() {
            self.wrong(
                at,
                MIN_ITEMS_REQUIRED,
                format_args!("is empty; name one at least, or leave the key out"),
            );
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
            count if count > most => self.wrong(
                at,
                MAX_ITEMS_REQUIRED,
                format_args!("has {count} elements; the most is {most}"),
            ),
            _ => (),
        }
    }

    fn colour(&mut self, value: &Value, at: &Place<'_>) {
        let hexadecimal =
            |digits: &str| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match value.as_str() {
            None => self.fixed(value, false, "a text", at),
            Some(text) if text.strip_prefix('#').is_some_and(hexadecimal) => (),
            Some(_) => {
                self.wrong(
                    at,
                    PATTERN_MISMATCH,
                    format_args!("is no colour; write # and six hexadecimal digits, as #1DA851"),
                );
            }
        }
    }

    fn image(&mut self, value: &'a Value, scope: Scope<'_, 'a>, at: &Place<'_>) {
        let Some(text) = value.as_str() else {
            self.fixed(
                value,
                false,
                "an image in base64, or a reference to one as ${data.name}",
                at,
            );
            return;
        };
        if !self.is_bound(value, Wanted::Types(&["string"]), scope, at)
            && (text.starts_with("http:") || text.starts_with("https:"))
        {
            self.doubtful(at, format_args!("is an address; an image is written down in base64, phones load none from elsewhere"));
        }
    }
}
