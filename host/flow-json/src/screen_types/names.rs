//! How generated types are called, in whatever language.

use std::collections::HashSet;

/// Makes names unique.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// Starts with these names taken.
    pub fn with(taken: &[&str]) -> Self {
        Self(taken.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Takes `wanted`, or if it is taken, `wanted` with a number.
    pub fn take(&mut self, wanted: &str) -> String {
        let numbered = (2..).map(|number| format!("{wanted}{number}"));
        let free = std::iter::once(wanted.to_owned())
            .chain(numbered)
            .find(|name| !self.0.contains(name))
            .expect("numbers don't end");
        self.0.insert(free.clone());
        free
    }
}

/// Turns `MY_SCREEN`, `my_screen` and `myScreen` into `MyScreen`.
pub fn type_name(name: &str) -> String {
    let words = name.split(|char: char| !char.is_ascii_alphanumeric());
    let camel: String = words.filter(|word| !word.is_empty()).map(capitalised).collect();
    match camel.chars().next() {
        None => "Unnamed".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("N{camel}"),
        Some(_) => camel,
    }
}

fn capitalised(word: &str) -> String {
    let is_shouted = word.chars().all(|char| !char.is_ascii_lowercase());
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase()
        + &if is_shouted { rest.to_ascii_lowercase() } else { rest.to_owned() }
}
