//! Reads what the user types into a field, and checks whether the phone would accept it.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use time::{Date, Month, OffsetDateTime};

use super::expression::shown;
use super::field::{Choice, Days, Field, FieldKind};
use super::range;

impl Field {
    /// Reads what was typed: a choice by its number, its id or its title, several separated by
    /// commas, two days separated by a space. A dash stands for a day that is not picked. Files are
    /// the JSON array that a phone would send; whoever has files makes it of their references.
    ///
    /// # Errors
    /// Why the text is not a value of this field, for the user.
    pub fn read(&self, typed: &str) -> Result<Value, String> {
        let typed = typed.trim();
        match &self.kind {
            FieldKind::Text { .. } => Ok(Value::from(typed)),
            FieldKind::OptIn => yes_or_no(typed),
            FieldKind::One(choices) => {
                pick(choices, typed).map(|choice| Value::from(choice.id.as_str()))
            }
            FieldKind::Many { choices, .. } => {
                let picked = typed
                    .split(',')
                    .map(|part| pick(choices, part.trim()).map(|choice| choice.id.as_str()));
                let mut ids = picked.collect::<Result<Vec<_>, _>>()?;
                let mut seen = std::collections::HashSet::new();
                ids.retain(|id| seen.insert(*id));
                Ok(json!(ids))
            }
            FieldKind::Date(days) => Ok(days.written(read_typed_day(typed)?)),
            FieldKind::DateRange(range) => range.read(typed),
            FieldKind::Media { .. } => match serde_json::from_str(typed) {
                Ok(files @ Value::Array(_)) => Ok(files),
                _ => Err("Type the files as the JSON array that a phone would send, or nothing"
                    .to_owned()),
            },
        }
    }

    /// Whether the phone would let the user go on with this value.
    ///
    /// # Errors
    /// Why not, for the user.
    pub fn check(&self, value: Option<&Value>) -> Result<(), String> {
        let value = match value.filter(|value| !self.is_empty(value)) {
            Some(value) => value,
            None if let FieldKind::DateRange(range) = &self.kind => {
                return range.check(&Map::new());
            }
            None if self.required => return Err("This field is required".to_owned()),
            None => return Ok(()),
        };
        match (&self.kind, value) {
            // An `init-value` may be a number.
            (FieldKind::Text { input, min, max }, Value::String(_) | Value::Number(_)) => {
                let text = shown(value);
                check_text(&text, input, *min, *max)?;
                self.check_pattern(&text)
            }
            (FieldKind::One(choices), Value::String(id)) => {
                check_choice(choices.iter().find(|choice| choice.id == *id), id)
            }
            (FieldKind::Many { choices, min, max }, Value::Array(ids)) => {
                let known = by_id(choices);
                for id in ids {
                    let id = id.as_str().ok_or(NOT_OF_THE_TYPE)?;
                    check_choice(known.get(id).copied(), id)?;
                }
                check_count(ids.len(), *min, *max, "choices")
            }
            (FieldKind::Date(days), Value::String(_) | Value::Number(_)) => {
                days.check(read_typed_day(&shown(value))?)
            }
            (FieldKind::DateRange(range), Value::Object(two)) => range.check(two),
            (FieldKind::Media { min, max, .. }, Value::Array(files)) => {
                check_count(files.len(), *min, *max, "files")
            }
            (FieldKind::OptIn, Value::Bool(_)) => Ok(()),
            _ => Err(NOT_OF_THE_TYPE.to_owned()),
        }
    }

    /// Why the phone would not let the user go on with this value, after the field's label.
    pub fn problem(&self, value: Option<&Value>) -> Option<String> {
        let problem = self.check(value).err()?;
        Some(format!("{}: {problem}", self.title()))
    }

    /// Whether a value counts as not filled in.
    pub fn is_empty(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(elements) => elements.is_empty(),
            Value::Object(two) => {
                matches!(self.kind, FieldKind::DateRange(_)) && range::is_empty(two)
            }
            Value::Bool(true) | Value::Number(_) => false,
        }
    }

    /// A value as the user sees it: choices by their titles.
    pub fn show(&self, value: &Value) -> String {
        match (&self.kind, value) {
            (FieldKind::Text { .. }, value) if self.is_hidden() => {
                "•".repeat(shown(value).chars().count())
            }
            (FieldKind::OptIn, Value::Bool(agreed)) => {
                if *agreed { "yes" } else { "no" }.to_owned()
            }
            (FieldKind::DateRange(_), Value::Object(two)) => range::show(two),
            (FieldKind::Media { .. }, Value::Array(files)) => {
                let name = |file: &Value| file.get("file_name").map_or("a file".to_owned(), shown);
                files.iter().map(name).collect::<Vec<_>>().join(", ")
            }
            (FieldKind::Date(_), Value::String(text)) => {
                read_day(text).map_or_else(|| text.clone(), |day| day.to_string())
            }
            (_, Value::Array(ids)) => {
                let known = by_id(self.choices());
                let title = |id: &Value| {
                    let choice = id.as_str().and_then(|id| known.get(id));
                    choice.map_or_else(|| shown(id), |choice| choice.title.clone())
                };
                ids.iter().map(title).collect::<Vec<_>>().join(", ")
            }
            (_, value) => self.choice_title(value),
        }
    }

    /// Whether a phone shows dots instead of what is typed.
    pub fn is_hidden(&self) -> bool {
        matches!(&self.kind, FieldKind::Text { input, .. } if HIDDEN.contains(&input.as_str()))
    }

    fn check_pattern(&self, text: &str) -> Result<(), String> {
        let Some(pattern) = &self.pattern else { return Ok(()) };
        match pattern.matches(text) {
            Some(false) => Err(format!("It does not match {pattern}")),
            Some(true) | None => Ok(()),
        }
    }

    fn choice_title(&self, id: &Value) -> String {
        let known = self.choices().iter().find(|choice| *id == choice.id.as_str());
        known.map_or_else(|| shown(id), |choice| choice.title.clone())
    }
}

impl Days {
    /// The first day that can be selected, as in `2026-11-23`.
    pub fn first_day(&self) -> Option<String> {
        iso_day(self.first.as_deref()?)
    }

    /// The last one.
    pub fn last_day(&self) -> Option<String> {
        iso_day(self.last.as_deref()?)
    }

    pub(super) fn written(&self, day: Date) -> Value {
        if self.in_milliseconds {
            return Value::from((day.midnight().assume_utc().unix_timestamp() * 1_000).to_string());
        }
        Value::from(day.to_string())
    }

    pub(super) fn check(&self, day: Date) -> Result<(), String> {
        let (first, last) = self.bounds();
        if let Some(first) = first.filter(|first| day < *first) {
            return Err(format!("The first day that can be picked is {first}"));
        }
        if let Some(last) = last.filter(|last| day > *last) {
            return Err(format!("The last day that can be picked is {last}"));
        }
        if !self.has_weekday(day) || self.except.iter().any(|text| read_day(text) == Some(day)) {
            return Err(format!("{day} can't be picked"));
        }
        Ok(())
    }

    pub(super) fn check_range(&self, from: Date, to: Date) -> Result<(), String> {
        self.check(from)?;
        self.check(to)?;
        match usize::try_from((to - from).whole_days()) {
            Ok(days) => check_count(days + 1, self.min_days, self.max_days, "days"),
            Err(_) => Err("The second day comes before the first".to_owned()),
        }
    }
}

fn yes_or_no(typed: &str) -> Result<Value, String> {
    match typed.to_lowercase().as_str() {
        "y" | "yes" | "true" => Ok(Value::from(true)),
        "n" | "no" | "false" => Ok(Value::from(false)),
        _ => Err("Type y or n".to_owned()),
    }
}

fn pick<'a>(choices: &'a [Choice], typed: &str) -> Result<&'a Choice, String> {
    let by_number =
        typed.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
    let by_id = || choices.iter().find(|choice| choice.id == typed);
    let by_title =
        || choices.iter().find(|choice| choice.title.to_lowercase() == typed.to_lowercase());
    by_number
        .or_else(by_id)
        .or_else(by_title)
        .ok_or_else(|| format!("{typed} is none of the choices"))
}

pub(super) fn read_typed_day(typed: &str) -> Result<Date, String> {
    read_day(typed).ok_or_else(|| format!("{typed} is no day like 2026-11-23"))
}

/// A day as in `2026-11-23` of one that is written so or in milliseconds since 1970; `None` if it
/// is neither.
pub fn iso_day(text: &str) -> Option<String> {
    read_day(text).map(|day| day.to_string())
}

/// Reads `2026-11-23`, or milliseconds since 1970.
pub(super) fn read_day(text: &str) -> Option<Date> {
    if let Ok(milliseconds) = text.parse::<i64>() {
        return OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1_000))
            .ok()
            .map(OffsetDateTime::date);
    }
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

fn check_text(text: &str, input: &str, min: Option<u64>, max: Option<u64>) -> Result<(), String> {
    let is_right = match input {
        "email" => text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && host.contains('.') && !text.contains(' ')
        }),
        "number" => text.parse::<f64>().is_ok_and(f64::is_finite),
        "passcode" => text.chars().all(|char| char.is_ascii_digit()),
        "phone" => {
            text.chars().any(|char| char.is_ascii_digit())
                && text.chars().all(|char| char.is_ascii_digit() || "+-() .".contains(char))
        }
        _ => true,
    };
    if !is_right {
        return Err(format!("That is no {input}"));
    }
    check_count(text.chars().count(), min, max, "characters")
}

/// Choices by their ids: the first of each.
fn by_id(choices: &[Choice]) -> HashMap<&str, &Choice> {
    choices.iter().rev().map(|choice| (choice.id.as_str(), choice)).collect()
}

fn check_choice(choice: Option<&Choice>, id: &str) -> Result<(), String> {
    match choice {
        Some(choice) if choice.enabled => Ok(()),
        Some(choice) => Err(format!("{} can't be picked", choice.title)),
        None => Err(format!("{id} is none of the choices")),
    }
}

fn check_count(count: usize, min: Option<u64>, max: Option<u64>, what: &str) -> Result<(), String> {
    let count = count as u64;
    match (min, max) {
        (Some(min), _) if count < min => {
            Err(format!("At least {}, not {count}", counted(min, what)))
        }
        (_, Some(max)) if count > max => {
            Err(format!("At most {}, not {count}", counted(max, what)))
        }
        _ => Ok(()),
    }
}

/// So many of `what`, a regular plural.
pub(super) fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {}", what.strip_suffix('s').unwrap_or(what)),
        _ => format!("{count} {what}"),
    }
}

/// Input types whose text a phone hides.
const HIDDEN: [&str; 2] = ["password", "passcode"];

const NOT_OF_THE_TYPE: &str = "The value is not of this field's type";

#[cfg(test)]
mod tests {
    use super::super::field::{FormSays, Properties};
    use super::super::scope::tests::with_scope;
    use super::*;
    use flowhost_flow_json::Component;

    fn field(written: Value) -> Field {
        let written = Component::of(&written).unwrap();
        with_scope(json!({}), json!({}), |scope| {
            Field::of(&Properties { written, scope }, &FormSays::default(), true)
        })
        .unwrap()
    }

    #[track_caller]
    fn refuses(field: &Field, typed: &str, words: &str) {
        let said = field.read(typed).and_then(|value| field.check(Some(&value))).unwrap_err();
        assert!(said.contains(words), "{typed}: {said}");
    }

    #[track_caller]
    fn takes(field: &Field, typed: &str, due: Value) {
        let value = field.read(typed).unwrap();
        assert_eq!(value, due);
        field.check(Some(&value)).unwrap();
    }

    #[test]
    fn texts_are_checked_by_their_type_and_length() {
        let input = |input: &str| {
            field(
                json!({"type": "TextInput", "name": "x", "input-type": input, "min-chars": 2, "max-chars": "8"}),
            )
        };

        takes(&input("text"), " Ana ", json!("Ana"));
        refuses(&input("text"), "A", "At least 2 characters");
        refuses(&input("text"), "much too long", "At most 8 characters");
        takes(&input("email"), "a@b.org", json!("a@b.org"));
        refuses(&input("email"), "ana", "no email");
        takes(&input("number"), "-1.5", json!("-1.5"));
        refuses(&input("number"), "ten", "no number");
        takes(&input("phone"), "+55 11", json!("+55 11"));
        refuses(&input("phone"), "eleven", "no phone");
        refuses(&input("passcode"), "12a4", "no passcode");
        refuses(&field(json!({"type": "TextArea", "name": "x"})), &"a".repeat(601), "At most 600");
        assert_eq!(input("password").show(&json!("secret")), "••••••");
    }

    #[test]
    fn a_text_matches_its_pattern() {
        let code = field(json!({
            "type": "TextInput", "name": "x", "helper-text": "Two letters", "pattern": "^[A-Z]{2}$",
        }));

        takes(&code, "AB", json!("AB"));
        refuses(&code, "ab", "It does not match ^[A-Z]{2}$");
        assert_eq!((code.check(None), code.hints()), (Ok(()), vec!["Two letters".to_owned()]));
        let ahead = field(json!({"type": "TextInput", "name": "x", "pattern": "^(?=.*[0-9])"}));
        takes(&ahead, "abc", json!("abc"));
        assert_eq!(ahead.unchecked_pattern().unwrap().to_string(), "^(?=.*[0-9])");
    }

    #[test]
    fn an_initial_number_is_a_text_that_was_typed() {
        let guests = field(
            json!({"type": "TextInput", "name": "x", "input-type": "number", "init-value": 5, "max-chars": 2}),
        );

        let five = guests.initial.clone().unwrap();
        assert_eq!((guests.check(Some(&five)), guests.show(&five)), (Ok(()), "5".to_owned()));
        assert_eq!(guests.check(Some(&json!(500))), Err("At most 2 characters, not 3".to_owned()));
        assert_eq!(
            field(json!({"type": "TextInput", "name": "x", "input-type": "passcode"}))
                .show(&json!(1234)),
            "••••"
        );
        assert!(
            field(json!({"type": "DatePicker", "name": "x"}))
                .check(Some(&json!(1_795_392_000_000_u64)))
                .is_ok()
        );
    }

    #[test]
    fn choices_are_taken_by_number_id_or_title() {
        let source = json!([{"id": "s", "title": "Small"}, {"id": "l", "title": "Large"}, {"id": "g", "title": "Gone", "enabled": false}]);
        let one = field(
            json!({"type": "Dropdown", "name": "x", "required": true, "data-source": source}),
        );
        let many = field(
            json!({"type": "ChipsSelector", "name": "x", "max-selected-items": 2, "data-source": source}),
        );

        for typed in ["2", "l", "large"] {
            takes(&one, typed, json!("l"));
        }
        refuses(&one, "4", "none of the choices");
        refuses(&one, "Gone", "Gone can't be picked");
        assert!(one.check(None).unwrap_err().contains("required"));
        takes(&many, "1, l,1", json!(["s", "l"]));
        assert!(many.check(None).is_ok());
        refuses(&many, "1,2,3", "Gone can't be picked");
        assert!(
            many.check(Some(&json!(["s", "l", "l"]))).unwrap_err().contains("At most 2 choices")
        );
        assert_eq!(many.show(&json!(["l", "?"])), "Large, ?");
    }

    #[test]
    fn days_lie_between_their_bounds() {
        let picker = field(json!({
            "type": "CalendarPicker", "name": "x", "min-date": "2026-11-23", "max-date": "2026-11-30",
            "unavailable-dates": ["2026-11-25"], "include-days": ["Mon", "Tue", "Wed"],
        }));
        let range = field(
            json!({"type": "CalendarPicker", "mode": "range", "name": "x", "min-days": 2, "max-days": 3}),
        );

        takes(&picker, "2026-11-24", json!("2026-11-24"));
        for (typed, words) in [
            ("2026-11-22", "first day"),
            ("2026-12-01", "last day"),
            ("2026-11-25", "can't be picked"),
            ("2026-11-26", "can't be picked"),
            ("2026-02-30", "no day"),
            ("soon", "no day"),
        ] {
            refuses(&picker, typed, words);
        }
        takes(
            &range,
            "2026-11-23 2026-11-24",
            json!({"start-date": "2026-11-23", "end-date": "2026-11-24"}),
        );
        refuses(&range, "2026-11-24 2026-11-23", "before the first");
        refuses(&range, "2026-11-24 2026-11-24", "At least 2 days");
        refuses(&range, "2026-11-24 - 2026-11-25", "two days");
    }

    #[test]
    fn old_date_pickers_speak_in_milliseconds() {
        let written = json!({"type": "DatePicker", "name": "x", "min-date": "1700000000000"});
        let written = Component::of(&written).unwrap();
        let picker = with_scope(json!({}), json!({}), |scope| {
            Field::of(&Properties { written, scope }, &FormSays::default(), false)
        })
        .unwrap();

        takes(&picker, "2026-11-23", json!("1795392000000"));
        assert_eq!(picker.show(&json!("1795392000000")), "2026-11-23");
        refuses(&picker, "2023-11-13", "first day that can be picked is 2023-11-14");
    }

    #[test]
    fn an_opt_in_that_is_required_must_be_agreed_to() {
        let terms =
            field(json!({"type": "OptIn", "name": "x", "label": "Terms", "required": true}));

        takes(&terms, "Y", json!(true));
        refuses(&terms, "no", "required");
        refuses(&terms, "perhaps", "y or n");
    }

    #[test]
    fn files_are_pasted_as_the_phone_would_send_them() {
        let photos = field(
            json!({"type": "PhotoPicker", "name": "x", "min-uploaded-photos": 1, "max-uploaded-photos": 1}),
        );

        assert!(photos.required);
        takes(&photos, r#"[{"media_id":"1"}]"#, json!([{"media_id": "1"}]));
        refuses(&photos, "cat.jpg", "JSON array");
        refuses(&photos, "[1,2]", "At most 1 file, not 2");
    }
}
