//! The import `log`: a plugin's lines, bounded and escaped. At the end of the call they go to the
//! [`LogKeeper`](crate::plugins::LogKeeper); the host's own log has them under the target `plugin`,
//! at level debug.

use time::OffsetDateTime;

use crate::plugins::host::CallState;
use crate::plugins::wit::v1::log::{Host, Level};
use crate::plugins::{Call, CallLines, LogLine};
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
}

impl CallLog {
    pub(crate) fn new(call: &Call) -> Self {
        Self {
            scope: call.plugin.scope,
            version: call.plugin.version(),
            request: call.request,
            lines: Vec::new(),
            dropped: 0,
        }
    }

    /// Writes a line about the end of a call, such as a panic's message, even if the limit of lines
    /// is reached.
    pub(crate) fn write_last(&mut self, level: LogLevel, message: &str) {
        if !message.is_empty() {
            self.keep(level, message);
        }
    }

    /// Takes the lines to be kept. `None` if there are none.
    pub(crate) fn take(&mut self) -> Option<CallLines> {
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

impl Host for CallState {
    async fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.log.write(level.into(), &message);
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
fn escaped(message: &str) -> String {
    let mut text = printable(message, MAX_LINE_BYTES);
    if text.len() > MAX_LINE_BYTES + '…'.len_utf8() {
        text.truncate(text.floor_char_boundary(MAX_LINE_BYTES));
        text.push('…');
    }
    text
}

/// For each call (`SANDBOX.md`).
const MAX_LINES: usize = 64;
const MAX_LINE_BYTES: usize = 4 << 10;

#[cfg(test)]
mod tests {
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

    fn log() -> CallLog {
        CallLog {
            scope: Scope { tenant: TenantId::new(), flow: FlowId::new() },
            version: 1,
            request: None,
            lines: Vec::new(),
            dropped: 0,
        }
    }
}
