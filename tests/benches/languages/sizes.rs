//! How much of everything a run makes.

use std::fmt;

use flowhost_tests::measure::number_setting;

/// What `FLOWHOST_LANGUAGES_*` says.
pub(crate) struct Sizes {
    /// Tenants with a component each, of each language.
    pub(crate) rust: u32,
    pub(crate) typescript: u32,
    pub(crate) starlingmonkey: u32,
    pub(crate) python: u32,
    /// How long each figure through the whole host is taken.
    pub(crate) seconds: u32,
    /// How many calls each figure in the runtime is taken of.
    pub(crate) calls: u32,
    /// How often the languages take turns.
    pub(crate) rounds: u32,
}

impl Sizes {
    pub(crate) fn of_environment() -> Self {
        let number =
            |name, default| number_setting(&format!("FLOWHOST_LANGUAGES_{name}"), default).max(1);
        Self {
            rust: number("RUST", 40),
            typescript: number("TYPESCRIPT", 40),
            starlingmonkey: number("STARLINGMONKEY", 4),
            python: number("PYTHON", 4),
            seconds: number("SECONDS", 5),
            calls: number("CALLS", 1_000),
            rounds: number("ROUNDS", 3),
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, calls, rounds, .. } = self;
        write!(out, "{seconds} s or {calls} calls a figure, {rounds} rounds")
    }
}
