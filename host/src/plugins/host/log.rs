//! The import `log`: a plugin's lines, bounded and escaped, into the host's log under the target `plugin`.

use crate::ids::Scope;
use crate::plugins::host::CallState;
use crate::plugins::wit::v1::log::{Host, Level};
use crate::telemetry::printable;

/// The lines of one call.
#[derive(Debug)]
pub(crate) struct CallLog {
    scope: Scope,
    lines: u32,
}

impl CallLog {
    /// No lines yet.
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope, lines: 0 }
    }

    /// Lines past the limit, which were not kept.
    pub(crate) fn dropped(&self) -> u32 {
        self.lines.saturating_sub(MAX_LINES)
    }

    /// Writes what ends a call, such as a panic's message: also after a flood.
    pub(crate) fn write_last(&self, message: &str) {
        if !message.is_empty() {
            self.emit(Level::Error, message);
        }
    }

    fn write(&mut self, level: Level, message: &str) {
        self.lines = self.lines.saturating_add(1);
        if self.lines <= MAX_LINES {
            self.emit(level, message);
        }
    }

    fn emit(&self, level: Level, message: &str) {
        let (tenant, flow, message) = (self.scope.tenant, self.scope.flow, printable(message, MAX_LINE_BYTES));
        // What a plugin writes may be a customer's data, so it never goes out above the level debug, whatever the plugin says.
        tracing::event!(target: "plugin", tracing::Level::DEBUG, tenant.id = %tenant, flow.id = %flow, ?level, "{message}");
    }
}

impl Host for CallState {
    async fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.log.write(level, &message);
        Ok(())
    }
}

/// `design.md` section 4.
const MAX_LINES: u32 = 64;
const MAX_LINE_BYTES: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{FlowId, TenantId};

    #[test]
    fn a_flood_is_counted_and_dropped() {
        let mut log = CallLog::new(Scope { tenant: TenantId::new(), flow: FlowId::new() });
        for _ in 0..1000 {
            log.write(Level::Info, "line");
        }
        assert_eq!(log.dropped(), 1000 - MAX_LINES);
    }
}
