//! Plugins: a tenant's logic as a WebAssembly component, called in a sandbox that is created for
//! the call and dropped after it.
//!
//! Invariants: an instance serves one call; a guest yields at every epoch tick, so it blocks no
//! worker thread; whatever a guest does ends in an [`Answer`] or a [`PluginError`]; code is loaded
//! only if its MAC is ours; components are compiled in another process. This module uses no
//! database, no HTTP, and no key but the one for that MAC.

mod advice;
mod backtrace;
mod breaker;
mod code_cache;
mod compile;
mod cpu;
mod engine;
mod error;
mod gate;
mod host;
mod inspect;
mod limits;
mod lines;
mod loaded;
mod measure;
mod native_code;
mod profile;
mod purpose;
#[cfg(test)]
mod refusal;
mod registry;
mod reply_check;
mod sections;
mod services;
mod stopped;
mod symbols;
mod target;
mod wasm_features;
mod wit;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use wasmtime::{Store, UpdateDeadline};

pub use advice::{LostManifest, Tool};
pub use compile::{CompileSettings, WorkerError, WorkerLimits, compile_stdin};
pub use error::{ComponentError, GuestText, LoadError, PluginError};
pub use host::Fixed;
pub use inspect::{Inspection, inspect};
pub use limits::{CallLimits, HostLimits};
pub use lines::{LINES_SECTION, LineRow, LineScope, Lines};
pub use measure::Unchecked;
pub use profile::{FunctionShare, ImportUse, Profile, Profiled};
pub use purpose::{Purpose, Tallied, Tally, Test};
pub use registry::{
    CodeSettings, CompiledComponent, ComponentSource, FoundComponent, NewComponent,
};
pub use sections::{Layer, Sections, section_id};
pub use services::{
    CallLines, KeptValue, KeyValueError, KeyValues, LogKeeper, LogLine, MediaError, MediaFiles,
    MediaRequest, NewValue, OutboundError, OutboundHeader, OutboundHttp, OutboundRequest,
    OutboundResponse, Pending, Services,
};

pub use target::granted_host;

use self::backtrace::Stack;
use self::breaker::Breakers;
use self::cpu::CpuClock;
use self::engine::PluginEngine;
use self::gate::{CallPermit, ConcurrencyLimits, wall_time_left};
use self::host::{CallLog, CallState};
use self::measure::{Told, timed};
use self::registry::Registry;
use self::stopped::{CpuTimeUsedUp, stopped};
use self::symbols::Symbols;
use self::wit::v1::{self, Instantiable, InternalError};
use crate::budget::{Budget, Claim};
use crate::telemetry::{CallUsage, FlowVersion, Metrics};
use flowhost_protocol::flow::{
    Answer, AnswerError, Capabilities, ClientError, Exchange, FlowConfig, TurnInput,
};
use flowhost_protocol::ids::{FlowId, PluginDigest, RequestId, Scope, TenantId, TokenHash};

/// Runs plugins.
pub struct Plugins {
    registry: Registry,
    breakers: Breakers,
    gates: ConcurrencyLimits,
    slow_lane: Arc<Budget>,
    services: Services,
    metrics: Arc<Metrics>,
}

/// A version of a flow's plugin and what a call of it may use. Made once and shared by all of its
/// calls.
#[derive(Debug)]
pub struct PluginVersion {
    /// The tenant and the flow that it belongs to.
    pub scope: Scope,
    /// Its name in the metrics.
    pub name: FlowVersion,
    /// What it consists of.
    pub digest: PluginDigest,
    /// What a call may use.
    pub limits: CallLimits,
    /// What it may reach outside: what the plugin asks for and the flow grants.
    pub capabilities: Arc<Capabilities>,
    /// The settings and secrets that the tenant set for the flow.
    pub config: Arc<FlowConfig>,
}

/// A call of a plugin.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which plugin.
    pub plugin: Arc<PluginVersion>,
    /// The request that it is for. `None` for a rehearsal.
    pub request: Option<RequestId>,
    /// The token of the session that it is a turn of, or that a client reports an error of.
    pub token: Option<TokenHash>,
    /// What it is called for.
    pub purpose: Purpose,
}

impl PluginVersion {
    /// Its number in the flow.
    pub fn version(&self) -> i32 {
        self.name.version
    }
}

impl Plugins {
    /// Starts the engine. `max_memory_bytes` is the most memory that any call may get.
    pub fn new(
        max_memory_bytes: u64,
        limits: HostLimits,
        code: CodeSettings,
        source: Box<dyn ComponentSource>,
        services: Services,
        metrics: Arc<Metrics>,
    ) -> Result<Self, LoadError> {
        let engine = PluginEngine::new(max_memory_bytes, limits).map_err(host_error)?;
        let linker = v1::linker(engine.engine()).map_err(host_error)?;
        let registry = Registry::new(engine, linker, limits, code, source, &metrics);
        Ok(Self::with(registry, limits, services, metrics))
    }

    /// The same, for calls with a [`Profile`]. Never for calls that serve: watching costs time.
    pub fn profiling(
        max_memory_bytes: u64,
        limits: HostLimits,
        code: CodeSettings,
        source: Box<dyn ComponentSource>,
        services: Services,
        metrics: Arc<Metrics>,
    ) -> Result<Self, LoadError> {
        let engine = PluginEngine::profiling(max_memory_bytes, limits).map_err(host_error)?;
        let linker = v1::watched_linker(engine.engine()).map_err(host_error)?;
        let registry = Registry::new(engine, linker, limits, code, source, &metrics);
        Ok(Self::with(registry, limits, services, metrics))
    }

    fn with(
        registry: Registry,
        limits: HostLimits,
        services: Services,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (breakers, gates) = (Breakers::default(), ConcurrencyLimits::new(limits, &metrics));
        let slow_lane = cpu::slow_lane(metrics.budget("slow-lane"));
        Self { registry, breakers, gates, slow_lane, services, metrics }
    }

    /// Asks a plugin to answer an exchange.
    pub async fn invoke(
        &self,
        call: &Call,
        exchange: &Exchange,
        input: &TurnInput,
    ) -> Result<Unchecked<'_>, PluginError> {
        let asked = self.run(call, async |guest, store| ask(guest, store, exchange, input).await);
        let (answered, told, usage) = asked.await?;
        Ok(Unchecked::new(answered, told, usage, call, &self.slow_lane))
    }

    /// Hands a plugin an error that a client reported.
    pub async fn report_client_error(
        &self,
        call: &Call,
        error: &ClientError,
    ) -> Result<(), PluginError> {
        let reported =
            self.run(call, async |guest, store| guest.on_client_error(store, error).await.map(Ok));
        let (_, told, usage) = reported.await?;
        told.used(&usage);
        told.succeeded();
        Ok(())
    }

    /// Adds to the plugin's log why its answer was refused, for the plugin's author.
    pub fn note_refusal(&self, call: &Call, reason: &AnswerError) {
        let mut log = CallLog::new(call);
        log.write_failure(&reason.to_string());
        log.hand_over(call, &self.services);
    }

    /// Loads a plugin if it is not loaded, to see whether it can be called.
    pub async fn ensure_loadable(
        &self,
        tenant: TenantId,
        digest: PluginDigest,
    ) -> Result<(), LoadError> {
        self.registry.load(tenant, digest).await.map(|_| ())
    }

    /// Why a plugin can't be loaded, as far as this host knows already: it loads nothing to find
    /// out. What it has loaded it does not tell, since that may be for another tenant.
    pub fn known_failure(&self, digest: PluginDigest) -> Option<LoadError> {
        self.registry.failure(digest)
    }

    /// Compiles a plugin whose code is not in the cache, so that its first call need not wait for
    /// that.
    pub async fn ensure_compiled(
        &self,
        tenant: TenantId,
        digest: PluginDigest,
    ) -> Result<(), LoadError> {
        self.registry.ensure_compiled(tenant, digest).await
    }

    /// Compiles an uploaded component and checks it against the contract.
    pub async fn prepare(&self, component: NewComponent) -> Result<CompiledComponent, LoadError> {
        self.registry.prepare(component).await
    }

    /// Removes from memory plugins that are neither active nor recently used.
    pub fn retain(&self, active: &HashSet<PluginDigest>) {
        self.registry.retain(active);
    }

    /// Forgets the failures of all versions but these.
    pub fn retain_versions(&self, active: &HashSet<(FlowId, i32)>) {
        self.breakers.retain(active);
    }

    /// Makes one call if its version's circuit allows it, and reports a failure.
    async fn run<T>(
        &self,
        call: &Call,
        body: impl AsyncFnOnce(
            &Instantiable,
            &mut Store<CallState>,
        ) -> wasmtime::Result<Result<T, PluginError>>,
    ) -> Result<((T, CallPermit), Told<'_>, CallUsage), PluginError> {
        let told = Told::begin(&self.breakers, &self.metrics.plugins, call)?;
        let mut usage = CallUsage::default();
        match self.run_admitted(call, &mut usage, body).await {
            Ok(value) => Ok((value, told, usage)),
            Err(error) => {
                told.used(&usage);
                told.failed(&error);
                Err(error)
            }
        }
    }

    /// Runs one call in an instance of its own, within its limits. The permit is returned with the
    /// value, so that the caller keeps it while it uses the value.
    async fn run_admitted<T>(
        &self,
        call: &Call,
        usage: &mut CallUsage,
        body: impl AsyncFnOnce(
            &Instantiable,
            &mut Store<CallState>,
        ) -> wasmtime::Result<Result<T, PluginError>>,
    ) -> Result<(T, CallPermit), PluginError> {
        let asked = Instant::now();
        let limits = call.plugin.limits;
        let (tenant, digest) = (call.plugin.scope.tenant, call.plugin.digest);
        let plugin = self.registry.load(tenant, digest).await?;
        let profiled = match call.purpose.profile() {
            Some(_) => Some(self.registry.symbols(tenant, digest).await),
            None => None,
        };
        let needs = plugin.needs.within(limits.memory_bytes);
        let enter = self.gates.enter(call.plugin.scope, limits.concurrency, limits.queue, needs);
        let (entered, queue) = timed(enter).await;
        usage.queue = Some(queue);
        let entered = entered?;
        let wall_left =
            wall_time_left(limits.wall, asked.elapsed()).ok_or(PluginError::Overloaded)?;
        let clock = CpuClock::new(limits.cpu);
        let _ticking = self.registry.ticking();
        let memory = (entered.memory.clone(), needs.instances);
        let mut store = self.store(call, &clock, memory, wall_left, profiled);
        let metered = clock.clone().meter(timeout(wall_left, body(&plugin.guest, &mut store)));
        let (result, wall) = timed(metered).await;
        (usage.cpu, usage.wall) = (Some(clock.used()), Some(wall));
        (usage.start, usage.memory_bytes) =
            (store.data().started_in, Some(store.data().limiter.used()));
        let (result, stack) = match result {
            // The guest was usually waiting for the host. Its future is dropped, so there is no
            // error with a backtrace.
            Err(_) if wall_left < limits.wall => (Err(PluginError::Overloaded), None),
            Err(_) => (Err(PluginError::WallTime(limits.wall)), None),
            Ok(Ok(value)) => (value, None),
            Ok(Err(error)) => (Err(stopped(&error, &store.data().last_signs())), Stack::of(&error)),
        };
        let mut state = store.into_data();
        match result {
            Ok(value) => {
                state.finish_log(None, None);
                Ok((value, entered))
            }
            Err(error) => {
                // Others may have what the call held, while its functions' names are looked up.
                state.limiter.give_back();
                drop(entered);
                let place = match stack {
                    Some(stack) => stack.shown(&*self.registry.symbols(tenant, digest).await),
                    None => None,
                };
                state.finish_log(Some(&error), place.as_deref());
                Err(error)
            }
        }
    }

    /// A store with every limit set. With symbols, the call is profiled.
    fn store(
        &self,
        call: &Call,
        clock: &Arc<CpuClock>,
        memory: (Arc<Claim>, u64),
        wall: Duration,
        profiled: Option<Arc<Symbols>>,
    ) -> Store<CallState> {
        let state = CallState::new(call, &self.services, memory, wall);
        let mut store = Store::new(self.registry.engine(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(HOST_CALL_BYTES);
        store.set_max_component_handles(MAX_HANDLES);
        store.set_epoch_deadline(1);
        let (clock, lane, tenant) =
            (clock.clone(), self.slow_lane.clone(), call.plugin.scope.tenant);
        store.epoch_deadline_callback(move |store| {
            if let Some(symbols) = &profiled {
                profile::sample(&store, symbols);
            }
            if clock.exhausted() {
                return Err(wasmtime::Error::new(CpuTimeUsedUp));
            }
            let (clock, lane) = (clock.clone(), lane.clone());
            Ok(UpdateDeadline::YieldCustom(
                1,
                Box::pin(async move { clock.yield_fairly(&lane, tenant).await }),
            ))
        });
        store
    }
}

/// Asks a guest for its answer. The text of an internal error goes to the guest's log only.
async fn ask(
    guest: &Instantiable,
    store: &mut Store<CallState>,
    exchange: &Exchange,
    input: &TurnInput,
) -> wasmtime::Result<Result<Answer, PluginError>> {
    let answer = guest.handle(store, exchange, input).await?;
    Ok(answer.map_err(|InternalError(text)| {
        store.data_mut().note_internal_error(&text);
        PluginError::Internal
    }))
}

fn host_error(error: wasmtime::Error) -> LoadError {
    LoadError::Host(format!("{error:#}"))
}

/// wasmtime's error chain on one line, cut: names of imports and types can be long.
fn explain(error: &wasmtime::Error) -> String {
    let reasons: Vec<String> = error.chain().map(ToString::to_string).collect();
    crate::telemetry::printable(&reasons.join(": "), EXPLANATION_BYTES)
}

/// The most bytes that a guest may hand over in one host call or as its answer. It is above the
/// largest reply (1 MiB) and state (256 KiB) that can be allowed, so that the later check names the
/// limit, and small enough to be copied.
const HOST_CALL_BYTES: usize = 2 << 20;

/// An answer to an upload needs no more.
const EXPLANATION_BYTES: usize = 2_000;

/// Handles of a guest at the same time: streams and pollables.
const MAX_HANDLES: usize = 1_000;
