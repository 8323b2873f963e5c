//! Screens and forms as types that [`screens!`](crate::screens) generates from a Flow JSON, and the
//! reading of forms.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use crate::time::{Date, PartialDateRange};
use crate::typed::{Mismatch, kind_of};
use crate::{DataError, Number, media};

/// The data of one screen. [`screens!`](crate::screens) implements it, and
/// [`Reply::show`](crate::Reply::show) shows it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a screen",
    label = "this is no screen of the Flow JSON",
    note = "give a screen that `flowhost_sdk::screens!(\"flow.json\")` made: `Reply::show(screens::Welcome {{ .. }})`",
    note = "without a Flow JSON: `Reply::screen(\"WELCOME\").data(json!({{..}}))`"
)]
pub trait Screen: Serialize {
    /// The screen's id in the Flow JSON.
    const ID: &'static str;
}

/// All forms of a flow: `screens::Form`, which [`screens!`](crate::screens) generates. An exchange
/// carries one of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the forms of a flow",
    label = "this is no enum of forms",
    note = "all forms are `exchange.form::<screens::Form>()?`, with `flowhost_sdk::screens!(\"flow.json\")`",
    note = "one form is `exchange.data::<screens::welcome::Form>()?`, or any type with `#[derive(serde::Deserialize)]`"
)]
pub trait ScreenForm: Sized {
    /// Reads the form of `screen` from its fields.
    ///
    /// # Errors
    ///
    /// [`DataError`] if the screen has no form, or a field does not fit.
    #[doc(hidden)]
    fn read(screen: &str, fields: Fields<'_>) -> Result<Self, DataError>;
}

/// The form of one screen. `screens!` implements it.
#[doc(hidden)]
pub trait FormFields: Sized {
    fn read(fields: Fields<'_>) -> Result<Self, DataError>;
}

/// The fields of a form, to be read by name.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    screen: &'a str,
    data: &'a Value,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(screen: &'a str, data: &'a Value) -> Self {
        Fields { screen, data }
    }

    /// Reads the field `name`.
    pub fn read<T: Field>(&self, name: &str) -> Result<T, DataError> {
        T::read(self.data.get(name)).map_err(|expected| self.misfit(name, expected))
    }

    /// The error for a screen without a form.
    pub fn unknown_screen(&self, known: &[&str]) -> DataError {
        let joined = known.join(", ");
        let mut reason = String::from(
            "the Flow JSON has no form on this screen that is sent here; the screens with one: ",
        );
        reason.push_str(if known.is_empty() { "none" } else { &joined });
        self.error("", reason)
    }

    #[cold]
    #[inline(never)]
    fn misfit(&self, name: &str, expected: &str) -> DataError {
        let mut reason = String::from("expected ");
        reason.push_str(expected);
        reason.push_str(", but it is ");
        reason.push_str(self.data.get(name).map_or("missing", |value| found(value, expected)));
        self.error(name, reason)
    }

    fn error(&self, path: &str, reason: String) -> DataError {
        DataError { screen: self.screen.to_owned(), mismatch: Mismatch::new(path, reason) }
    }
}

/// Names a value in an error. Where a day is expected, a text of other content is "another text", and
/// likewise an object where one is expected.
fn found(value: &Value, expected: &str) -> &'static str {
    match kind_of(value) {
        "a text" if expected.starts_with("a day") => "another text",
        "an object" if expected.starts_with("an object") => "another object",
        other => other,
    }
}

/// A type that a form's field can have. The error says what was expected.
#[doc(hidden)]
pub trait Field: Sized {
    /// Reads a value; `None` means that the form has no such field.
    fn read(value: Option<&Value>) -> Result<Self, &'static str>;
}

/// Deserializes a form from elsewhere, a stored state for example, by the same rules.
#[doc(hidden)]
pub fn form<'de, F: FormFields, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
    let data = Value::deserialize(deserializer)?;
    F::read(Fields::new("", &data)).map_err(|error| de::Error::custom(error.mismatch))
}

impl Field for String {
    /// Clients send what a user types into a number field as a text, but an untouched `init-value`
    /// as a number.
    fn read(value: Option<&Value>) -> Result<Self, &'static str> {
        match value {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(value) => Number::text_of(value).ok_or("a text"),
            None => Err("a text"),
        }
    }
}

impl Field for bool {
    fn read(value: Option<&Value>) -> Result<Self, &'static str> {
        match value.filter(is_given) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err("a boolean"),
        }
    }
}

impl Field for Number {
    fn read(value: Option<&Value>) -> Result<Self, &'static str> {
        value.and_then(Number::from_json_or_text).ok_or("a number")
    }
}

impl Field for Date {
    fn read(value: Option<&Value>) -> Result<Self, &'static str> {
        value
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok())
            .ok_or("a day such as 2026-11-23")
    }
}

impl Field for PartialDateRange {
    fn read(value: Option<&Value>) -> Result<Self, &'static str> {
        let Some(value) = value.filter(is_given) else { return Ok(PartialDateRange::default()) };
        let part = |name| Option::<Date>::read(value.get(name)).ok().filter(|_| value.is_object());
        match (part("start-date"), part("end-date")) {
            (Some(start), Some(end)) => Ok(PartialDateRange { start, end }),
            _ => Err("an object of days such as 2026-11-23"),
        }
    }
}

impl Field for media::Reference {
    fn read(value: Option<&Value>) -> Result<Self, &'static str> {
        value.filter(|value| value.is_object()).cloned().map(Self::from).ok_or("a file")
    }
}

impl Field for Value {
    fn read(value: Option<&Value>) -> Result<Self, &'static str> {
        Ok(value.cloned().unwrap_or_default())
    }
}

impl<T: Field> Field for Vec<T> {
    fn read(value: Option<&Value>) -> Result<Self, &'static str> {
        match value.filter(is_given) {
            None => Ok(Vec::new()),
            Some(Value::Array(entries)) => {
                entries.iter().map(|entry| T::read(Some(entry))).collect()
            }
            Some(_) => Err("an array"),
        }
    }
}

impl<T: Field> Field for Option<T> {
    fn read(value: Option<&Value>) -> Result<Self, &'static str> {
        value.filter(is_given).map(|value| T::read(Some(value))).transpose()
    }
}

/// The client sends an empty field as an empty text, as null, or not at all.
fn is_given(value: &&Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<T: Field>(value: Value) -> Result<T, String> {
        let data = json!({ "x": value });
        Fields::new("FORM", &data).read("x").map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_empty_is_none_or_nothing() {
        for empty in [json!(""), json!(null)] {
            assert_eq!(read::<Option<String>>(empty.clone()), Ok(None));
            assert_eq!(read::<Option<Date>>(empty.clone()), Ok(None));
            assert_eq!(read::<Vec<String>>(empty.clone()), Ok(Vec::new()));
            assert_eq!(read::<bool>(empty), Ok(false));
        }
        let nothing = json!({});
        assert_eq!(Fields::new("FORM", &nothing).read::<Option<String>>("x").unwrap(), None);
        assert!(!Fields::new("FORM", &nothing).read::<bool>("x").unwrap());
    }

    #[test]
    fn what_is_given_is_read_as_its_type() {
        assert_eq!(read(json!("Ana")), Ok("Ana".to_owned()));
        assert_eq!(read(json!(7)), Ok("7".to_owned()));
        assert_eq!(read(json!(["a", "b"])), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(
            read::<Option<Date>>(json!("2026-11-23")).unwrap().unwrap().to_string(),
            "2026-11-23"
        );
        assert_eq!(read(json!(5.0)), Ok("5".to_owned()));
        assert_eq!((read(json!(5)), read(json!("5"))), (Ok(Number::from(5)), Ok(Number::from(5))));
        assert_eq!(read(json!({"a": 1})), Ok(json!({"a": 1})));
    }

    #[test]
    fn each_day_of_a_range_may_be_missing_in_every_spelling() {
        let (start, end) = (json!("2026-11-23"), json!("2026-11-27"));
        let read = |value: Value| {
            let PartialDateRange { start, end } = read(value).unwrap();
            [start, end].map(|day| day.map(|day| day.to_string()).unwrap_or_default())
        };
        for none in [json!(""), json!(null)] {
            assert_eq!(read(json!({"start-date": start, "end-date": none})), ["2026-11-23", ""]);
            assert_eq!(read(json!({"start-date": none, "end-date": end})), ["", "2026-11-27"]);
            assert_eq!(read(json!({"start-date": none, "end-date": none})), ["", ""]);
            assert_eq!(read(json!({"start-date": none})), ["", ""]);
            assert_eq!(read(none), ["", ""]);
        }
        assert_eq!(
            read(json!({"start-date": start, "end-date": end})),
            ["2026-11-23", "2026-11-27"]
        );
        assert_eq!(
            (read(json!({"start-date": start})), read(json!({"end-date": end}))),
            (["2026-11-23", ""].map(String::from), ["", "2026-11-27"].map(String::from))
        );
        assert_eq!(read(json!({})), ["", ""]);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (value, found) in [
            (json!({"start-date": "soon"}), "another object"),
            (json!({"end-date": {}}), "another object"),
            (json!(["2026-11-23"]), "an array"),
            (json!("2026-11-23"), "a text"),
        ] {
            let message = read::<PartialDateRange>(value.clone()).unwrap_err();
            assert!(
                message.ends_with(&format!(
                    "expected an object of days such as 2026-11-23, but it is {found}"
                )),
                "{value}: {message}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_named_without_the_users_words() {
        let data = json!({"day": "tomorrow, says Ana"});
        let error = Fields::new("FORM", &data).read::<Date>("day").unwrap_err();
        assert_eq!(error.path(), "day");
        assert_eq!(
            error.to_string(),
            "the data of screen \"FORM\" does not fit: field \"day\": expected a day such as 2026-11-23, but it is another text"
        );
        let missing = Fields::new("FORM", &data).read::<String>("name").unwrap_err();
        assert!(
            missing.to_string().contains("field \"name\": expected a text, but it is missing"),
            "{missing}"
        );
    }
}
