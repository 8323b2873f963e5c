//! The import `log`: a plugin's lines, bounded and escaped. At the end of the call they go to the
//! [`LogKeeper`](crate::plugins::LogKeeper); the host's own log has them under the target `plugin`,
//! at level debug.

use time::OffsetDateTime;

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::log::{Host, Level};
use crate::plugins::{Call, CallLines, LogLine, Services};
use crate::telemetry::printable;
use flowhost_protocol::flow::LogLevel;
use flowhost_protocol::ids::{RequestId, Scope};

/// The lines of one call.
#[derive(Debug)]
pub(crate) struct CallLog {
    scope: Scope,
    version: i32,
    request: Option<RequestId>,
    lines: Vec<LogLine>,
    dropped: u32,
    panic: Option<Panic>,
}

/// A panic, as Rust tells it on standard error:
///
/// ```text
/// thread '<unnamed>' (1) panicked at src/lib.rs:33:5:
/// no table is free
/// note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
/// ```
#[derive(Debug)]
pub(super) struct Panic {
    pub(super) first_line: String,
    /// File, line and column.
    pub(super) place: String,
    /// The lines after it, without the note, which is of no use here.
    pub(super) message: String,
}

impl CallLog {
    pub(crate) fn new(call: &Call) -> Self {
        Self {
            scope: call.plugin.scope,
            version: call.plugin.version(),
            request: call.request,
            lines: Vec::new(),
            dropped: 0,
            panic: None,
        }
    }

    /// Writes a line about the end of a call, such as a panic's message, even if the limit of lines
    /// is reached.
    pub(crate) fn write_last(&mut self, level: LogLevel, message: &str) {
        if !message.is_empty() {
            self.keep(level, message);
        }
    }

    /// Writes a line of standard output.
    pub(super) fn write_output(&mut self, line: &str) {
        if !line.is_empty() {
            self.write(LogLevel::Info, line);
        }
    }

    /// Writes a line of standard error. From the first line of a panic on they are kept back, since
    /// they belong to the reason of the failure.
    pub(super) fn write_error_output(&mut self, line: &str) {
        match &mut self.panic {
            Some(panic) => panic.go_on(line),
            None => match Panic::beginning(line) {
                Some(panic) => self.panic = Some(panic),
                None => self.write_output(line),
            },
        }
    }

    /// The panic that the plugin told of.
    pub(super) fn panic(&self) -> Option<&Panic> {
        self.panic.as_ref()
    }

    pub(super) fn take_panic(&mut self) -> Option<Panic> {
        self.panic.take()
    }

    /// Hands the lines to the host's log, and to whoever tries the plugin.
    pub(crate) fn hand_over(&mut self, call: &Call, services: &Services) {
        if let Some(lines) = self.take() {
            call.purpose.tally().iter().for_each(|tally| tally.said(&lines));
            services.logs.keep(lines);
        }
    }

    /// Takes the lines to be kept. `None` if there are none.
    pub(super) fn take(&mut self) -> Option<CallLines> {
        if self.lines.is_empty() {
            return None;
        }
        let (lines, dropped) = (std::mem::take(&mut self.lines), std::mem::take(&mut self.dropped));
        Some(CallLines {
            scope: self.scope,
            version: self.version,
            request: self.request,
            lines,
            dropped,
        })
    }

    fn write(&mut self, level: LogLevel, message: &str) {
        if self.lines.len() < MAX_LINES {
            self.keep(level, message);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    fn keep(&mut self, level: LogLevel, message: &str) {
        let message = escaped(message);
        let (tenant, flow) = (self.scope.tenant, self.scope.flow);
        // A plugin's lines may hold a customer's data, so they are logged at level debug, whatever
        // level the plugin chose.
        tracing::event!(target: "plugin", tracing::Level::DEBUG, tenant.id = %tenant, flow.id = %flow, level = level.as_str(), "{message}");
        self.lines.push(LogLine { level, at: OffsetDateTime::now_utc(), message });
    }
}

impl Panic {
    fn beginning(line: &str) -> Option<Self> {
        let (_, place) = line.strip_prefix("thread '")?.rsplit_once(" panicked at ")?;
        let place = place.strip_suffix(':')?.to_owned();
        Some(Self { first_line: line.to_owned(), place, message: String::new() })
    }

    fn go_on(&mut self, line: &str) {
        if !line.starts_with("note: run with `RUST_BACKTRACE")
            && self.message.len() < MAX_LINE_BYTES
        {
            let separator = if self.message.is_empty() { "" } else { "\n" };
            self.message.extend([separator, line]);
        }
    }
}

impl Host for CallState {
    async fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.log().write(level.into(), &message);
        Ok(())
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace => Self::Trace,
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

/// Escaping makes a text up to six times as long. The limit holds for the escaped text.
pub(super) fn escaped(message: &str) -> String {
    let mut text = printable(message, MAX_LINE_BYTES);
    if text.len() > MAX_LINE_BYTES + '…'.len_utf8() {
        text.truncate(text.floor_char_boundary(MAX_LINE_BYTES));
        text.push('…');
    }
    text
}

/// For each call (`SANDBOX.md`).
const MAX_LINES: usize = 64;
pub(super) const MAX_LINE_BYTES: usize = 4 << 10;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flowhost_protocol::ids::{FlowId, TenantId};

    #[test]
    fn a_flood_is_counted_and_dropped() {
        let mut log = log();
        for _ in 0..1000 {
            log.write(LogLevel::Info, "line");
        }
        log.write_last(LogLevel::Error, "the end");

        let kept = log.take().unwrap();

        assert_eq!((kept.lines.len(), kept.dropped), (MAX_LINES + 1, 1000 - 64));
        assert_eq!(kept.lines[MAX_LINES].message, "the end");
        assert!(log.take().is_none(), "what was handed over is handed over once");
    }

    #[test]
    fn a_line_is_no_longer_than_its_limit_also_when_it_is_escaped() {
        let mut log = log();
        log.write(LogLevel::Info, &"\u{1b}".repeat(5000));
        log.write(LogLevel::Info, &"é".repeat(5000));

        for line in log.take().unwrap().lines {
            assert!(
                (4000..=MAX_LINE_BYTES + 3).contains(&line.message.len()),
                "{}",
                line.message.len()
            );
            assert!(line.message.ends_with('…') && !line.message.contains('\u{1b}'));
        }
    }

    #[test]
    fn a_panic_is_taken_out_of_what_is_said() {
        let mut log = log();
        let said = [
            "a line before",
            "thread '<unnamed>' (1) panicked at src/lib.rs:33:5:",
            "no table",
            "",
            "is free",
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        ];
        said.iter().for_each(|line| log.write_error_output(line));

        let panic = log.take_panic().unwrap();

        assert_eq!((&*panic.place, &*panic.message), ("src/lib.rs:33:5", "no table\n\nis free"));
        assert_eq!(log.take().unwrap().lines.len(), 1);
    }

    #[test]
    fn what_a_panic_says_has_a_bound() {
        let mut log = log();
        log.write_error_output("thread 'x' panicked at y:");
        (0..1000).for_each(|_| log.write_error_output(&"z".repeat(MAX_LINE_BYTES)));

        assert!(log.take_panic().unwrap().message.len() <= 2 * MAX_LINE_BYTES);
    }

    pub(in crate::plugins::host) fn log() -> CallLog {
        CallLog {
            scope: Scope { tenant: TenantId::new(), flow: FlowId::new() },
            version: 1,
            request: None,
            lines: Vec::new(),
            dropped: 0,
            panic: None,
        }
    }
}
