//! What a plugin can call, one file per import, and the state that these calls use.
//!
//! A component may import what it was not granted: such a call returns the import's own typed
//! error.

mod config;
mod fixed;
mod http;
mod log;
mod media;
mod outbound;
mod output;
mod placeholders;
mod store;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

pub use self::fixed::Fixed;
pub(crate) use self::log::CallLog;
use self::output::CappedOutput;
use super::limits::MemoryLimiter;
use super::{Call, PluginError, Purpose, Services};
use crate::budget::Claim;
use flowhost_protocol::flow::LogLevel;

/// The state of one call: created for it, dropped with it.
pub(super) struct CallState {
    /// The call, with its limits and grants.
    pub call: Call,
    /// The services behind the imports.
    pub services: Services,
    /// Keeps the memories within the limit.
    pub limiter: MemoryLimiter,
    /// The plugin's log lines.
    pub log: CallLog,
    /// How long instantiation took; `None` before it.
    pub(crate) started_in: Option<Duration>,
    /// How often the call has used its store.
    pub(crate) store_calls: u32,
    /// When the call's time is over.
    deadline: Instant,
    outbound_requests: u32,
    fetched_files: u32,
    standard_output: CappedOutput,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl CallState {
    /// The state for a call that has claimed `memory` of the host and may run for `wall`.
    pub(super) fn new(
        call: &Call,
        services: &Services,
        memory: Arc<Claim>,
        wall: Duration,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let standard_output = CappedOutput::default();
        // Nothing is inherited: no files, no sockets, no names, no environment, no arguments.
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .allow_blocking_current_thread(false)
            .max_random_size(MAX_RANDOM_BYTES)
            .stdout(standard_output.clone())
            .stderr(standard_output.clone());
        if let Purpose::Test(test) = &call.purpose {
            test.fixed.apply(&mut wasi);
        }
        Self {
            call: call.clone(),
            services: services.clone(),
            limiter: MemoryLimiter::new(call.plugin.limits.memory_bytes, memory),
            log: CallLog::new(call),
            started_in: None,
            deadline: Instant::now() + wall,
            store_calls: 0,
            outbound_requests: 0,
            fetched_files: 0,
            standard_output,
            wasi: wasi.build(),
            table,
        }
    }

    /// How long the guest may wait for something outside: what is left of its time, less what it
    /// needs to answer if nothing comes back.
    fn time_left(&self) -> Duration {
        let left = self.deadline.saturating_duration_since(Instant::now());
        left.saturating_sub(TIME_TO_ANSWER.min(left / 4))
    }

    /// The most bytes that the host hands the guest at once: half of its memory. A larger value
    /// would not fit beside its copy.
    fn largest_gift(&self) -> usize {
        usize::try_from(self.call.plugin.limits.memory_bytes / 2).unwrap_or(usize::MAX)
    }

    /// Ends the call's log with the plugin's standard output and error, then its failure and the
    /// functions on the stack. Hands the lines over.
    pub(crate) fn finish_log(&mut self, failure: Option<&PluginError>, place: Option<&str>) {
        let level = if failure.is_some() { LogLevel::Error } else { LogLevel::Info };
        self.log.write_last(level, self.standard_output.text().trim_end());
        // The plugin itself has logged the reason of an internal error.
        if let Some(failure) = failure.filter(|failure| !matches!(failure, PluginError::Internal)) {
            let place = place.map_or_else(String::new, |functions| format!(", in {functions}"));
            self.log.write_last(LogLevel::Error, &format!("{failure}{place}"));
        }
        if let Some(lines) = self.log.take() {
            self.services.logs.keep(lines);
        }
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Enough to answer that a service is away. A call with less than four times as much left keeps a
/// quarter.
const TIME_TO_ANSWER: Duration = Duration::from_millis(500);

/// Streams and pollables of one call: a handful in honest use.
const MAX_RESOURCES: usize = 1_000;

/// What one call may ask of the random generator at a time.
const MAX_RANDOM_BYTES: u64 = 64 << 10;
