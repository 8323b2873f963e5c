//! Texts that may be customers'.

use maud::{Markup, html};

/// A text that may be a customer's.
#[derive(Clone, PartialEq, Eq)]
pub enum Said {
    /// The text.
    Open(String),
    /// How many characters it has.
    Masked(usize),
}

impl Said {
    /// The text, or that there is one.
    pub(crate) fn draw(&self) -> Markup {
        match self {
            Self::Open(text) => html! { pre.said { (text) } },
            Self::Masked(1) => html! { p.masked { "1 character, masked" } },
            Self::Masked(count) => html! { p.masked { (count) " characters, masked" } },
        }
    }
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said")
    }
}
