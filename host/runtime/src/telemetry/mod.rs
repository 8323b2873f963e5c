//! Logs: where they go and how an error is written. Metrics: what is counted.

mod budget_metrics;
mod log;
mod metrics;
mod plugin_metrics;
mod summary;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::fmt::Write;
use std::io::{self, IsTerminal, stderr};
use std::panic::PanicHookInfo;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::EnvFilter;

use self::log::LogWriter;

pub use budget_metrics::BudgetSeries;
pub use metrics::{AdminRefusal, Listener, METRICS_MEDIA_TYPE, Metrics};
pub use plugin_metrics::{CallUsage, FlowSeries, FlowVersion, PluginMetrics};
pub use summary::Summary;

/// Sends the program's log, panics included, to standard error: whoever logs never waits and never fails, whatever stands behind that.
/// `filter` is in the syntax of `tracing_subscriber::EnvFilter`; one that can't be read is replaced by `info`. A second call does
/// nothing.
pub fn init(filter: &str, json: bool) -> io::Result<()> {
    if LOG.get().is_some() {
        return Ok(());
    }
    let log = LOG.get_or_init({
        let log = LogWriter::start(stderr(), LOST_LINES.clone())?;
        || log
    });
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // Its own complaints would go to standard error the direct way, and panic there.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    let builder = builder.with_ansi(stderr().is_terminal()).with_writer(|| log.clone());
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Puts a line that is not the log's among its own, so that it doesn't wait either. Gives whether there is a log.
pub fn put_beside_the_log(line: &str) -> bool {
    LOG.get().inspect(|log| log.put(line.as_bytes())).is_some()
}

/// Before the process ends: waits until the log is written, if somebody takes it.
pub fn finish_log() {
    if let Some(log) = LOG.get() {
        log.finish(LAST_LINES_TIME);
    }
}

/// The hook of the standard library writes to standard error itself, and waits there with what panicked.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let (said, place) = (panic.payload_as_str().unwrap_or("no text"), panic.location().map(ToString::to_string));
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let said = printable(said, PANIC_BYTES);
    tracing::error!(thread = thread.name(), place, said, backtrace, "a panic: this is a bug of Flowhost");
}

/// The log is the process's, whatever number of hosts is in it.
static LOG: OnceLock<LogWriter> = OnceLock::new();

/// Lines of the log that were not written.
static LOST_LINES: LazyLock<Counter> = LazyLock::new(Counter::default);

/// Somebody who reads has them by then.
const LAST_LINES_TIME: Duration = Duration::from_secs(1);

const PANIC_BYTES: usize = 1000;

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
