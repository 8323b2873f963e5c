//! Patterns that values have to match, and where they don't.
//!
//! An object is compared by the named members only, an array element by element, everything else
//! exactly.

use std::fmt;

use serde_json::{Map, Number, Value};

/// What a value has to be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// Exactly this value, which is neither an array nor an object.
    Exactly(Value),
    /// Any value of this kind.
    Any(Kind),
    /// No value at all.
    Absent,
    /// An array of the same length, whose elements match one by one.
    Array(Vec<Pattern>),
    /// An object with these members, whatever others it has.
    Object(Vec<(String, Pattern)>),
}

/// A kind of JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any value, even null: `$any`.
    Value,
    /// A text: `$string`.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A position at which an answer differs from the pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The position.
    pub path: Path,
    /// What was expected, as written in a scenario.
    pub expected: Value,
    /// What came; `None` if nothing did.
    pub came: Option<Value>,
}

/// A position in a JSON document. Displayed as a JSON pointer (RFC 6901).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<At>);

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// A member of an object.
    Key(String),
    /// An element of an array, counted from 0.
    Index(usize),
}

impl Pattern {
    /// Where a value does not match; `path` is the position of the value.
    pub fn differences(&self, path: &Path, came: Option<&Value>) -> Vec<Difference> {
        match (self, came) {
            (Self::Absent, None) => Vec::new(),
            (Self::Any(kind), Some(value)) if kind.fits(value) => Vec::new(),
            (Self::Exactly(expected), Some(value)) if same(expected, value) => Vec::new(),
            (Self::Array(expected), Some(Value::Array(elements)))
                if expected.len() == elements.len() =>
            {
                let pairs = expected.iter().zip(elements).enumerate();
                pairs
                    .flat_map(|(index, (part, value))| {
                        part.differences(&path.to(At::Index(index)), Some(value))
                    })
                    .collect()
            }
            (Self::Object(parts), Some(Value::Object(fields))) => {
                let part = |(key, part): &(String, Self)| {
                    part.differences(&path.to(At::Key(key.clone())), fields.get(key))
                };
                parts.iter().flat_map(part).collect()
            }
            _ => vec![Difference {
                path: path.clone(),
                expected: self.written(),
                came: came.cloned(),
            }],
        }
    }

    /// A pattern that matches this value only, except that objects may have more members.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Array(elements) => Self::Array(elements.iter().map(Self::of).collect()),
            Value::Object(fields) => Self::Object(
                fields.iter().map(|(key, value)| (key.clone(), Self::of(value))).collect(),
            ),
            scalar => Self::Exactly(scalar.clone()),
        }
    }

    /// The pattern as written in a scenario, with words such as `$string` for kinds.
    pub fn written(&self) -> Value {
        match self {
            Self::Exactly(value) => escaped(value),
            Self::Any(kind) => Value::from(kind.word()),
            Self::Absent => Value::from(ABSENT),
            Self::Array(parts) => parts.iter().map(Self::written).collect(),
            Self::Object(parts) => parts
                .iter()
                .map(|(key, part)| (key.clone(), part.written()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }
}

impl Kind {
    /// The word that stands for the kind, such as `$string`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Value => "$any",
            Self::Text => "$string",
            Self::Number => "$number",
            Self::Boolean => "$boolean",
            Self::Array => "$array",
            Self::Object => "$object",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Value => true,
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }

    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Value, Self::Text, Self::Number, Self::Boolean, Self::Array, Self::Object];
}

impl Path {
    /// The position one step further.
    pub fn to(&self, at: At) -> Self {
        Self([&self.0[..], &[at]].concat())
    }

    /// The position of a top-level key.
    pub fn key(key: &str) -> Self {
        Self(vec![At::Key(key.to_owned())])
    }

    /// The steps, the outermost first.
    pub fn steps(&self) -> &[At] {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|at| match at {
            At::Key(key) => write!(f, "/{}", key.replace('~', "~0").replace('/', "~1")),
            At::Index(index) => write!(f, "/{index}"),
        })
    }
}

/// A value as written in a scenario. A text that begins with `$` gets another one, because `$`
/// starts a word. Null is a word, because TOML has no null.
pub(super) fn escaped(value: &Value) -> Value {
    match value {
        Value::Null => Value::from(NULL),
        Value::String(text) if text.starts_with('$') => Value::from(format!("${text}")),
        Value::Array(elements) => elements.iter().map(escaped).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), escaped(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// JSON has one kind of number: 1 and 1.0 are equal.
fn same(expected: &Value, came: &Value) -> bool {
    match (expected, came) {
        (Value::Number(a), Value::Number(b)) => {
            whole(a).zip(whole(b)).map_or_else(|| a.as_f64() == b.as_f64(), |(a, b)| a == b)
        }
        _ => expected == came,
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// The word for a value that must be absent.
pub(super) const ABSENT: &str = "$absent";

/// The word for null.
pub(super) const NULL: &str = "$null";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::scenarios::tests::any_json;

    #[test]
    fn objects_are_compared_by_their_named_parts_and_arrays_as_a_whole() {
        let pattern = Pattern::of(&json!({"a": {"b": 1}, "list": [{"id": "x"}, 2]}));

        assert_eq!(
            pointers(
                &pattern,
                &json!({"a": {"b": 1.0, "c": 2}, "list": [{"id": "x", "t": 1}, 2], "d": 3})
            ),
            [""; 0]
        );
        assert_eq!(
            pointers(&pattern, &json!({"a": {"b": "1"}, "list": [{"id": "y"}, 2]})),
            ["/a/b", "/list/0/id"]
        );
        assert_eq!(pointers(&pattern, &json!({"a": [], "list": [{"id": "x"}]})), ["/a", "/list"]);
        assert_eq!(pointers(&pattern, &json!({"list": [{"id": "x"}, 2, 3]})), ["/a", "/list"]);
        assert_eq!(pointers(&pattern, &json!(7)), [""]);
    }

    #[test]
    fn words_stand_for_kinds_and_for_nothing() {
        let examples = [json!(null), json!("x"), json!(1.5), json!(false), json!([1]), json!({})];
        for kind in Kind::ALL {
            let fitting: Vec<_> = examples
                .iter()
                .filter(|value| pointers(&Pattern::Any(kind), value).is_empty())
                .collect();
            assert_eq!(fitting.len(), if kind == Kind::Value { 6 } else { 1 }, "{kind:?}");
        }
        let absent = Pattern::Object(vec![("a".to_owned(), Pattern::Absent)]);
        assert!(pointers(&absent, &json!({"b": 1})).is_empty());
        assert_eq!(pointers(&absent, &json!({"a": null})), ["/a"]);
        assert_eq!(
            Pattern::Any(Kind::Value).differences(&Path::default(), None).len(),
            1,
            "nothing is not any value"
        );
    }

    #[test]
    fn a_pointer_is_written_as_the_standard_says() {
        let path = Path::key("a/b").to(At::Index(0)).to(At::Key("~".to_owned()));
        assert_eq!(path.to_string(), "/a~1b/0/~0");
    }

    fn pointers(pattern: &Pattern, came: &Value) -> Vec<String> {
        let differences = pattern.differences(&Path::default(), Some(came));
        differences.into_iter().map(|difference| difference.path.to_string()).collect()
    }

    proptest! {
        #[test]
        fn every_value_is_like_itself_and_like_what_has_less(value in any_json()) {
            prop_assert_eq!(pointers(&Pattern::of(&value), &value), [""; 0]);
            if let Value::Object(fields) = &value {
                let fewer: Map<_, _> = fields.iter().skip(1).map(|(key, value)| (key.clone(), value.clone())).collect();
                prop_assert_eq!(pointers(&Pattern::of(&fewer.into()), &value), [""; 0]);
            }
        }

        #[test]
        fn a_difference_points_at_what_differs(expected in any_json(), came in any_json()) {
            for difference in Pattern::of(&expected).differences(&Path::default(), Some(&came)) {
                let pointer = difference.path.to_string();
                prop_assert_eq!(came.pointer(&pointer), difference.came.as_ref());
                prop_assert_eq!(expected.pointer(&pointer).map(escaped), Some(difference.expected));
            }
        }
    }
}
