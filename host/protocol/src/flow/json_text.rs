//! JSON escapes that do not stand for text: half of a surrogate pair, which a client writes when it
//! cuts a text in the middle of an emoji, and U+0000, which PostgreSQL does not store as text.

use std::borrow::Cow;
use std::iter::from_fn;

/// The same JSON with U+FFFD in place of each half of a surrogate pair.
pub(crate) fn readable(json: &str) -> Cow<'_, str> {
    let (mut readable, mut done) = (String::new(), 0);
    for at in no_text(json).filter_map(|(at, unit)| (unit != 0).then_some(at)) {
        readable.push_str(&json[done..at]);
        readable.push_str(REPLACEMENT);
        done = at + ESCAPE_BYTES;
    }
    match done {
        0 => Cow::Borrowed(json),
        _ => Cow::Owned(readable + &json[done..]),
    }
}

/// The first escape that stands for half of a pair or for U+0000, as it is written there.
pub fn first_not_text(json: &str) -> Option<&str> {
    no_text(json).next().map(|(at, _)| &json[at..at + ESCAPE_BYTES])
}

/// The positions of such escapes, with their UTF-16 units. In JSON, backslashes occur only in
/// strings. For text that is not JSON the result has no meaning.
fn no_text(json: &str) -> impl Iterator<Item = (usize, u16)> {
    let mut looked_at = 0;
    from_fn(move || {
        loop {
            let at = looked_at + json.get(looked_at..)?.find('\\')?;
            looked_at = at + ESCAPE_BYTES;
            match unit_at(json, at) {
                // Another escape, such as an escaped backslash.
                None => looked_at = at + 2,
                Some(HIGH_FIRST..=HIGH_LAST)
                    if unit_at(json, looked_at)
                        .is_some_and(|next| (LOW_FIRST..=LOW_LAST).contains(&next)) =>
                {
                    looked_at += ESCAPE_BYTES;
                }
                Some(unit @ (0 | HIGH_FIRST..=LOW_LAST)) => return Some((at, unit)),
                Some(_) => {}
            }
        }
    })
}

/// The UTF-16 unit of the escape that begins at `at`.
fn unit_at(json: &str, at: usize) -> Option<u16> {
    let digits = json.as_bytes().get(at..at + ESCAPE_BYTES)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

const REPLACEMENT: &str = "\\ufffd";

/// A backslash, the `u` and four digits.
const ESCAPE_BYTES: usize = REPLACEMENT.len();

/// The first and the second halves of surrogate pairs. A second half follows a first one.
const HIGH_FIRST: u16 = 0xd800;
const HIGH_LAST: u16 = 0xdbff;
const LOW_FIRST: u16 = 0xdc00;
const LOW_LAST: u16 = 0xdfff;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_of_pairs_are_replaced_and_nothing_else() {
        for (json, expected) in [
            (r#""Ana \ud83c""#, r#""Ana \ufffd""#),
            (r#""\uDF89 Ana""#, r#""\ufffd Ana""#),
            (r#""\ud83c\udf89""#, r#""\ud83c\udf89""#),
            (r#""\udf89\ud83c""#, r#""\ufffd\ufffd""#),
            (r#""\ud83c\ud83c\udf89""#, r#""\ufffd\ud83c\udf89""#),
            (r#""\ud83c\udf89\udf89""#, r#""\ud83c\udf89\ufffd""#),
            (r#""\ud83c\n""#, r#""\ufffd\n""#),
            (r#""\ud83cudf89""#, r#""\ufffdudf89""#),
            (r#""\\ud83c""#, r#""\\ud83c""#),
            (r#""\\\ud83c""#, r#""\\\ufffd""#),
            (r#""\\\\ud83c\"\ud83c""#, r#""\\\\ud83c\"\ufffd""#),
            (r#"{"\ud83c":["\udf89"]}"#, r#"{"\ufffd":["\ufffd"]}"#),
            (r#""\u00e9\u0001\uffff\ud7ff\ue000""#, r#""\u00e9\u0001\uffff\ud7ff\ue000""#),
        ] {
            assert_eq!(readable(json), expected, "{json}");
            assert_eq!(first_not_text(json).is_some(), json != expected, "{json}");
            // Most requests have no such escape, and are not copied.
            assert_eq!(matches!(readable(json), Cow::Borrowed(_)), json == expected, "{json}");
            assert!(serde_json::from_str::<serde_json::Value>(expected).is_ok(), "{expected}");
        }
        assert_eq!(first_not_text(r#""\ud83c\udf89 \uDF89""#), Some(r"\uDF89"));
    }

    #[test]
    fn u_0000_is_found_and_stays() {
        let json = r#"{"a":"\\u0000","b":"\u0000"}"#;
        assert_eq!((first_not_text(json), readable(json).as_ref()), (Some(r"\u0000"), json));
        assert_eq!(first_not_text(r#""\\u0000""#), None);
    }

    #[test]
    fn what_is_cut_or_no_json_is_no_panic() {
        for text in [
            "\\",
            "\\u",
            "\\u0",
            "\\ud83c",
            "\\ud83c\\",
            "\\ud83c\\u",
            "\\é",
            "\\ué000",
            "\\u+000",
            "\\u000é",
        ] {
            readable(text);
        }
    }

    proptest! {
        #[test]
        fn a_text_of_any_utf16_units_can_be_read(units in proptest::collection::vec(any::<u16>(), 0..40), every in any::<bool>()) {
            let escaped = |unit: &u16| match char::from_u32((*unit).into()) {
                Some(char) if !every && !char.is_control() && !"\"\\".contains(char) => char.to_string(),
                _ => format!("\\u{unit:04x}"),
            };
            let json = format!("\"{}\"", units.iter().map(escaped).collect::<String>());

            let text: String = serde_json::from_str(&readable(&json)).unwrap();

            prop_assert_eq!(text, String::from_utf16_lossy(&units));
        }
    }
}
