//! Patterns that also match what came another time.

use serde_json::Value;

use super::pattern::{Kind, Path, Pattern};

impl Pattern {
    /// The narrowest pattern that matches whatever this one does, and this value too. A member that
    /// the value lacks is no longer compared.
    pub(super) fn widened(self, came: &Value) -> Self {
        if self.differences(&Path::default(), Some(came)).is_empty() {
            return self;
        }
        match (self, came) {
            (Self::Object(parts), Value::Object(members)) => {
                let part = |(name, part): (String, Self)| {
                    let widened = part.widened(members.get(&name)?);
                    Some((name, widened))
                };
                Self::Object(parts.into_iter().filter_map(part).collect())
            }
            (Self::Array(parts), Value::Array(elements)) if parts.len() == elements.len() => {
                let pairs = parts.into_iter().zip(elements);
                Self::Array(pairs.map(|(part, element)| part.widened(element)).collect())
            }
            (own, came) => {
                let kind = Kind::of(came).filter(|kind| own.kind() == Some(*kind));
                Self::Any(kind.unwrap_or(Kind::Value))
            }
        }
    }

    /// The kind of all values that match.
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Exactly(value) => Kind::of(value),
            Self::Any(kind) => Some(*kind),
            Self::Array(_) => Some(Kind::Array),
            Self::Object(_) => Some(Kind::Object),
            Self::Absent => None,
        }
    }
}

impl Kind {
    /// The kind of a value; null has none.
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::tests::any_json;
    use super::*;

    #[test]
    fn what_differs_is_a_word_and_what_is_the_same_stays() {
        for (one, other, expected) in [
            (json!({"a": 1, "b": "x"}), json!({"a": 1, "b": "y"}), json!({"a": 1, "b": "$string"})),
            (json!({"a": 1, "b": 2}), json!({"a": 1}), json!({"a": 1})),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), json!({"a": 1})),
            (json!([1, [true]]), json!([2, [false]]), json!(["$number", ["$boolean"]])),
            (json!([1]), json!([1, 2]), json!("$array")),
            (json!([{"id": "a"}]), json!([{"id": "b"}]), json!([{"id": "$string"}])),
            (json!({"a": null}), json!({"a": 1}), json!({"a": "$any"})),
            (json!({"a": {}}), json!({"a": []}), json!({"a": "$any"})),
            (json!("$5"), json!("$5"), json!("$$5")),
        ] {
            assert_eq!(Pattern::of(&one).widened(&other).written(), expected, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn a_widened_pattern_matches_each_value(one in any_json(), two in any_json(), three in any_json()) {
            let pattern = Pattern::of(&one).widened(&two).widened(&three);

            for value in [one, two, three] {
                let differences = pattern.differences(&Path::default(), Some(&value));
                prop_assert_eq!(differences, Vec::new());
            }
        }
    }
}
