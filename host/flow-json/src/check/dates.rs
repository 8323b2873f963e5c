//! Checks dates, which must be like `2026-11-28`.

use std::fmt;

use serde_json::{Map, Value};

use super::Checker;
use super::bound::backticked;
use crate::document::Reference;
use crate::finding::Cause;
use crate::kind::{CalendarMode, ComponentKind, RANGE_ENDS};
use crate::meant::is_misspelled;
use crate::names::{
    INVALID_DATE_RANGE, INVALID_DATE_SINGLE_INIT_VALUE_FORMAT, INVALID_MIN_MAX_DAYS,
    INVALID_PROPERTY_NAME_FOR_CONDITION, INVALID_TYPE, MISSING_CALENDAR_PICKER_RANGE_MODE_PROP,
    UNEXPECTED_CALENDAR_PICKER_RANGE_MODE_PROP,
};
use crate::place::{Place, quoted};
use crate::schema::described;

/// The days that a picker allows, as strings, which sort as the days do.
#[derive(Clone, Copy, Default)]
struct Range<'a> {
    least: Option<&'a str>,
    most: Option<&'a str>,
}

impl<'a> Checker<'_, 'a> {
    pub(super) fn check_date_picker(&mut self, members: &'a Map<String, Value>, at: &Place<'_>) {
        // Before 5.0 its dates were milliseconds.
        if self.version.is_retired() {
            return;
        }
        let range = self.check_range(members, at);
        if let Some(value) = members.get("init-value") {
            self.check_day(value, range, INVALID_DATE_RANGE, &at.key("init-value"));
        }
    }

    pub(super) fn check_calendar_picker(
        &mut self,
        members: &'a Map<String, Value>,
        at: &Place<'_>,
    ) {
        let range = self.check_range(members, at);
        let mode = members.get("mode");
        // WhatsApp reads a bound mode as single, so the real mode is unknown here.
        if mode.is_some_and(|mode| mode.as_str().is_none_or(|mode| Reference::of(mode).is_some())) {
            return;
        }
        // A mode that there is not is reported, and so is a misspelled key.
        let computed = mode.and_then(Value::as_str).and_then(backticked);
        let computed = computed.map(|_| CalendarMode::Single);
        let Some(mode) = CalendarMode::of(mode).or(computed) else { return };
        if self.misspells(members, ComponentKind::CalendarPicker, "mode") {
            return;
        }
        let is_range = mode == CalendarMode::Range;
        if is_range {
            self.check_days(members, at);
            for (name, due, both) in [
                ("label", "a text", true),
                ("helper-text", "a text", false),
                ("required", "true or false", false),
                ("init-value", "a date", false),
                ("error-message", "a text", false),
            ] {
                self.check_ends(members, name, due, both, at);
            }
        } else {
            for name in ["min-days", "max-days", "title", "description"]
                .into_iter()
                .filter(|name| members.contains_key(*name))
            {
                let problem = format_args!(
                    "`{name}` is for \"mode\": \"range\" only; take it out, or set the mode"
                );
                self.of_another_mode(
                    members,
                    &at.key(name),
                    INVALID_PROPERTY_NAME_FOR_CONDITION,
                    problem,
                );
            }
            for name in ["label", "helper-text", "required", "init-value", "error-message"] {
                if members.get(name).is_some_and(Value::is_object) {
                    let problem = format_args!(
                        "is an object with both ends, which is for \"mode\": \"range\" only"
                    );
                    self.of_another_mode(members, &at.key(name), INVALID_TYPE, problem);
                }
            }
        }
        match members.get("init-value") {
            Some(value @ Value::String(_)) if !is_range => {
                self.check_day(
                    value,
                    range,
                    INVALID_DATE_SINGLE_INIT_VALUE_FORMAT,
                    &at.key("init-value"),
                );
            }
            Some(Value::Object(ends)) if is_range => {
                self.check_initial_range(ends, range, &at.key("init-value"))
            }
            _ => (),
        }
    }

    /// Reports what is for another mode than the calendar's, once, because the mode may be what is
    /// wrong.
    fn of_another_mode(
        &mut self,
        members: &Map<String, Value>,
        at: &Place<'_>,
        name: &'static str,
        problem: fmt::Arguments<'_>,
    ) {
        let cause = Cause::Declaration(std::ptr::from_ref(members).addr(), "mode");
        self.found.add_once(cause, self.level, at, Some(name), problem);
    }

    /// Checks the first and the last day, and returns those that are valid.
    fn check_range(&mut self, members: &'a Map<String, Value>, at: &Place<'_>) -> Range<'a> {
        let mut day = |name: &'static str| {
            let text = members.get(name)?.as_str().filter(|text| !is_bound(text))?;
            if !is_day(text) {
                self.wrong(
                    &at.key(name),
                    INVALID_DATE_RANGE,
                    format_args!("{} is no date; write it as 2026-11-28", quoted(text)),
                );
                return None;
            }
            Some(text)
        };
        let range = Range { least: day("min-date"), most: day("max-date") };
        if let (Some(least), Some(most)) = (range.least, range.most)
            && least > most
        {
            self.wrong(
                &at.key("min-date"),
                INVALID_DATE_RANGE,
                format_args!("is {least}, after `max-date`, which is {most}"),
            );
        }
        let unavailable = members.get("unavailable-dates").and_then(Value::as_array);
        for (number, value) in unavailable.into_iter().flatten().enumerate() {
            self.check_day(
                value,
                range,
                INVALID_DATE_RANGE,
                &at.key("unavailable-dates").item(number),
            );
        }
        range
    }

    fn check_day(&mut self, value: &Value, range: Range<'_>, name: &'static str, at: &Place<'_>) {
        let Some(text) = value.as_str().filter(|text| !is_bound(text)) else { return };
        if !is_day(text) {
            self.wrong(
                at,
                name,
                format_args!("{} is no date; write it as 2026-11-28", quoted(text)),
            );
        } else if range.least.is_some_and(|least| text < least)
            || range.most.is_some_and(|most| text > most)
        {
            self.wrong(
                at,
                INVALID_DATE_RANGE,
                format_args!("is {text}, not between `min-date` and `max-date`"),
            );
        }
    }

    fn check_initial_range(
        &mut self,
        ends: &'a Map<String, Value>,
        range: Range<'_>,
        at: &Place<'_>,
    ) {
        for name in RANGE_ENDS {
            if let Some(value) = ends.get(name) {
                self.check_day(value, range, INVALID_DATE_SINGLE_INIT_VALUE_FORMAT, &at.key(name));
            }
        }
        let day = |name: &str| ends.get(name).and_then(Value::as_str).filter(|text| is_day(text));
        let [first, last] = RANGE_ENDS;
        if let (Some(start), Some(end)) = (day(first), day(last))
            && start > end
        {
            self.wrong(
                at,
                INVALID_DATE_RANGE,
                format_args!("begins on {start}, after its end on {end}"),
            );
        }
    }

    fn check_days(&mut self, members: &Map<String, Value>, at: &Place<'_>) {
        let number = |name: &str| members.get(name).and_then(Value::as_f64);
        if let (Some(least), Some(most)) = (number("min-days"), number("max-days"))
            && least > most
        {
            let problem =
                format_args!("`min-days` is {least} and more than `max-days`, which is {most}");
            self.wrong(&at.key("min-days"), INVALID_MIN_MAX_DAYS, problem);
        }
    }

    /// Checks a member that has a value for each end of a range.
    fn check_ends(
        &mut self,
        members: &'a Map<String, Value>,
        name: &str,
        due: &str,
        both: bool,
        at: &Place<'_>,
    ) {
        let place = at.key(name);
        let ends = match members.get(name) {
            None => return,
            Some(Value::String(text)) if is_bound(text) => return,
            Some(Value::Object(ends)) => ends,
            // What could not be in any mode was reported.
            Some(other) if !(other.is_string() || (name == "required" && other.is_boolean())) => {
                return;
            }
            Some(other) => {
                let problem = format_args!(
                    "is {}; with \"mode\": \"range\" it is an object with {due} for each end, {{\"start-date\": .., \"end-date\": ..}}",
                    described(other)
                );
                self.wrong(&place, INVALID_TYPE, problem);
                return;
            }
        };
        let is_missing =
            |end: &&str| !ends.contains_key(*end) && !is_misspelled(ends, &RANGE_ENDS, end);
        for end in RANGE_ENDS.into_iter().filter(is_missing) {
            if both || end == RANGE_ENDS[0] {
                self.wrong(
                    &place,
                    MISSING_CALENDAR_PICKER_RANGE_MODE_PROP,
                    format_args!("lacks `{end}`, {due}"),
                );
            }
        }
        for other in ends.keys().filter(|end| !RANGE_ENDS.contains(&end.as_str())) {
            let problem = format_args!(
                "has no {}, only `start-date` and `end-date`; take it out",
                quoted(other)
            );
            self.wrong(&place.key(other), UNEXPECTED_CALENDAR_PICKER_RANGE_MODE_PROP, problem);
        }
    }
}

/// Whether a text is bound, so that its value is not known yet.
fn is_bound(text: &str) -> bool {
    text.starts_with("${") || text.starts_with('`')
}

/// Checks only the shape year-month-day. WhatsApp does not check that the day exists.
fn is_day(text: &str) -> bool {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq("0000-00-00".bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_year_month_and_day() {
        assert!(is_day("2026-11-28") && is_day("0000-00-00"));
        for text in
            ["", "2026-1-2", "28.11.2026", "2026-11-28T00:00", "1764288000000", "2026_11_28"]
        {
            assert!(!is_day(text), "{text}");
        }
    }
}
