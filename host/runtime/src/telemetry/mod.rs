//! Logs: where they go and how an error is written. Metrics: what is counted.

mod budget_metrics;
mod group_metrics;
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
pub use group_metrics::GroupSeries;
pub use metrics::{AdminRefusal, Listener, METRICS_MEDIA_TYPE, Metrics};
pub use plugin_metrics::{CallUsage, FlowSeries, FlowVersion, PluginMetrics};
pub use summary::Summary;

/// Sends the program's log, panics included, to standard error. Logging never waits and never
/// fails, whatever reads the log. `filter` has the syntax of `tracing_subscriber::EnvFilter`; a
/// filter that cannot be parsed is replaced by `info`. A second call does nothing.
pub fn init(filter: &str, json: bool) -> io::Result<()> {
    if LOG.get().is_some() {
        return Ok(());
    }
    let log = LOG.get_or_init({
        let log = LogWriter::start(stderr(), LOST_LINES.clone())?;
        || log
    });
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // The subscriber would write its own errors straight to standard error, and panic if that
    // fails.
    let builder = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    let builder = builder.with_ansi(stderr().is_terminal()).with_writer(|| log.clone());
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Queues a line that is not a log event among the log's own, so that it does not wait either.
/// Returns whether there is a log.
pub fn put_beside_the_log(line: &str) -> bool {
    LOG.get().inspect(|log| log.put(line.as_bytes())).is_some()
}

/// Waits until the log is written, at most for a second. To be called before the process ends.
pub fn finish_log() {
    if let Some(log) = LOG.get() {
        log.finish(LAST_LINES_TIME);
    }
}

/// Replaces the standard library's hook, which writes to standard error itself and blocks the
/// panicking thread there.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let (said, place) =
        (panic.payload_as_str().unwrap_or("no text"), panic.location().map(ToString::to_string));
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let said = printable(said, PANIC_BYTES);
    tracing::error!(
        thread = thread.name(),
        place,
        said,
        backtrace,
        "a panic: this is a bug of Flowhost"
    );
}

/// One log per process, however many hosts run in it.
static LOG: OnceLock<LogWriter> = OnceLock::new();

/// Lines of the log that were not written.
static LOST_LINES: LazyLock<Counter> = LazyLock::new(Counter::default);

/// A reader that still reads has taken them by then.
const LAST_LINES_TIME: Duration = Duration::from_secs(1);

const PANIC_BYTES: usize = 1000;

/// An error and all its sources, on one line.
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
    /// The sender of the request.
    Peer,
}

impl Blame {
    /// The name used in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Host => "host",
            Self::Peer => "peer",
        }
    }
}

/// Untrusted text made fit for a log: at most `bytes` bytes of it, with control characters escaped.
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

/// Whether a character controls a terminal, ends a line, or changes the direction in which the rest
/// is read.
pub fn steers(character: char) -> bool {
    let direction_or_line = '\u{2028}'..='\u{202e}';
    let isolate = '\u{2066}'..='\u{2069}';
    let mark = ['\u{61c}', '\u{200e}', '\u{200f}'];
    character.is_control()
        || direction_or_line.contains(&character)
        || isolate.contains(&character)
        || mark.contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_can_not_forge_log_lines() {
        assert_eq!(printable("a\n\u{1b}[31mé", 100), "a\\n\\u{1b}[31mé");
        assert_eq!(
            printable("a\u{9b}m\u{2028}\u{202e}b\u{2066}", 100),
            "a\\u{9b}m\\u{2028}\\u{202e}b\\u{2066}"
        );
        assert_eq!(printable("aéé", 4), "aé…");
    }
}
