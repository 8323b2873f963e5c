//! What was probably meant by a name that there is not.

use std::fmt;

/// What to do about a name that there is not. It is looked for when it is shown.
pub(super) fn instead<'n>(written: &'n str, names: impl Iterator<Item = &'n str> + Clone) -> impl fmt::Display {
    fmt::from_fn(move |f| match meant(written, names.clone()) {
        Some(meant) => write!(f, "write `{meant}`"),
        None => f.write_str("take it out"),
    })
}

/// The name that is written otherwise (`onClickAction`, `on_click_action`) or nearly so, if there is one.
pub(super) fn meant<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if written.len() > MAX_LENGTH {
        return None;
    }
    let plain = plain(written);
    let near = |name: &&'n str| distance(&plain, &self::plain(name)) <= if plain.len() < 5 { 1 } else { 2 };
    names.filter(near).min_by_key(|name| distance(&plain, &self::plain(name)))
}

/// Small letters and digits, without what words are joined by.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

/// How many letters have to be changed, put in or taken out.
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
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(meant(written, names.into_iter()), expected, "{written}");
        }
    }
}
