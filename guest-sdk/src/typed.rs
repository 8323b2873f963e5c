//! Deserializes JSON into the author's types, with errors that name the field.
//!
//! It replaces serde_json's own deserializer wrapped in serde_path_to_error, which made every
//! deserialized type some 2 KiB larger and repeats user input in its errors, which does not belong
//! in a log.

mod key;

use std::fmt::{self, Display};

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor, value::UnitDeserializer,
};
use serde::forward_to_deserialize_any;
use serde_json::{Value, map};

use self::key::Key;
use crate::Number;

/// Why JSON does not fit a type. It is one pointer wide and built out of line, because the code for
/// every field of every deserialized type passes it on.
#[derive(Debug)]
pub(crate) struct Mismatch(Box<Details>);

#[derive(Debug)]
struct Details {
    path: String,
    reason: String,
}

impl Mismatch {
    #[cold]
    #[inline(never)]
    pub(crate) fn new(path: &str, reason: String) -> Self {
        Mismatch(Box::new(Details { path: path.to_owned(), reason }))
    }

    /// The path of the field, such as `address.city` or `guests[2].name`; empty for the whole
    /// document.
    pub(crate) fn path(&self) -> &str {
        &self.0.path
    }

    /// A message such as `field "guests": expected u32, but it is a text`.
    pub(crate) fn describe(&self) -> String {
        let Details { path, reason } = &*self.0;
        if path.is_empty() { reason.clone() } else { ["field \"", path, "\": ", reason].concat() }
    }

    /// Prepends a step to the path: a field's name, or an index in brackets.
    #[cold]
    #[inline(never)]
    fn within(mut self, step: &str) -> Self {
        let separator =
            if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = [step, separator, &self.0.path].concat();
        self
    }

    #[cold]
    #[inline(never)]
    fn within_entry(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

/// Reads `value` literally as `T`.
pub(crate) fn from_json<T: DeserializeOwned>(value: &Value) -> Result<T, Mismatch> {
    T::deserialize(Node::<false>(value))
}

/// Reads form data as `T`. A field that the user left empty becomes `None`, an empty list, or
/// false, and numbers may be texts.
pub(crate) fn from_form<T: DeserializeOwned>(value: &Value) -> Result<T, Mismatch> {
    T::deserialize(Node::<true>(value))
}

/// The type of a value in words. Never the value itself, which may be a customer's.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "empty",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.describe())
    }
}

impl std::error::Error for Mismatch {}

impl Error for Mismatch {
    #[cold]
    fn custom<T: Display>(reason: T) -> Self {
        Mismatch::new("", reason.to_string())
    }

    #[cold]
    #[inline(never)]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
            Unexpected::Str("") => "empty",
            Unexpected::Seq => "an array",
            Unexpected::Map => "an object",
            _ => "a text",
        };
        Self::custom(format_args!("expected {expected}, but it is {found}"))
    }

    #[cold]
    #[inline(never)]
    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {expected}, but it is another value"))
    }

    #[cold]
    #[inline(never)]
    fn missing_field(name: &'static str) -> Self {
        Self::custom(format_args!("missing field `{name}`"))
    }

    #[cold]
    #[inline(never)]
    fn duplicate_field(name: &'static str) -> Self {
        Self::custom(format_args!("duplicate field `{name}`"))
    }

    #[cold]
    #[inline(never)]
    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("invalid length {length}, expected {expected}"))
    }
}

/// A value to deserialize. If `FORM` is set, it comes from a form and is read leniently; otherwise
/// a program wrote it and it is read literally. Each mode is compiled only for types that use it,
/// so a component that reads no forms this way does not grow.
#[derive(Clone, Copy)]
struct Node<'de, const FORM: bool>(&'de Value);

impl<'de, const FORM: bool> Node<'de, FORM> {
    fn is_left_empty(self) -> bool {
        FORM && is_empty(self.0)
    }

    /// The number that a user typed, if it is one.
    fn typed_number(self) -> Option<Number> {
        if FORM { Number::from_text(self.0.as_str()?) } else { None }
    }

    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.typed_number().map(|number| number.as_i64().ok_or(number.as_f64())) {
            Some(Ok(whole)) => visitor.visit_i64(whole),
            Some(Err(other)) => visitor.visit_f64(other),
            None => self.deserialize_any(visitor),
        }
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match if FORM { Number::text_of(self.0) } else { None } {
            Some(number) => visitor.visit_string(number),
            None => self.deserialize_any(visitor),
        }
    }
}

/// Null, an empty text, or an object of only these, such as a range of which no day was picked.
fn is_empty(value: &Value) -> bool {
    let is_nothing = |value: &Value| value.is_null() || value.as_str() == Some("");
    is_nothing(value) || value.as_object().is_some_and(|parts| parts.values().all(is_nothing))
}

macro_rules! read_by {
    ($how:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            self.$how(visitor)
        })*
    };
}

impl<'de, const FORM: bool> Deserializer<'de> for Node<'de, FORM> {
    type Error = Mismatch;

    read_by!(number: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64 deserialize_f32 deserialize_f64);
    read_by!(text: deserialize_str deserialize_string);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(entries) => {
                let mut elements = Elements::<FORM> { entries, next: 0 };
                let value = visitor.visit_seq(&mut elements)?;
                if elements.next < entries.len() {
                    Err(Mismatch::custom("the array is too long"))
                } else {
                    Ok(value)
                }
            }
            Value::Object(fields) => {
                visitor.visit_map(Members::<FORM> { rest: fields.iter(), current: None })
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.is_left_empty() { visitor.visit_bool(false) } else { self.deserialize_any(visitor) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.0.is_null() || self.is_left_empty() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.is_left_empty() {
            return visitor.visit_seq(&mut Elements::<FORM> { entries: &[], next: 0 });
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let (name, content) = match self.0 {
            Value::String(name) => (name, None),
            Value::Object(fields) if fields.len() == 1 => fields
                .iter()
                .next()
                .map(|(name, value)| (name, Some(Node::<FORM>(value))))
                .expect("one"),
            other => {
                return Err(Mismatch::custom(format_args!(
                    "expected the name of a variant, but it is {}",
                    kind_of(other)
                )));
            }
        };
        visitor.visit_enum(Variant { name, content })
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

struct Elements<'de, const FORM: bool> {
    entries: &'de [Value],
    next: usize,
}

impl<'de, const FORM: bool> SeqAccess<'de> for &mut Elements<'de, FORM> {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mismatch> {
        let Some(entry) = self.entries.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(Node::<FORM>(entry)).map(Some).map_err(|error| error.within_entry(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len() - self.next)
    }
}

struct Members<'de, const FORM: bool> {
    rest: map::Iter<'de>,
    current: Option<(&'de str, &'de Value)>,
}

impl<'de, const FORM: bool> MapAccess<'de> for Members<'de, FORM> {
    type Error = Mismatch;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mismatch> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.current = Some((name, value));
        seed.deserialize(Key(name)).map(Some).map_err(|error| error.within(name))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mismatch> {
        let (name, value) = self
            .current
            .take()
            .ok_or_else(|| Mismatch::custom("a value was asked for before its key"))?;
        seed.deserialize(Node::<FORM>(value)).map_err(|error| error.within(name))
    }
}

/// A variant of an enum: its name and its content.
struct Variant<'de, const FORM: bool> {
    name: &'de str,
    content: Option<Node<'de, FORM>>,
}

impl<'de, const FORM: bool> EnumAccess<'de> for Variant<'de, FORM> {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Mismatch> {
        let name: Result<S::Value, Mismatch> = seed.deserialize(self.name.into_deserializer());
        Ok((name?, self))
    }
}

impl<'de, const FORM: bool> VariantAccess<'de> for Variant<'de, FORM> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        self.newtype_variant_seed(std::marker::PhantomData)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Mismatch> {
        match self.content {
            Some(content) => seed.deserialize(content).map_err(|error| error.within(self.name)),
            None => seed.deserialize(UnitDeserializer::new()),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.struct_variant(&[], visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.content {
            Some(content) => {
                content.deserialize_any(visitor).map_err(|error| error.within(self.name))
            }
            None => visitor.visit_unit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::time::{Date, DateRange, PartialDateRange};

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read by the deserializer")]
    struct Form {
        name: String,
        #[serde(default)]
        address: Option<Address>,
        #[serde(default)]
        numbers: Vec<u8>,
        #[serde(default)]
        places: BTreeMap<String, Vec<Address>>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read by the deserializer")]
    struct Address {
        zip: u32,
    }

    #[test]
    fn the_path_leads_to_the_value_that_does_not_fit() {
        for (form, path, reason) in [
            (
                json!({"name": "a", "address": {"zip": "old"}}),
                "address.zip",
                "expected u32, but it is a text",
            ),
            (
                json!({"name": "a", "address": {"zip": -1}}),
                "address.zip",
                "expected u32, but it is another value",
            ),
            (
                json!({"name": "a", "numbers": [1, 300]}),
                "numbers[1]",
                "expected u8, but it is another value",
            ),
            (
                json!({"name": "a", "numbers": {}}),
                "numbers",
                "expected a sequence, but it is an object",
            ),
            (
                json!({"name": "a", "places": {"x": [{"zip": 1}, {"zip": ""}]}}),
                "places.x[1].zip",
                "expected u32, but it is empty",
            ),
            (json!({"name": null}), "name", "expected a string, but it is null"),
            (json!({"name": "a", "address": {}}), "address", "missing field `zip`"),
            (json!({}), "", "missing field `name`"),
            (json!([]), "", "invalid length 0, expected struct Form with 4 elements"),
        ] {
            let mismatch = from_json::<Form>(&form).unwrap_err();
            assert_eq!((mismatch.path(), mismatch.0.reason.as_str()), (path, reason), "{form}");
        }
    }

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    enum Step {
        Start,
        Paid(u32),
        Moved(i8, f32),
        Done { at: char },
    }

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Start,
        Paid { amount: u64 },
    }

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Everything {
        unit: (),
        newtype: Meters,
        steps: Vec<Step>,
        tagged: Vec<Tagged>,
        by_number: BTreeMap<u32, bool>,
        by_sign: BTreeMap<i8, Option<String>>,
        by_step: BTreeMap<Name, u8>,
        tuple: (u8, String),
        float: f64,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Meters(u64);

    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
    enum Name {
        First,
    }

    /// A state that serde_json wrote must be readable again.
    #[test]
    fn what_was_written_is_read() {
        let everything = Everything {
            unit: (),
            newtype: Meters(u64::MAX),
            steps: vec![Step::Start, Step::Paid(7), Step::Moved(-1, 0.5), Step::Done { at: 'é' }],
            tagged: vec![Tagged::Start, Tagged::Paid { amount: 3 }],
            by_number: BTreeMap::from([(7, true)]),
            by_sign: BTreeMap::from([(-7, None), (0, Some("x".into()))]),
            by_step: BTreeMap::from([(Name::First, 1)]),
            tuple: (1, "a".into()),
            float: -1.25,
            rest: BTreeMap::from([("more".into(), json!({"a": [null, 1.5]}))]),
        };
        let json = serde_json::to_value(&everything).unwrap();

        assert_eq!(from_json::<Everything>(&json).unwrap(), everything, "{json}");
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Stay {
        days: PartialDateRange,
        birthday: Option<Date>,
        city: Option<String>,
        guests: Option<u8>,
        price: Option<Number>,
        rate: f32,
        extras: Vec<String>,
        terms: bool,
    }

    #[test]
    fn what_a_user_left_empty_is_none_in_every_spelling() {
        for empty in [json!(""), json!(null)] {
            let form = json!({"days": empty, "birthday": empty, "city": empty, "guests": empty, "extras": empty, "terms": empty});
            assert_eq!(from_form::<Stay>(&form).unwrap(), Stay::default(), "{form}");
        }
        #[derive(Deserialize)]
        struct BothOrNone {
            days: Option<DateRange>,
        }
        for none in [json!({}), json!({"start-date": "", "end-date": null})] {
            assert_eq!(
                from_form::<BothOrNone>(&json!({"days": none})).unwrap().days,
                None,
                "{none}"
            );
        }
        let half = json!({"days": {"start-date": "2026-11-23", "end-date": ""}});
        assert_eq!(from_form::<Stay>(&half).unwrap().days.start, "2026-11-23".parse().ok());
        #[derive(Deserialize)]
        struct WithoutDefault {
            days: PartialDateRange,
        }
        assert!(from_form::<WithoutDefault>(&json!({})).unwrap().days.is_empty());
    }

    #[test]
    fn a_number_of_a_form_is_read_as_text_and_as_number() {
        let expected = Stay {
            city: Some("8".to_owned()),
            guests: Some(8),
            price: Some(8.into()),
            rate: 8.0,
            extras: vec!["8".to_owned()],
            ..Stay::default()
        };
        for eight in [json!("8"), json!(8), json!(8.0)] {
            let form = json!({"city": eight, "price": eight, "rate": eight, "extras": [eight], "guests": "8"});
            assert_eq!(from_form::<Stay>(&form).unwrap(), expected, "{form}");
        }
        for (wrong, reason) in [
            (json!("many"), "expected u8, but it is a text"),
            (json!("300"), "expected u8, but it is another value"),
            (json!("1.5"), "expected u8, but it is a number"),
        ] {
            let mismatch = from_form::<Stay>(&json!({"guests": wrong})).unwrap_err();
            assert_eq!(
                (mismatch.path(), mismatch.0.reason.as_str()),
                ("guests", reason),
                "{wrong}"
            );
        }
    }

    /// A program's values are read literally, so a state keeps its empty texts.
    #[test]
    fn only_forms_are_read_so() {
        assert_eq!(from_json::<Option<String>>(&json!("")).unwrap().as_deref(), Some(""));
        for (json, field) in [
            (json!({"guests": "8"}), "guests"),
            (json!({"city": 8}), "city"),
            (json!({"extras": ""}), "extras"),
        ] {
            assert_eq!(from_json::<Stay>(&json).unwrap_err().path(), field, "{json}");
        }
    }

    #[test]
    fn a_variant_that_does_not_fit_is_named() {
        for (json, message) in [
            (
                json!("End"),
                "unknown variant `End`, expected one of `Start`, `Paid`, `Moved`, `Done`",
            ),
            (json!({"Paid": "x"}), "field \"Paid\": expected u32, but it is a text"),
            (json!({"Moved": [1, 2, 3]}), "field \"Moved\": the array is too long"),
            (json!("Paid"), "expected u32, but it is null"),
            (json!({"Start": 1}), "field \"Start\": expected unit, but it is a number"),
            (json!([]), "expected the name of a variant, but it is an array"),
        ] {
            assert_eq!(from_json::<Step>(&json).unwrap_err().describe(), message, "{json}");
        }
        assert_eq!(
            from_json::<BTreeMap<u8, u8>>(&json!({"many": 1})).unwrap_err().describe(),
            "field \"many\": expected u8, but it is a text"
        );
    }
}
