//! SIGTERM and SIGINT: the first asks the process to stop, the second ends it at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::note;
use flowhost_runtime::telemetry::finish_log;

/// Listens for both signals from its creation on, so none is lost while a host starts.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Replaces the default handling of the signals, which ends the process at once.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal, and returns the exit code that shells expect for it.
    pub(crate) async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 128 + SignalKind::interrupt().as_raw_value(),
            _ = self.terminate.recv() => 128 + SignalKind::terminate().as_raw_value(),
        }
    }

    /// From now on the next signal ends the process, whatever is still under way.
    pub(crate) fn end_at_the_next(mut self) {
        tokio::spawn(async move {
            let code = self.next().await;
            note("Stopped at once, without waiting for what was under way.");
            finish_log();
            std::process::exit(code);
        });
    }
}
