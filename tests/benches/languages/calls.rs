//! Calls in the runtime alone, in this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowhost_client::payload;
use flowhost_protocol::crypto::{CodeKeys, MasterKey, MasterKeys};
use flowhost_protocol::flow::{
    Action, Answer, Capabilities, Exchange, FlowLimits, FlowToken, MAX_MEMORY_BYTES, TurnInput,
};
use flowhost_protocol::ids::{FlowId, PluginDigest, Scope, TenantId};
use flowhost_runtime::plugins::{
    Call, CallLimits, CodeSettings, CompileSettings, ComponentSource, FoundComponent, HostLimits,
    PluginVersion, Plugins, Purpose, Services, Tally, WorkerLimits,
};
use flowhost_runtime::telemetry::{FlowVersion, Metrics};
use flowhost_tests::measure::{NoServices, Table, median, resident_bytes};
use flowhost_tests::program;
use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use tokio::task::yield_now;

use crate::compiling::mib;
use crate::guests::Guest;
use crate::services::WaitingStore;
use crate::sizes::Sizes;

/// Engines that share a cache of compiled code.
pub(crate) struct Bench {
    cache: PathBuf,
    keys: MasterKeys,
}

/// An engine, and a plugin to load and call.
struct Scene {
    plugins: Plugins,
    store: Arc<WaitingStore>,
    call: Call,
}

impl Bench {
    /// Compiles all guests into the cache, and makes sure that they give the same answer.
    pub(crate) async fn prepare(guests: &[Guest], cache: PathBuf) -> Self {
        let bench = Self { cache, keys: MasterKeys::new(MasterKey::generate(), None) };
        let mut answers = Vec::new();
        for guest in guests {
            let scene = bench.scene(guest);
            scene.load().await;
            answers.push(format!("{:?}", scene.answer().await));
        }
        for (guest, answer) in guests.iter().zip(&answers) {
            assert_eq!(answer, &answers[0], "{} and {}", guest.name, guests[0].name);
        }
        bench
    }

    pub(crate) async fn measure(&self, guests: &[Guest], sizes: &Sizes) -> Table {
        let columns = ["load ms", "first call ms", "p50 ms", "p99 ms", "memory of a call MiB"];
        let mut table = Table::new("Languages: calls in the runtime alone", &columns);
        for _ in 0..sizes.rounds {
            for guest in guests {
                table.add(guest.name, self.figures(guest, sizes.calls).await);
            }
        }
        table
    }

    async fn figures(&self, guest: &Guest, calls: u32) -> Vec<f64> {
        let (mut loads, mut firsts) = (Vec::new(), Vec::new());
        for _ in 0..LOADS {
            let scene = self.scene(guest);
            loads.push(ms(scene.load().await));
            firsts.push(ms(scene.call().await));
        }
        let scene = self.scene(guest);
        scene.load().await;
        let memory = scene.memory_of_a_call().await;
        let mut took = Vec::new();
        for _ in 0..calls {
            took.push(ms(scene.call().await));
        }
        took.sort_by(f64::total_cmp);
        let at = |percent: usize| took[(took.len() - 1) * percent / 100];
        vec![median(loads), median(firsts), at(50), at(99), memory]
    }

    /// With nothing loaded.
    fn scene(&self, guest: &Guest) -> Scene {
        let compile = CompileSettings {
            program: program(),
            limits: WorkerLimits::default(),
            time: Duration::from_secs(300),
        };
        let code = CodeSettings {
            compile,
            cache: Some(self.cache.clone()),
            keys: CodeKeys::derive(&self.keys),
        };
        let (store, nothing) = (Arc::new(WaitingStore::new()), Arc::new(NoServices));
        let services = Services {
            http: nothing.clone(),
            logs: nothing.clone(),
            media: nothing,
            values: store.clone(),
        };
        let source = Box::new(OneComponent(guest.component.clone()));
        let (limits, metrics) = (HostLimits::default(), Arc::new(Metrics::new()));
        let plugins =
            Plugins::new(MAX_MEMORY_BYTES, limits, code, source, services, metrics).unwrap();
        Scene { plugins, store, call: call(guest) }
    }
}

impl Scene {
    async fn load(&self) -> Duration {
        let plugin = &self.call.plugin;
        let began = Instant::now();
        self.plugins.ensure_loadable(plugin.scope.tenant, plugin.digest).await.unwrap();
        began.elapsed()
    }

    async fn call(&self) -> Duration {
        let (exchange, input) = (exchange(Action::Init), input());
        let began = Instant::now();
        let unchecked = self.plugins.invoke(&self.call, &exchange, &input).await.unwrap();
        let took = began.elapsed();
        drop(unchecked);
        took
    }

    async fn answer(&self) -> Answer {
        let (exchange, input) = (exchange(Action::Init), input());
        let unchecked = self.plugins.invoke(&self.call, &exchange, &input).await.unwrap();
        unchecked.check(Ok).await.unwrap().unwrap()
    }

    /// In MiB, of calls that wait for the store.
    async fn memory_of_a_call(&self) -> f64 {
        let resident = || mib(resident_bytes(std::process::id()));
        // What the first call of all makes stays.
        self.call().await;
        let (exchange, input) = (exchange(Action::DataExchange), input());
        let before = resident();
        let calls = (0..UNDER_WAY).map(|_| self.plugins.invoke(&self.call, &exchange, &input));
        let look = async {
            while self.store.waiting() < UNDER_WAY {
                yield_now().await;
            }
            let after = resident();
            self.store.let_go();
            after
        };
        let (answered, after) = tokio::join!(join_all(calls), look);
        answered.into_iter().for_each(|answered| drop(answered.unwrap()));
        (after - before) / f64::from(UNDER_WAY)
    }
}

fn call(guest: &Guest) -> Call {
    let limits = FlowLimits { concurrency: UNDER_WAY, ..FlowLimits::default() };
    let plugin = PluginVersion {
        scope: Scope { tenant: TenantId::new(), flow: FlowId::new() },
        name: FlowVersion { tenant: "acme".to_owned(), flow: "slots".to_owned(), version: 1 },
        digest: PluginDigest(Sha256::digest(&guest.component).into()),
        limits: CallLimits::from(&limits),
        capabilities: Arc::new(Capabilities { store: true, ..Capabilities::default() }),
        config: Arc::default(),
    };
    // Nothing of a rehearsal is counted, and no circuit opens.
    let purpose = Purpose::Rehearse(Tally::default());
    Call { plugin: Arc::new(plugin), request: None, token: None, purpose }
}

fn exchange(action: Action) -> Exchange {
    let screen = (action != Action::Init).then(|| "APPOINTMENT".to_owned());
    Exchange {
        action,
        screen,
        data: "{}".to_owned(),
        flow_token: FlowToken::new("flow-token-of-ana".to_owned()),
        version: payload::DATA_API_VERSION.to_owned(),
        flow_token_signature: None,
    }
}

fn input() -> TurnInput {
    TurnInput { state: None, context: None, exchanges: 0, token_verified: false, shared: false }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

struct OneComponent(Vec<u8>);

impl ComponentSource for OneComponent {
    fn component(&self, _: TenantId, _: PluginDigest) -> FoundComponent<'_> {
        Box::pin(async { Ok(Some(self.0.clone())) })
    }
}

/// How often a plugin is loaded for a figure.
const LOADS: u32 = 5;

/// As many as one flow may have at once.
const UNDER_WAY: u32 = 64;
