//! Numbers in screens and forms.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A JSON number, for screens and forms. Whole numbers are written without a point, so that a
/// screen shows `8` and not `8.0`.
///
/// ```
/// use flowhost_sdk::Number;
///
/// let guests: Number = 8.into();
/// assert_eq!(guests.to_string(), "8");
/// assert_eq!(guests.as_i64(), Some(8));
/// assert_eq!(Number::from(2.5).as_f64(), 2.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(Kind);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Whole(i64),
    Other(f64),
}

impl Number {
    /// The number, if it is whole.
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Kind::Whole(number) => Some(number),
            Kind::Other(_) => None,
        }
    }

    /// The number; beyond 2^53, the nearest float.
    pub fn as_f64(self) -> f64 {
        match self.0 {
            Kind::Whole(number) => number as f64,
            Kind::Other(number) => number,
        }
    }

    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        value.as_i64().map(Number::from).or_else(|| value.as_f64().map(Number::from))
    }

    /// Like [`Number::from_json`], but also reads a text, which is how clients send typed numbers.
    pub(crate) fn from_json_or_text(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Number::from_text(text),
            value => Number::from_json(value),
        }
    }

    /// Formats a JSON number, whole ones without a point. Fractions go through serde_json, which
    /// every component contains anyway.
    pub(crate) fn text_of(value: &Value) -> Option<String> {
        let number = value.as_number()?;
        match Number::from_json(value)?.as_i64() {
            Some(whole) => Some(whole.to_string()),
            None => Some(number.to_string()),
        }
    }

    /// Parses numbers as people write them: `8`, `+8`, `-2.5`, `1e3`. Fractions go through the JSON
    /// parser, which every component contains anyway.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let other = || {
            Number::from_json(&serde_json::from_str(text.strip_prefix('+').unwrap_or(text)).ok()?)
        };
        text.parse::<i64>().ok().map(Number::from).or_else(other)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        let is_whole = number.fract() == 0.0 && number.abs() <= MAX_EXACT;
        Number(if is_whole { Kind::Whole(number as i64) } else { Kind::Other(number) })
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Number {
            fn from(number: $integer) -> Self {
                Number(Kind::Whole(number.into()))
            }
        })*
    };
}

from_integers!(i8, i16, i32, i64, u8, u16, u32);

/// For lengths, for example. Values above `i64::MAX` become `i64::MAX`; no length in a plugin's
/// memory comes near it.
impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Number(Kind::Whole(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Whole(number) => number.fmt(formatter),
            Kind::Other(number) => number.fmt(formatter),
        }
    }
}

/// NaN and infinity become null, because JSON has no notation for them.
impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Kind::Whole(number) => serializer.serialize_i64(number),
            Kind::Other(number) => serializer.serialize_f64(number),
        }
    }
}

/// Also reads a text that is a number, which is how clients send what a user types.
impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Number::from_json_or_text(&value)
            .ok_or_else(|| serde::de::Error::custom("expected a number"))
    }
}

/// 2^53: up to here a float represents every whole number exactly.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_without_a_point() {
        for (number, json) in [
            (Number::from(8), "8"),
            (Number::from(8.0), "8"),
            (Number::from(-2.5), "-2.5"),
            (Number::from(1e300), "1e+300"),
            (Number::from(f64::NAN), "null"),
            (Number::from(usize::MAX), "9223372036854775807"),
        ] {
            assert_eq!(serde_json::to_string(&number).unwrap(), json);
        }
    }

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for json in ["8", "-2.5", "0"] {
            assert_eq!(serde_json::from_str::<Number>(json).unwrap().to_string(), json);
        }
    }

    #[test]
    fn a_text_that_is_a_number_is_read_and_no_other() {
        for (text, number) in [
            ("8", Number::from(8)),
            (" -2.5 ", Number::from(-2.5)),
            ("1e3", Number::from(1000)),
            ("+7", Number::from(7)),
        ] {
            assert_eq!(serde_json::from_value::<Number>(text.into()).unwrap(), number, "{text}");
        }
        for text in ["", "eight", "inf", "NaN", "1,5", "0x1", "++7", "[7]", "1e999"] {
            assert!(serde_json::from_value::<Number>(text.into()).is_err(), "{text}");
        }
    }
}
