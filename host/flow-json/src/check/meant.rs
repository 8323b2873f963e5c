//! Suggests the name that the author probably meant.

use std::fmt;

/// Advice about an unknown name. The search runs only when the message is formatted.
pub(super) fn instead<'n>(
    written: &'n str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> impl fmt::Display {
    fmt::from_fn(move |f| match meant(written, names.clone()) {
        Some(meant) => write!(f, "write `{meant}`"),
        None => f.write_str("take it out"),
    })
}

/// The known name that differs only in style (`onClickAction`, `on_click_action`) or by a few
/// letters, if any.
pub(super) fn meant<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if written.len() > MAX_LENGTH {
        return None;
    }
    let plain = plain(written);
    let near = |name: &&'n str| {
        distance(&plain, &self::plain(name)) <= if plain.len() < 5 { 1 } else { 2 }
    };
    names.filter(near).min_by_key(|name| distance(&plain, &self::plain(name)))
}

/// Lower-case letters and digits, without separators.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

/// The edit distance: how many letters must be changed, inserted or removed.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, left) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (to, right) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[to + 1];
            row[to + 1] = changed.min(diagonal + 1).min(row[to] + 1);
        }
    }
    row[other.len()]
}

/// No name of Meta's is longer.
const MAX_LENGTH: usize = 40;

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
            ("nmae", None),
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
    }
}
