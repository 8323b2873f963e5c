//! Logs: where they go and how an error is written. Metrics: what is counted.

mod budget_metrics;
mod metrics;
mod plugin_metrics;

use std::error::Error;
use std::fmt::Write;
use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

pub use budget_metrics::BudgetSeries;
pub use metrics::{AdminRefusal, Listener, METRICS_MEDIA_TYPE, Metrics};
pub use plugin_metrics::{CallUsage, FlowSeries, FlowVersion, PluginMetrics};

/// Sends the program's log to standard error. `filter` is in the syntax of `tracing_subscriber::EnvFilter`; one that can't be read
/// is replaced by `info`. A second call does nothing.
pub fn init(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(stderr().is_terminal()).with_writer(stderr);
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}

/// An error with everything that led to it, on one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}

/// Whose fault a failure is, so that a dashboard can tell a bad plugin from a bad host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The plugin.
    Guest,
    /// This host or its database.
    Host,
    /// Whoever sent the request.
    Peer,
}

impl Blame {
    /// The blame as it stands in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Host => "host",
            Self::Peer => "peer",
        }
    }
}

/// Text of a stranger, fit for a log: at most `bytes` long, control characters escaped.
pub fn printable(text: &str, bytes: usize) -> String {
    let cut = &text[..text.floor_char_boundary(bytes)];
    let mut printable: String = cut.chars().flat_map(escape).collect();
    if cut.len() < text.len() {
        printable.push('…');
    }
    printable
}

fn escape(character: char) -> impl Iterator<Item = char> {
    let escaped = steers(character).then(|| character.escape_default());
    let plain = (!steers(character)).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

/// Whether a character controls a terminal, ends a line, or changes the direction in which the rest is read.
pub fn steers(character: char) -> bool {
    let direction_or_line = '\u{2028}'..='\u{202e}';
    let isolate = '\u{2066}'..='\u{2069}';
    let mark = ['\u{61c}', '\u{200e}', '\u{200f}'];
    character.is_control() || direction_or_line.contains(&character) || isolate.contains(&character) || mark.contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_can_not_forge_log_lines() {
        assert_eq!(printable("a\n\u{1b}[31mé", 100), "a\\n\\u{1b}[31mé");
        assert_eq!(printable("a\u{9b}m\u{2028}\u{202e}b\u{2066}", 100), "a\\u{9b}m\\u{2028}\\u{202e}b\\u{2066}");
        assert_eq!(printable("aéé", 4), "aé…");
    }
}
