//! What plugins log, kept per flow in the database. Lines are sealed, since they may have a
//! customer's data, and only the newest are kept.
//!
//! A call hands its lines over and never waits. One writer per host takes them to the database,
//! flow by flow in turn. Lines that don't fit into the queue are counted in the metrics, and at the
//! flow's next line where others of the flow are waiting.

mod queue;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::queue::Queue;
use crate::store::{self, Store, StoreError, StoredLogLine};
use crate::tenants::Directory;
use flowhost_protocol::crypto::{DataKey, SealContext};
use flowhost_protocol::ids::Scope;
use flowhost_runtime::plugins::{CallLines, LogKeeper};
use flowhost_runtime::telemetry::{self, Metrics};

/// Keeps what plugins log.
pub(crate) struct PluginLogs {
    store: Store,
    directory: Arc<Directory>,
    metrics: Arc<Metrics>,
    queue: Queue,
    arrived: Notify,
}

impl PluginLogs {
    /// Nothing is written until [`PluginLogs::write`] runs.
    pub(crate) fn new(store: Store, directory: Arc<Directory>, metrics: Arc<Metrics>) -> Self {
        Self { store, directory, metrics, queue: Queue::default(), arrived: Notify::new() }
    }

    /// Writes lines to the database as they arrive. After `stop` it writes what is left, and
    /// returns.
    pub(crate) async fn write(&self, stop: CancellationToken) {
        loop {
            while let Some((scope, calls)) = self.queue.take() {
                self.write_lines(scope, &calls, &stop).await;
            }
            tokio::select! {
                () = self.arrived.notified() => {}
                () = stop.cancelled() => break,
            }
        }
        while let Some((scope, calls)) = self.queue.take() {
            self.write_lines(scope, &calls, &stop).await;
        }
    }

    /// Writes lines of one flow, and retries for a while if the database is unavailable.
    async fn write_lines(&self, scope: Scope, calls: &[CallLines], stop: &CancellationToken) {
        for pause in RETRY_AFTER {
            match self.try_to_write(scope, calls).await {
                Ok(true) => return,
                // The flow was deleted, and its log with it.
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(error = %telemetry::chain(&error), "a plugin's log can't be written");
                    let _ = timeout(pause, stop.cancelled()).await;
                    if stop.is_cancelled() {
                        sleep(LAST_PAUSE).await;
                    }
                }
            }
        }
        self.metrics.log_lines_dropped(calls.iter().map(|call| call.lines.len() as u64).sum());
    }

    /// Returns whether the flow still exists.
    async fn try_to_write(&self, scope: Scope, calls: &[CallLines]) -> Result<bool, StoreError> {
        let Some(data_key) = self.directory.data_key(scope.tenant) else { return Ok(false) };
        let count = calls.iter().map(|call| call.lines.len()).sum();
        let append = store::append_log_lines(&self.store, scope, count, |first| {
            sealed_lines(&data_key, scope, calls, first)
        });
        timeout(WRITE_TIME, append)
            .await
            .unwrap_or(Err(StoreError::Unreadable("answer of the database in time")))
    }
}

impl LogKeeper for PluginLogs {
    fn keep(&self, lines: CallLines) {
        // The call itself has already counted its lines past the limit of one call.
        let dropped = self.queue.put(lines);
        self.metrics.log_lines_dropped(dropped);
        self.arrived.notify_one();
    }
}

/// The associated data that a line is sealed with.
pub(crate) fn log_line_context(scope: Scope, number: i64) -> SealContext {
    let parts = [&scope.tenant.0.as_bytes()[..], scope.flow.0.as_bytes(), &number.to_be_bytes()];
    SealContext::new("plugin_log_lines.sealed_message", &parts)
}

/// Lines as stored, numbered from `first` on. The last line of a call says how many the call
/// dropped.
fn sealed_lines(
    data_key: &DataKey,
    scope: Scope,
    calls: &[CallLines],
    first: i64,
) -> Vec<StoredLogLine> {
    let mut numbers = first..;
    let mut stored = Vec::new();
    for call in calls {
        for (line, number) in call.lines.iter().zip(&mut numbers) {
            stored.push(StoredLogLine {
                number,
                version: call.version,
                request: call.request,
                token: call.token,
                session: None,
                level: line.level,
                sealed_message: data_key
                    .seal(&log_line_context(scope, number), line.message.as_bytes()),
                dropped: None,
                at: line.at,
            });
        }
        if let Some(last) = stored.last_mut().filter(|_| call.dropped > 0) {
            last.dropped = Some(i32::try_from(call.dropped).unwrap_or(i32::MAX));
        }
    }
    stored
}

/// A database that restarts is back within these pauses. Until then lines wait in the queue, as
/// many as fit.
const RETRY_AFTER: [Duration; 5] =
    [Duration::from_millis(200), ONE_SECOND, ONE_SECOND, ONE_SECOND, ONE_SECOND];
const ONE_SECOND: Duration = Duration::from_secs(1);

/// A host that stops retries only at short intervals.
const LAST_PAUSE: Duration = Duration::from_millis(100);

/// A batch takes some 10 ms.
const WRITE_TIME: Duration = Duration::from_secs(10);
