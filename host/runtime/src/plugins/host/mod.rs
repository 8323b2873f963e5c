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
pub(super) mod watched;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

pub use self::fixed::Fixed;
pub(crate) use self::log::CallLog;
use self::output::{LoggedOutput, Stream};
use super::error::binary_size;
use super::limits::MemoryLimiter;
use super::profile::Watch;
use super::stopped::LastSigns;
use super::{Call, PluginError, Purpose, Services};
use crate::budget::Claim;

/// The state of one call: created for it, dropped with it.
pub(super) struct CallState {
    /// The call, with its limits and grants.
    pub call: Call,
    /// The services behind the imports.
    pub services: Services,
    /// Keeps the memories within the limit.
    pub limiter: MemoryLimiter,
    /// The plugin's log lines, which standard output and error write to as well.
    log: Arc<Mutex<CallLog>>,
    /// How long instantiation took; `None` before it.
    pub(crate) started_in: Option<Duration>,
    /// What its profile knows of it; `None` if it has none.
    pub(super) watch: Option<Watch>,
    /// How often the call has used its store.
    pub(crate) store_calls: u32,
    /// When the call's time is over.
    deadline: Instant,
    outbound_requests: u32,
    fetched_files: u32,
    /// Standard output and error.
    outputs: [LoggedOutput; 2],
    wasi: WasiCtx,
    table: ResourceTable,
}

impl CallState {
    /// The state for a call that has claimed `memory` of the host, of which so many bytes are for its
    /// instances, and may run for `wall`.
    pub(super) fn new(
        call: &Call,
        services: &Services,
        (memory, instances): (Arc<Claim>, u64),
        wall: Duration,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let log = Arc::new(Mutex::new(CallLog::new(call)));
        let outputs =
            [Stream::Output, Stream::Error].map(|stream| LoggedOutput::new(stream, log.clone()));
        // Nothing is inherited: no files, no sockets, no names, no environment, no arguments.
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .allow_blocking_current_thread(false)
            .max_random_size(MAX_RANDOM_BYTES)
            .stdout(outputs[0].clone())
            .stderr(outputs[1].clone());
        if let Purpose::Test(test) = &call.purpose {
            test.fixed.apply(&mut wasi);
        }
        Self {
            call: call.clone(),
            services: services.clone(),
            limiter: MemoryLimiter::new(call.plugin.limits.memory_bytes, memory, instances),
            log,
            started_in: None,
            deadline: Instant::now() + wall,
            watch: call.purpose.profile().cloned().map(Watch::new),
            store_calls: 0,
            outbound_requests: 0,
            fetched_files: 0,
            outputs,
            wasi: wasi.build(),
            table,
        }
    }

    /// The guest was instantiated in that time, and is called now.
    pub(super) fn guest_begins(&mut self, started_in: Duration) {
        self.started_in = Some(started_in);
        if let Some(watch) = &mut self.watch {
            watch.guest_begins();
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

    fn log(&self) -> MutexGuard<'_, CallLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the call did before it was stopped.
    pub(super) fn last_signs(&self) -> LastSigns {
        let limits = &self.call.plugin.limits;
        LastSigns {
            cpu: limits.cpu,
            memory_refused: self.limiter.has_refused().then_some(limits.memory_bytes),
            told_of_a_panic: self.log().told_of_a_panic(),
        }
    }

    /// Logs the error that the plugin reported.
    pub(super) fn note_internal_error(&mut self, text: &str) {
        let text = &format!("{text}{}", self.refused_memory());
        self.explain(text, &format!("{}: {text}", PluginError::Internal));
    }

    /// An interpreter that runs out of memory may not get to the words for it, and fails in another way.
    fn refused_memory(&self) -> String {
        self.last_signs().memory_refused.map_or_else(String::new, |limit| {
            format!("; it had asked for more than its {} of memory", binary_size(limit))
        })
    }

    /// Ends the call's log with what is left of the plugin's standard output and error, then its
    /// failure and the functions on the stack. Hands the lines over.
    pub(crate) fn finish_log(&mut self, failure: Option<&PluginError>, place: Option<&str>) {
        self.outputs.iter().for_each(LoggedOutput::finish);
        let is_panic = matches!(failure, Some(PluginError::Panic));
        let panic = if is_panic { self.log().take_panic() } else { None };
        self.log().write_what_was_no_panic();
        match (failure, panic) {
            (Some(failure @ PluginError::Panic), Some(panic)) => {
                let refused = self.refused_memory();
                let told = format!("{failure} at {}: {}{refused}", panic.place, panic.words());
                self.explain_failure(&told, place);
            }
            (failure, _) => {
                // The plugin itself has logged the reason of an internal error.
                let failure = failure.filter(|failure| !matches!(failure, PluginError::Internal));
                if let Some(failure) = failure {
                    self.explain_failure(&failure.to_string(), place);
                }
            }
        }
        self.log().hand_over(&self.call, &self.services);
    }

    fn explain_failure(&self, failure: &str, place: Option<&str>) {
        let place = place.map_or_else(String::new, |functions| format!(", in {functions}"));
        let text = format!("{failure}{place}");
        self.explain(&text, &text);
    }

    /// Ends the log with why the call failed, and tells it to whoever tries the plugin.
    fn explain(&self, line: &str, explanation: &str) {
        self.log().write_failure(line);
        if let Some(tally) = self.call.purpose.tally() {
            tally.explained(log::escaped(explanation));
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
