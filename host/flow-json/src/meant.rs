//! Suggests the name that the author probably meant.

use std::fmt;

use serde_json::{Map, Value};

/// Advice about an unknown name. The search runs only when the message is formatted.
pub(crate) fn instead<'n>(
    written: &'n str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> impl fmt::Display {
    fmt::from_fn(move |f| match meant(written, names.clone()) {
        Some(meant) => write!(f, "write `{meant}`"),
        None => f.write_str("take it out"),
    })
}

/// Whether an object lacks this one of its `keys`, and has it misspelled.
pub(crate) fn is_misspelled(members: &Map<String, Value>, keys: &[&str], name: &str) -> bool {
    let stands_for_it = |key: &String| {
        !keys.contains(&key.as_str()) && meant(key, keys.iter().copied()) == Some(name)
    };
    members.len() <= MAX_KEYS && !members.contains_key(name) && members.keys().any(stands_for_it)
}

/// The known name that differs from the written one only in style (`onClickAction` and
/// `on_click_action` for `on-click-action`) or by one or two letters; `None` if there is none, or if
/// more than 40 bytes are written.
pub fn meant<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if written.len() > MAX_LENGTH {
        return None;
    }
    let plain = plain(written);
    let most = match plain.len() {
        0..=1 => 0,
        2..=4 => 1,
        _ => 2,
    };
    let near = |name: &&'n str| distance(&plain, &self::plain(name)) <= most;
    names.filter(near).min_by_key(|name| distance(&plain, &self::plain(name)))
}

/// Lower-case letters and digits, without separators.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

/// The edit distance: how many letters must be changed, inserted or removed, or swapped with the
/// next one.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, left) in one.iter().enumerate() {
        let mut next = vec![at + 1; other.len() + 1];
        for (to, right) in other.iter().enumerate() {
            let changed = row[to] + usize::from(left != right);
            next[to + 1] = changed.min(row[to + 1] + 1).min(next[to] + 1);
            let is_swapped = at > 0 && to > 0 && *left == other[to - 1] && one[at - 1] == *right;
            if is_swapped {
                next[to + 1] = next[to + 1].min(before[to - 1] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[other.len()]
}

/// No name of Meta's is longer.
const MAX_LENGTH: usize = 40;

/// No object of Meta's has more keys.
const MAX_KEYS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_recognised() {
        let names = ["on-click-action", "on-select-action", "label", "data-source", "name"];
        for (written, expected) in [
            ("onClickAction", Some("on-click-action")),
            ("on_click_action", Some("on-click-action")),
            ("on-clik-action", Some("on-click-action")),
            ("lable", Some("label")),
            ("datasource", Some("data-source")),
            ("Name", Some("name")),
            ("datasuorce", Some("data-source")),
            ("xxname", Some("name")),
            ("nmae", Some("name")),
            ("nmea", None),
            ("xxxname", None),
            ("namexxx", None),
            ("onclick", None),
            ("on--------------------------click-action", Some("on-click-action")),
            ("on---------------------------click-action", None),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(meant(written, names.into_iter()), expected, "{written}");
        }
        assert_eq!(meant("C", ["A", "c"].into_iter()), Some("c"));
    }
}
