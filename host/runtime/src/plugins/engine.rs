//! The process's one wasmtime engine, and the thread that advances its epoch.

use std::hash::{Hash, Hasher};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, available_parallelism, park, sleep};
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, ModuleVersionStrategy, OptLevel,
    PoolingAllocationConfig, Strategy, WasmBacktraceDetails,
};

use super::limits::{
    HostLimits, MAX_CORE_INSTANCES, MAX_INSTANCE_BYTES, MAX_MEMORIES, MAX_TABLE_ELEMENTS,
    MAX_TABLES, MEMORIES_OF_A_PLACE, TABLES_OF_A_PLACE,
};
use super::{backtrace, native_code, profile, wasm_features};

/// The engine and its epoch ticker. The ticker ends when this is dropped.
pub(super) struct PluginEngine {
    engine: Engine,
    demand: Arc<Demand>,
    ticker: Option<JoinHandle<()>>,
}

/// What the ticker is there for. Whoever changes it wakes the ticker.
#[derive(Default)]
struct Demand {
    stop: AtomicBool,
    calls: AtomicUsize,
}

/// A call under way. As long as it lives the epoch advances, and so its guest yields.
pub(super) struct Ticking(Arc<Demand>);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What compiled code depends on besides the component: wasmtime's version, its compiler's
/// settings, the processor. Code of another identity is not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EngineIdentity(pub [u8; 32]);

impl PluginEngine {
    /// An engine for so many concurrent calls, whose memories may have `max_memory_bytes` each.
    pub(super) fn new(max_memory_bytes: u64, limits: HostLimits) -> wasmtime::Result<Self> {
        Self::with(&serving_config(max_memory_bytes, limits)?)
    }

    /// The same, for profiles: it sees more of a guest's stack, and runs the same code.
    pub(super) fn profiling(max_memory_bytes: u64, limits: HostLimits) -> wasmtime::Result<Self> {
        let mut config = serving_config(max_memory_bytes, limits)?;
        config.wasm_backtrace_max_frames(NonZero::new(profile::MAX_FRAMES));
        Self::with(&config)
    }

    fn with(config: &Config) -> wasmtime::Result<Self> {
        native_code::require_processor().map_err(wasmtime::Error::msg)?;
        let engine = Engine::new(config)?;
        let demand = Arc::new(Demand::default());
        let ticker = spawn_ticker(engine.clone(), demand.clone())?;
        Ok(Self { engine, demand, ticker: Some(ticker) })
    }

    /// A small one for tests.
    #[cfg(test)]
    pub(super) fn of_calls(calls: u32) -> Self {
        Self::new(64 << 20, HostLimits { calls, ..HostLimits::default() }).unwrap()
    }

    /// To be held while a guest runs.
    pub(super) fn ticking(&self) -> Ticking {
        if self.demand.calls.fetch_add(1, Ordering::SeqCst) == 0 {
            self.wake_ticker();
        }
        Ticking(self.demand.clone())
    }

    fn wake_ticker(&self) {
        self.ticker.iter().for_each(|ticker| ticker.thread().unpark());
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Drop for PluginEngine {
    fn drop(&mut self) {
        self.demand.stop.store(true, Ordering::SeqCst);
        self.wake_ticker();
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
    }
}

impl EngineIdentity {
    /// The identity of the code that this engine compiles.
    pub(super) fn of(engine: &Engine) -> Self {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(hasher.0.finalize().into())
    }
}

/// An engine that compiles code for the serving one and runs none, so it reserves no memory for
/// instances.
pub(super) fn compiling_engine() -> wasmtime::Result<Engine> {
    Engine::new(&code_config()?)
}

/// Runs on a thread of its own: guests could starve a task, and with it the very ticks that make
/// them yield. Rests when there was no call for a while, since a thousand ticks a second were most of
/// what an idle host did; a host with calls every few milliseconds need not wake it for each. It
/// misses no wake-up: one that comes before `park` makes that return at once.
fn spawn_ticker(engine: Engine, demand: Arc<Demand>) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("plugin-epoch".to_owned()).spawn(move || {
        let mut idle_ticks = 0;
        while !demand.stop.load(Ordering::SeqCst) {
            let is_idle = demand.calls.load(Ordering::SeqCst) == 0;
            idle_ticks = if is_idle { idle_ticks + 1 } else { 0 };
            if idle_ticks > REST_AFTER_TICKS {
                park();
                idle_ticks = 0;
            } else {
                sleep(EPOCH_TICK);
                engine.increment_epoch();
            }
        }
    })
}

/// Everything that determines the generated code. Compiling and serving engines share it.
fn code_config() -> wasmtime::Result<Config> {
    let mut config = Config::new();
    wasm_features::state(&mut config);
    // The other compiler, Winch, had sandbox escapes in 2026, and is not built in.
    config.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed);
    native_code::assume_processor(&mut config)?;
    // Code of another release of wasmtime is refused.
    config.module_version(ModuleVersionStrategy::WasmtimeVersion)?;
    config
        // The guest checks the epoch in each loop and function. That is how it yields and how it is
        // stopped.
        .epoch_interruption(true)
        .consume_fuel(false)
        // An access out of bounds faults at a guard page, so no access needs a compare. This needs
        // signal handlers, which wasmtime installs for the process; any other fault goes to the
        // handlers that were there before.
        .signals_based_traps(true)
        // For debuggers that unwind by tables: a twentieth of the code. A profiler goes by frame
        // pointers, and wasmtime's own backtraces need neither.
        .native_unwind_info(false)
        // Backtrace details would mean parsing debug information that is untrusted.
        .debug_info(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    Ok(config)
}

fn serving_config(max_memory_bytes: u64, limits: HostLimits) -> wasmtime::Result<Config> {
    let mut config = code_config()?;
    config
        // Looked up only when a guest is stopped.
        .wasm_backtrace_max_frames(NonZero::new(backtrace::MAX_FRAMES))
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        // A guest's stack holds its data, and the next guest's frames lie in the same memory. A
        // guest cannot read below its own frames, so clearing 1 MiB for each call would defend only
        // against a bug in the compiler.
        .async_stack_zeroing(false)
        // A component's instances share its initial memory until one writes to it.
        .memory_init_cow(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(max_memory_bytes, limits)?));
    Ok(config)
}

fn pool(max_memory_bytes: u64, limits: HostLimits) -> wasmtime::Result<PoolingAllocationConfig> {
    let calls = limits.calls;
    let mut pool = PoolingAllocationConfig::new();
    // Wasmtime 48 divides slots among as many shards, and each serves all plugins that its threads
    // call.
    let shards = available_parallelism()?.get().min(16) as u32;
    let memories = calls.saturating_mul(MEMORIES_OF_A_PLACE).max(shards * MEMORIES_OF_A_SHARD);
    // One component instance and one fiber for each call. A call has as many places as its component
    // needs parts of the pool (`limits::Needs`), so the places are used up before the pool is, and
    // they are shared out among tenants. This costs address space: 4 GiB and a guard for each
    // memory, 4 to 32 TiB in all of the 128 TiB that a process has; a table's 128 KiB, 256 MiB in
    // all; a stack is 1 MiB. Core instances are only counted.
    pool.total_component_instances(calls)
        .total_stacks(calls)
        .total_memories(memories)
        .total_core_instances(calls.saturating_mul(MAX_CORE_INSTANCES))
        .total_tables(calls.saturating_mul(TABLES_OF_A_PLACE))
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_memories_per_module(1)
        .max_tables_per_module(MAX_TABLES)
        .max_memory_size(usize::try_from(max_memory_bytes)?)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_component_instance_size(MAX_INSTANCE_BYTES)
        .max_core_instance_size(MAX_INSTANCE_BYTES)
        // Resetting a warm page costs less than giving it back. A guest that the SDK links begins
        // with 128 KiB, its stack of 64 KiB included, and takes a few pages more for a request;
        // QuickJS begins with 1.4 MiB: kept whole, a call takes a third less processor time than with
        // 512 KiB kept. Memory past this limit is given back to the system after each call.
        .linear_memory_keep_resident(kept_memory(limits))
        // All of a Rust guest's table. A larger one gives the rest back after each call.
        .table_keep_resident(KEPT_TABLE)
        // A plugin that gets its last slot again need not be mapped again, so all slots may stay
        // warm: with half of them, 500 plugins in turns cost 50 us more a call (page faults, and
        // other cores' interrupts). A slot keeps all that its last guest had, touched or not, up to
        // the most; that is a tenth of it in Rust. Where guests have little memory, fewer stay warm.
        .max_unused_warm_slots(warm_slots(limits, memories))
        // On wasmtime 48, a swapped-out page of the last guest is not reset (wasmtime pull request
        // 14357).
        .pagemap_scan(Enabled::No);
    Ok(pool)
}

/// How many bytes of a memory stay for the next call: if all calls are under way at once, a quarter of
/// what guests may have. It stays from then on, since wasmtime gives no memory back that it has used.
fn kept_memory(limits: HostLimits) -> usize {
    let share = limits.memory_bytes / 4 / u64::from(limits.calls).max(1);
    share.clamp(LEAST_KEPT, MOST_KEPT) as usize
}

/// How many of these memories may stay as plugins in turns left them: as many as take a quarter of
/// what guests may have. What calls have at the same time stays besides.
fn warm_slots(limits: HostLimits, memories: u32) -> u32 {
    let most = limits.memory_bytes / 4 / (kept_memory(limits) + KEPT_TABLE) as u64;
    most.min(memories.into()) as u32
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

/// As many plugins as a shard's threads can call in turns without mapping their memories again.
/// Each has up to four of the 65,530 mappings that a process may have.
const MEMORIES_OF_A_SHARD: u32 = 512;

/// What guests in Rust need, and some more.
const LEAST_KEPT: u64 = 512 << 10;

/// What QuickJS begins with, and some more.
const MOST_KEPT: u64 = 2 << 20;

/// Ten thousand entries: a Rust guest has some hundred.
const KEPT_TABLE: usize = 10_000 * size_of::<usize>();

/// How often a guest yields and its CPU time is checked.
const EPOCH_TICK: Duration = Duration::from_millis(1);

/// Without a call. A wake-up costs about what a tick costs, and a host with ten calls a second and
/// more makes none.
const REST_AFTER_TICKS: u32 = 100;

/// Deeper recursion of a guest traps. As much as wasmtime gives by default: interpreters count on it
/// when they limit the depth of what they interpret.
const WASM_STACK: usize = 512 << 10;

/// The guest's stack and, above it, room for host functions. An overflow there would end the
/// process.
const FIBER_STACK: usize = 1 << 20;

/// What is left for host functions: as much as the guest has.
const _: () = assert!(FIBER_STACK - WASM_STACK >= 512 << 10);

#[cfg(test)]
mod tests {
    use wasmtime::{Instance, Module, Store, Trap};

    use super::*;

    #[test]
    fn what_stays_for_the_next_call_depends_on_what_guests_may_have() {
        let limits = |memory_bytes| HostLimits { calls: 512, memory_bytes };
        let kept = |bytes| (kept_memory(limits(bytes)) >> 10, warm_slots(limits(bytes), 1_024));

        assert_eq!(kept(12 << 30), (2_048, 1_024));
        assert_eq!(kept(3 << 30), (1_536, 487));
        assert_eq!(kept(1 << 30), (512, 444));
        assert_eq!(kept(0), (512, 0));
    }

    #[test]
    fn plugins_in_turns_keep_a_quarter_of_what_guests_have_as_do_calls() {
        let limits = HostLimits { calls: 16, memory_bytes: 64 << 20 };
        let engine = PluginEngine::new(64 << 20, limits).unwrap();
        let module = || Module::new(engine.engine(), UNTOUCHED_MODULE).unwrap();
        let call = |module: &Module| {
            let mut store = Store::new(engine.engine(), ());
            Instance::new(&mut store, module, &[]).unwrap();
            store
        };
        let kept = || {
            let metrics = engine.engine().pooling_allocator_metrics().unwrap();
            (metrics.unused_warm_memories(), metrics.unused_memory_bytes_resident())
        };
        let quarter = limits.memory_bytes as usize / 4;

        let modules: Vec<_> = (0..16).map(|_| module()).collect();
        modules.iter().for_each(|module| drop(call(module)));
        assert!((1..=quarter).contains(&kept().1), "{:?}", kept());

        drop(modules.iter().map(call).collect::<Vec<_>>());
        assert_eq!(kept(), (16, quarter));
    }

    #[test]
    fn what_one_engine_compiles_the_other_one_loads() {
        let compiling = compiling_engine().unwrap();
        let serving = PluginEngine::of_calls(4);

        let profiling = PluginEngine::profiling(64 << 20, HostLimits::default()).unwrap();

        assert_eq!(EngineIdentity::of(&compiling), EngineIdentity::of(serving.engine()));
        assert_eq!(EngineIdentity::of(&compiling), EngineIdentity::of(profiling.engine()));
    }

    #[test]
    fn every_call_is_interrupted_also_after_a_rest() {
        let engine = PluginEngine::of_calls(4);
        let endless = Module::new(engine.engine(), ENDLESS_MODULE).unwrap();
        for round in 0..20 {
            if round % 5 == 0 {
                sleep(EPOCH_TICK * REST_AFTER_TICKS * 2);
            }
            assert_interrupted(&engine, &endless);
        }
        assert_eq!(engine.demand.calls.load(Ordering::SeqCst), 0, "nothing keeps the ticker awake");
    }

    #[test]
    fn endless_tail_calls_are_interrupted_like_a_loop() {
        let engine = PluginEngine::of_calls(4);
        let text = r#"(module (func $again (export "r") (return_call $again)))"#;
        let endless = Module::new(engine.engine(), wat::parse_str(text).unwrap()).unwrap();
        assert_interrupted(&engine, &endless);
    }

    /// Calls a module's `r`, which never ends by itself.
    fn assert_interrupted(engine: &PluginEngine, endless: &Module) {
        let _ticking = engine.ticking();
        let mut store = Store::new(engine.engine(), ());
        store.set_epoch_deadline(2);
        let instance = Instance::new(&mut store, endless, &[]).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "r").unwrap();

        let error = run.call(&mut store, ()).unwrap_err();

        assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt), "{error:?}");
    }

    #[test]
    fn another_setting_is_another_identity() {
        let mut config = code_config().unwrap();
        config.epoch_interruption(false);

        assert_ne!(
            EngineIdentity::of(&Engine::new(&config).unwrap()),
            EngineIdentity::of(&compiling_engine().unwrap())
        );
    }

    #[test]
    fn no_page_of_the_last_guest_is_left_in_a_slot() {
        let config = serving_config(64 << 20, HostLimits::default()).unwrap();
        let engine = Engine::new(&config).unwrap();

        assert!(matches!(engine.get_pooling_config().unwrap().get_pagemap_scan(), Enabled::No));
    }

    /// `(module (memory 64))`: 4 MiB that it never touches.
    const UNTOUCHED_MODULE: &[u8] = &[0, b'a', b's', b'm', 1, 0, 0, 0, 5, 3, 1, 0, 64];

    /// `(module (func (export "r") (loop (br 0))))`
    const ENDLESS_MODULE: &[u8] = &[
        0, b'a', b's', b'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, b'r', 0, 0,
        10, 9, 1, 7, 0, 3, 0x40, 12, 0, 11, 11,
    ];
}
