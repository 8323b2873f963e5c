//! How much of everything a run makes.

use std::fmt;

use flowhost_tests::measure::{number_setting, setting};

/// What `FLOWHOST_GROWTH_*` says.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Tenants of the large database.
    pub(crate) tenants: u32,
    /// Different components among them.
    pub(crate) components: u32,
    /// Different key pairs among them.
    pub(crate) keys: u32,
    /// Ended sessions of the database with old rows.
    pub(crate) old_sessions: u64,
    /// How long each figure is taken.
    pub(crate) seconds: u32,
    /// How often the rows of a table take turns.
    pub(crate) rounds: u32,
    /// How often all tables are measured.
    pub(crate) runs: u32,
    /// PostgreSQL's own cache, as its setting is written; `None` is what PostgreSQL sets.
    pub(crate) shared_buffers: Option<&'static str>,
}

impl Sizes {
    pub(crate) fn of_environment() -> Self {
        let tenants = number("TENANTS", 10_000).max(FEW_TENANTS);
        Self {
            tenants,
            components: number("COMPONENTS", 500).clamp(1, tenants),
            keys: number("KEYS", 200).clamp(1, tenants),
            old_sessions: number("OLD_SESSIONS", 1_000_000).into(),
            seconds: number("SECONDS", 5).max(1),
            rounds: number("ROUNDS", 3).max(1),
            runs: number("RUNS", 1).max(1),
            shared_buffers: setting("FLOWHOST_GROWTH_SHARED_BUFFERS").map(|text| &*text.leak()),
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenants, components, keys, old_sessions, seconds, rounds, runs, shared_buffers } =
            self;
        let buffers = shared_buffers.unwrap_or("as it is set at first");
        write!(
            out,
            "{tenants} tenants with {components} components and {keys} key pairs given out in turns, {old_sessions} old sessions; {seconds} s a figure, {rounds} rounds, {runs} runs; PostgreSQL's shared_buffers {buffers}"
        )
    }
}

fn number(name: &str, default: u32) -> u32 {
    number_setting(&format!("FLOWHOST_GROWTH_{name}"), default)
}

/// Tenants of the small database.
pub(crate) const FEW_TENANTS: u32 = 10;

/// The database with [`FEW_TENANTS`].
pub(crate) const FEW: &str = "few";

/// The database with all tenants.
pub(crate) const MANY: &str = "many";
