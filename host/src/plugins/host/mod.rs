//! What a plugin can call, one file per import, and the state that these calls work on.
//!
//! Capabilities that nobody can be granted yet answer with their own typed error, so that components which import the whole
//! contract link.

mod config;
mod http;
mod log;
mod media;
mod output;
mod store;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

pub(super) use self::log::CallLog;
use self::output::CappedOutput;
use super::limits::MemoryLimiter;

/// The state of one call: made for it, dropped with it.
pub(super) struct CallState {
    /// Keeps the memories within the limit.
    pub limiter: MemoryLimiter,
    /// Where the plugin's lines go.
    pub log: CallLog,
    standard_output: CappedOutput,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl CallState {
    /// The state for a call that may have `memory_bytes` of memory.
    pub(super) fn new(memory_bytes: u64, log: CallLog) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let standard_output = CappedOutput::default();
        // Nothing is inherited: no files, no sockets, no names, no environment, no arguments.
        let wasi = WasiCtxBuilder::new()
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .allow_blocking_current_thread(false)
            .max_random_size(MAX_RANDOM_BYTES)
            .stdout(standard_output.clone())
            .stderr(standard_output.clone())
            .build();
        Self { limiter: MemoryLimiter::new(memory_bytes), log, standard_output, wasi, table }
    }

    /// Ends the call's log with what the plugin wrote to its standard output and error.
    pub(crate) fn finish_log(&self) {
        self.log.write_last(self.standard_output.text().trim_end());
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Streams and pollables of one call: a handful in honest use.
const MAX_RESOURCES: usize = 1_000;

/// What one call may ask of the random generator at a time.
const MAX_RANDOM_BYTES: u64 = 64 << 10;
