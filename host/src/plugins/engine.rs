//! The one wasmtime engine of the process, and the thread that advances its epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails};

use super::limits::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_TABLE_ELEMENTS, MAX_TABLES};

/// The engine and its epoch ticker. The ticker ends when this is dropped.
pub(super) struct PluginEngine {
    engine: Engine,
    stop: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

impl PluginEngine {
    /// An engine whose instances may have `max_memory_bytes` of memory each.
    pub(super) fn new(max_memory_bytes: u64) -> wasmtime::Result<Self> {
        let engine = Engine::new(&config(max_memory_bytes)?)?;
        let stop = Arc::new(AtomicBool::new(false));
        let ticker = spawn_ticker(engine.clone(), stop.clone())?;
        Ok(Self { engine, stop, ticker: Some(ticker) })
    }

    /// wasmtime's engine.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Drop for PluginEngine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
    }
}

/// A thread of its own: as a task, guests could starve the very ticks that make them yield.
fn spawn_ticker(engine: Engine, stop: Arc<AtomicBool>) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("plugin-epoch".to_owned()).spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(EPOCH_TICK);
            engine.increment_epoch();
        }
    })
}

fn config(max_memory_bytes: u64) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // What plugins don't need is attack surface: off.
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        // Backtrace details would parse debug information that a stranger wrote.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(max_memory_bytes)?));
    Ok(config)
}

fn pool(max_memory_bytes: u64) -> wasmtime::Result<PoolingAllocationConfig> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(MAX_CALLS)
        .total_stacks(MAX_CALLS)
        .total_memories(MAX_CALLS * 2)
        // A guest that `wasm-component-ld` made has three core modules and several tables.
        .total_core_instances(MAX_CALLS * 4)
        .total_tables(MAX_CALLS * 4)
        .max_core_instances_per_component(MAX_CORE_INSTANCES as u32)
        .max_memories_per_component(MAX_MEMORIES as u32)
        .max_tables_per_component(MAX_TABLES as u32)
        .max_memory_size(usize::try_from(max_memory_bytes)?)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_component_instance_size(512 << 10)
        .max_core_instance_size(512 << 10)
        // Resetting a warm page costs less than giving it back; an SDK guest begins with less than this.
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(MAX_CALLS)
        // On wasmtime 48 a page of the last guest that was swapped out is not reset (wasmtime pull request 14357).
        .pagemap_scan(Enabled::No);
    Ok(pool)
}

/// Calls of all plugins at the same time. Each costs address space for its memories and a fiber's stack.
pub(super) const MAX_CALLS: u32 = 128;

/// How often a guest yields and its CPU time is looked at.
const EPOCH_TICK: Duration = Duration::from_millis(1);

/// Recursion of a guest ends here, in a trap.
const WASM_STACK: usize = 256 << 10;

/// The guest's stack and, above it, what host functions need; too little would end the process.
const FIBER_STACK: usize = 1 << 20;
