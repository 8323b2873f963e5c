//! The one wasmtime engine of the process, and the thread that advances its epoch.

use std::hash::{Hash, Hasher};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, ModuleVersionStrategy, OptLevel, PoolingAllocationConfig, Strategy,
    WasmBacktraceDetails,
};

use super::limits::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_TABLE_ELEMENTS, MAX_TABLES};
use super::{backtrace, native_code, wasm_features};

/// The engine and its epoch ticker. The ticker ends when this is dropped.
pub(super) struct PluginEngine {
    engine: Engine,
    stop: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

/// What code depends on besides the component: wasmtime's version, its compiler's settings, the processor. Code of another identity is
/// not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EngineIdentity(pub [u8; 32]);

impl PluginEngine {
    /// An engine for `calls` at the same time, whose instances may have `max_memory_bytes` of memory each.
    pub(super) fn new(max_memory_bytes: u64, calls: u32) -> wasmtime::Result<Self> {
        native_code::require_processor().map_err(wasmtime::Error::msg)?;
        let engine = Engine::new(&serving_config(max_memory_bytes, calls)?)?;
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

impl EngineIdentity {
    /// The identity of what this engine compiles.
    pub(super) fn of(engine: &Engine) -> Self {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(hasher.0.finalize().into())
    }
}

/// An engine that compiles what the serving one loads, and runs nothing: it reserves no memory for instances.
pub(super) fn compiling_engine() -> wasmtime::Result<Engine> {
    Engine::new(&code_config()?)
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

/// Everything that decides what code looks like: the same for who compiles and who runs it.
fn code_config() -> wasmtime::Result<Config> {
    let mut config = Config::new();
    wasm_features::state(&mut config);
    // The other compiler, Winch, had sandbox escapes in 2026, and is not built in.
    config.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed);
    native_code::assume_processor(&mut config)?;
    // Code of another release of wasmtime is refused.
    config.module_version(ModuleVersionStrategy::WasmtimeVersion)?;
    config
        // The guest looks at the epoch in each loop and function: so it yields, and so it is cut off.
        .epoch_interruption(true)
        .consume_fuel(false)
        // Out of bounds is a fault at a guard page, not a compare before each access. It takes signal handlers, which wasmtime
        // installs for the process; whatever else faults goes to the handlers from before.
        .signals_based_traps(true)
        // Backtrace details would parse debug information that a stranger wrote.
        .debug_info(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    Ok(config)
}

fn serving_config(max_memory_bytes: u64, calls: u32) -> wasmtime::Result<Config> {
    let mut config = code_config()?;
    config
        // Looked up when a guest is stopped, and never before.
        .wasm_backtrace_max_frames(NonZero::new(backtrace::MAX_FRAMES))
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        // A guest's stack holds its data, and the next one's frames lie in the same memory; it can't read below its own frames, so
        // that clearing 1 MiB for each call would defend against nothing but a bug in the compiler.
        .async_stack_zeroing(false)
        // A component's initial memory is shared between its instances until one writes to it.
        .memory_init_cow(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(max_memory_bytes, calls)?));
    Ok(config)
}

fn pool(max_memory_bytes: u64, calls: u32) -> wasmtime::Result<PoolingAllocationConfig> {
    let mut pool = PoolingAllocationConfig::new();
    // One component instance and one fiber for each call. What one component may have, all may have at once; else one tenant's unusual
    // guests could use up what another's need. It is address space: 4 GiB and a guard for each memory, 4 TiB in all of the 128 that a
    // process has; 10,000 entries of a table are 80 KiB, a stack 1 MiB.
    pool.total_component_instances(calls)
        .total_stacks(calls)
        .total_memories(calls.saturating_mul(MAX_MEMORIES as u32))
        .total_core_instances(calls.saturating_mul(MAX_CORE_INSTANCES as u32))
        .total_tables(calls.saturating_mul(MAX_TABLES as u32))
        .max_core_instances_per_component(MAX_CORE_INSTANCES as u32)
        .max_memories_per_component(MAX_MEMORIES as u32)
        .max_tables_per_component(MAX_TABLES as u32)
        .max_memories_per_module(1)
        .max_tables_per_module(MAX_TABLES as u32)
        .max_memory_size(usize::try_from(max_memory_bytes)?)
        .table_elements(MAX_TABLE_ELEMENTS)
        // Host memory for the tables of functions and types of one instance. A large Rust guest takes 20 KiB.
        .max_component_instance_size(512 << 10)
        .max_core_instance_size(512 << 10)
        // Resetting a warm page costs less than giving it back. A guest that the SDK links begins with 128 KiB, its stack of 64 KiB
        // included, and takes a few pages more for a request; what is past this is given back to the system after each call.
        .linear_memory_keep_resident(512 << 10)
        // All of the table that one may have.
        .table_keep_resident(MAX_TABLE_ELEMENTS * size_of::<usize>())
        // A plugin that finds its own slot again needs not be mapped again: as many as there can be. At the most above, memories and
        // tables of idle slots keep 300 MiB.
        .max_unused_warm_slots(calls)
        // On wasmtime 48 a page of the last guest that was swapped out is not reset (wasmtime pull request 14357).
        .pagemap_scan(Enabled::No);
    Ok(pool)
}

struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(self.0.clone().finalize());
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// How often a guest yields and its CPU time is looked at.
const EPOCH_TICK: Duration = Duration::from_millis(1);

/// Recursion of a guest ends here, in a trap.
const WASM_STACK: usize = 256 << 10;

/// The guest's stack and, above it, what host functions need; too little would end the process.
const FIBER_STACK: usize = 1 << 20;

/// What is left for host functions: three times what the guest has.
const _: () = assert!(FIBER_STACK - WASM_STACK >= 512 << 10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_engine_compiles_the_other_one_loads() {
        let compiling = compiling_engine().unwrap();
        let serving = PluginEngine::new(64 << 20, 4).unwrap();

        assert_eq!(EngineIdentity::of(&compiling), EngineIdentity::of(serving.engine()));
    }

    #[test]
    fn another_setting_is_another_identity() {
        let mut config = code_config().unwrap();
        config.epoch_interruption(false);

        assert_ne!(EngineIdentity::of(&Engine::new(&config).unwrap()), EngineIdentity::of(&compiling_engine().unwrap()));
    }

    #[test]
    fn no_page_of_the_last_guest_is_left_in_a_slot() {
        let config = serving_config(64 << 20, 4).unwrap();
        let engine = Engine::new(&config).unwrap();

        assert!(matches!(engine.get_pooling_config().unwrap().get_pagemap_scan(), Enabled::No));
    }
}
