//! Texts in URLs.

use std::fmt::Write as _;

/// A text as a value in a query.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            // Writing to a string can't fail.
            byte => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// A path with those of these values that are set.
pub fn with_query(path: &str, values: &[(&str, &str)]) -> String {
    let set = values.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<_> = set.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_text_has_it_stays_one_value() {
        assert_eq!(
            with_query("/x", &[("q", "a b&c=\"ä"), ("empty", "")]),
            "/x?q=a%20b%26c%3D%22%C3%A4"
        );
        assert_eq!(with_query("/x", &[("q", "")]), "/x");
    }
}
