//! The import `log`: a plugin's lines, bounded and escaped. At the end of the call they go to the
//! [`LogKeeper`](crate::plugins::LogKeeper); the host's own log has them under the target `plugin`,
//! at level debug.

use time::OffsetDateTime;

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::log::{Host, Level};
use crate::plugins::{Call, CallLines, LogLine, Services};
use crate::telemetry::printable;
use flowhost_protocol::flow::LogLevel;
use flowhost_protocol::ids::{RequestId, Scope, TokenHash};

/// The lines of one call.
#[derive(Debug)]
pub(crate) struct CallLog {
    scope: Scope,
    version: i32,
    request: Option<RequestId>,
    token: Option<TokenHash>,
    lines: Vec<LogLine>,
    dropped: u32,
    panic: Option<Panic>,
    /// Which of the lines says why the call failed.
    failure: Option<usize>,
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
    /// File, line and column.
    pub(super) place: String,
    first_line: String,
    /// The lines after it, without the note, which is of no use here.
    pub(super) message: String,
}

impl CallLog {
    pub(crate) fn new(call: &Call) -> Self {
        Self {
            scope: call.plugin.scope,
            version: call.plugin.version(),
            request: call.request,
            token: call.token,
            lines: Vec::new(),
            dropped: 0,
            panic: None,
            failure: None,
        }
    }

    /// Writes why the call failed, even if the limit of lines is reached.
    pub(crate) fn write_failure(&mut self, message: &str) {
        if !message.is_empty() {
            self.failure = Some(self.lines.len());
            self.keep(LogLevel::Error, message);
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
        match (Panic::beginning(line), &mut self.panic) {
            (Some(panic), _) => {
                // A panic ends the call, so what came before was none.
                self.write_what_was_no_panic();
                self.panic = Some(panic);
            }
            (None, Some(panic)) => panic.go_on(line),
            (None, None) => self.write_output(line),
        }
    }

    /// Writes what looked like a panic as the output that it was.
    pub(super) fn write_what_was_no_panic(&mut self) {
        if let Some(panic) = self.panic.take() {
            self.write_output(&panic.first_line);
            panic.message.split('\n').for_each(|line| self.write_output(line));
        }
    }

    /// Whether the plugin told of a panic.
    pub(super) fn told_of_a_panic(&self) -> bool {
        self.panic.is_some()
    }

    pub(super) fn take_panic(&mut self) -> Option<Panic> {
        self.panic.take()
    }

    /// Hands the lines to the host's log, and to whoever tries the plugin.
    pub(crate) fn hand_over(&mut self, call: &Call, services: &Services) {
        if let Some(lines) = self.take() {
            call.purpose.tally().iter().for_each(|tally| tally.said(&lines, self.failure));
            if call.purpose.keeps_lines() {
                services.logs.keep(lines);
            }
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
            token: self.token,
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
        let place = place.strip_suffix(':')?;
        let mut parts = place.rsplitn(3, ':');
        let mut is_number = || parts.next()?.parse::<u32>().ok();
        is_number()?;
        is_number()?;
        parts.next()?.ends_with(".rs").then(|| Self {
            first_line: line.to_owned(),
            place: place.to_owned(),
            message: String::new(),
        })
    }

    fn go_on(&mut self, line: &str) {
        if !line.starts_with("note: run with `RUST_BACKTRACE")
            && self.message.len() < MAX_LINE_BYTES
        {
            let separator = if self.message.is_empty() { "" } else { "\n" };
            self.message.extend([separator, line]);
        }
    }

    /// What it said, cut so that there is room on its line for where it was.
    pub(super) fn words(&self) -> String {
        printable(self.message.trim_end(), MAX_LINE_BYTES / 2)
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
        log.write_failure("the end");

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
    fn words_that_look_like_a_panic_do_not_hide_a_real_one() {
        let mut log = log();
        let said = [
            "thread 'a' panicked at the customer's:1:1:",
            "thread 'a' panicked at src/lib.rs:1:",
            "thread 'a' panicked at src/fake.rs:1:1:",
            "as if",
            "thread '<unnamed>' (1) panicked at src/lib.rs:33:5:",
            "no table",
        ];
        said.iter().for_each(|line| log.write_error_output(line));

        let panic = log.take_panic().unwrap();

        assert_eq!((&*panic.place, &*panic.message), ("src/lib.rs:33:5", "no table"));
        let lines: Vec<_> =
            log.take().unwrap().lines.into_iter().map(|line| line.message).collect();
        assert_eq!(lines, said[..4]);
    }

    #[test]
    fn what_was_no_panic_is_a_line_for_each_of_its_own() {
        let mut log = log();
        let said = ["thread 'a' panicked at src/lib.rs:1:1:", "one", "two"];
        said.iter().for_each(|line| log.write_error_output(line));

        log.write_what_was_no_panic();

        let lines: Vec<_> =
            log.take().unwrap().lines.into_iter().map(|line| line.message).collect();
        assert_eq!(lines, said);
    }

    #[test]
    fn what_a_panic_says_has_a_bound() {
        let mut log = log();
        log.write_error_output("thread 'x' panicked at y.rs:1:2:");
        (0..1000).for_each(|_| log.write_error_output(&"z".repeat(MAX_LINE_BYTES)));

        let panic = log.take_panic().unwrap();
        assert!(panic.message.len() <= 2 * MAX_LINE_BYTES);
        assert!(panic.words().len() <= MAX_LINE_BYTES / 2 + '…'.len_utf8());
    }

    pub(in crate::plugins::host) fn log() -> CallLog {
        CallLog {
            scope: Scope { tenant: TenantId::new(), flow: FlowId::new() },
            version: 1,
            request: None,
            token: None,
            lines: Vec::new(),
            dropped: 0,
            panic: None,
            failure: None,
        }
    }
}
