//! Metrics of plugins: one series for each version of each flow, up to a number of versions. All
//! others share one series.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use super::Blame;

/// The metrics of all plugin calls.
#[derive(Debug)]
pub struct PluginMetrics {
    families: Families,
    most: usize,
    series: Mutex<HashMap<FlowVersion, Arc<FlowSeries>>>,
    /// Shared by the versions that there is no room for.
    others: Arc<FlowSeries>,
}

/// A version of a flow's plugin. Slugs are short and of `a-z0-9-`, so they may be labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct FlowVersion {
    /// The tenant's slug.
    pub tenant: String,
    /// The flow's name.
    pub flow: String,
    /// The version of the flow's plugin.
    pub version: i32,
}

/// What one call used. A stage that the call did not reach is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallUsage {
    /// Time spent waiting for a call permit.
    pub queue: Option<Duration>,
    /// Time for instantiation, the guest's start-up code included.
    pub start: Option<Duration>,
    /// CPU time.
    pub cpu: Option<Duration>,
    /// Wall time from the permit to the end.
    pub wall: Option<Duration>,
    /// The most linear memory that it had, in bytes.
    pub memory_bytes: Option<u64>,
}

/// The metrics of one version.
#[derive(Debug)]
pub struct FlowSeries {
    calls: Counter,
    queue: Histogram,
    start: Histogram,
    cpu: Histogram,
    wall: Histogram,
    memory: Gauge,
    shared_tokens: Counter,
    /// Absent for the shared series, which stands for many circuits.
    circuit: Option<Gauge>,
    failures: Mutex<Failures>,
    refusals: Mutex<Failures>,
}

/// One version's failures of one sort, by kind.
#[derive(Debug)]
struct Failures {
    /// `None` once the version is gone: a call that ends later must not bring the series back.
    family: Option<Family<FailureLabel, Counter>>,
    version: FlowVersion,
    kinds: HashMap<FailureLabel, Counter>,
    used: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabel {
    tenant: String,
    flow: String,
    version: i32,
    kind: &'static str,
    blame: &'static str,
}

type Histograms = Family<FlowVersion, Histogram, fn() -> Histogram>;

struct Families {
    calls: Family<FlowVersion, Counter>,
    failures: Family<FailureLabel, Counter>,
    refusals: Family<FailureLabel, Counter>,
    queue: Histograms,
    start: Histograms,
    cpu: Histograms,
    wall: Histograms,
    memory: Family<FlowVersion, Gauge>,
    shared_tokens: Family<FlowVersion, Counter>,
    circuit: Family<FlowVersion, Gauge>,
}

impl PluginMetrics {
    /// All metrics at zero, shown by `registry`. At most `most` versions have series of their own.
    pub(super) fn new(registry: &mut Registry, most: usize) -> Self {
        let families = Families::new();
        families.register(registry);
        let others = FlowVersion { tenant: OTHERS.to_owned(), flow: OTHERS.to_owned(), version: 0 };
        let others = Arc::new(families.series(&others));
        Self { families, most, series: Mutex::default(), others }
    }

    /// The series of a version.
    pub fn of(&self, version: &FlowVersion) -> Arc<FlowSeries> {
        let mut all = self.lock();
        if let Some(series) = all.get(version) {
            series.failures().used = Instant::now();
            return series.clone();
        }
        if all.len() >= self.most {
            return self.others.clone();
        }
        let series = Arc::new(self.families.series(version));
        all.insert(version.clone(), series.clone());
        series
    }

    /// Removes the series of versions that are gone. `active` gives a flow's active version by
    /// tenant slug and flow name, or `None` if there is no such flow. Other versions of an existing
    /// flow stay for a minute after their last call, so that they are scraped once more.
    pub fn retain(&self, active: impl Fn(&str, &str) -> Option<Option<i32>>) {
        self.lock().retain(|version, series| {
            let stays = match active(&version.tenant, &version.flow) {
                None => false,
                Some(active) => {
                    active == Some(version.version)
                        || series.failures().used.elapsed() < KEEP_REPLACED
                }
            };
            if !stays {
                self.families.remove(version, series);
            }
            stays
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<FlowVersion, Arc<FlowSeries>>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FlowSeries {
    /// Counts a call that was requested.
    pub fn called(&self) {
        self.calls.inc();
    }

    /// Records what a call used, whether it succeeded or not.
    pub fn used(&self, usage: &CallUsage) {
        let observe = |histogram: &Histogram, time: Option<Duration>| {
            time.map(|time| histogram.observe(time.as_secs_f64()))
        };
        observe(&self.queue, usage.queue);
        observe(&self.start, usage.start);
        observe(&self.cpu, usage.cpu);
        observe(&self.wall, usage.wall);
        let bytes = usage.memory_bytes.map_or(0, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        self.memory.inner().fetch_max(bytes, Ordering::Relaxed);
    }

    /// Counts a failed call. `kind` is one of a few fixed values.
    pub fn failed(&self, kind: &'static str, blame: Blame) {
        self.failures().count(kind, blame.as_str());
    }

    /// Counts a request to the flow that got no reply, whether it reached the plugin or not. `kind`
    /// is one of a few fixed values.
    pub fn refused(&self, kind: &'static str, blame: Blame) {
        lock(&self.refusals).count(kind, blame.as_str());
    }

    /// Counts an exchange whose token is shared by many recipients.
    pub fn token_shared(&self) {
        self.shared_tokens.inc();
    }

    /// Sets whether the circuit is open.
    pub(crate) fn set_circuit_open(&self, open: bool) {
        if let Some(circuit) = &self.circuit {
            circuit.set(open.into());
        }
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        lock(&self.failures)
    }
}

fn lock(failures: &Mutex<Failures>) -> MutexGuard<'_, Failures> {
    failures.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Failures {
    fn none(family: &Family<FailureLabel, Counter>, version: &FlowVersion) -> Mutex<Self> {
        let (family, version) = (Some(family.clone()), version.clone());
        Mutex::new(Self { family, version, kinds: HashMap::new(), used: Instant::now() })
    }

    /// Removes the series.
    fn remove(&mut self) {
        let Some(family) = self.family.take() else { return };
        for (label, _) in self.kinds.drain() {
            family.remove(&label);
        }
    }

    fn count(&mut self, kind: &'static str, blame: &'static str) {
        let Some(family) = &self.family else { return };
        let FlowVersion { tenant, flow, version } = self.version.clone();
        let label = FailureLabel { tenant, flow, version, kind, blame };
        self.kinds.entry(label).or_insert_with_key(|label| family.get_or_create_owned(label)).inc();
    }
}

impl Families {
    fn new() -> Self {
        Self {
            calls: Family::default(),
            failures: Family::default(),
            refusals: Family::default(),
            queue: Family::new_with_constructor(|| Histogram::new(QUEUE_BUCKETS)),
            start: Family::new_with_constructor(|| Histogram::new(START_BUCKETS)),
            cpu: Family::new_with_constructor(|| Histogram::new(CPU_BUCKETS)),
            wall: Family::new_with_constructor(|| Histogram::new(WALL_BUCKETS)),
            memory: Family::default(),
            shared_tokens: Family::default(),
            circuit: Family::default(),
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "plugin_calls",
            "Calls of plugins that were asked for",
            self.calls.clone(),
        );
        registry.register(
            "plugin_failures",
            "Calls of plugins that failed, by what failed and whose fault it is",
            self.failures.clone(),
        );
        registry.register(
            "flow_requests_failed",
            "Requests to flows that got no reply, by why and whose fault it is, whether they reached the plugin or not",
            self.refusals.clone(),
        );
        registry.register(
            "plugin_queue_seconds",
            "How long calls waited for a place",
            self.queue.clone(),
        );
        registry.register(
            "plugin_start_seconds",
            "How long making an instance took, start-up code included",
            self.start.clone(),
        );
        registry.register(
            "plugin_cpu_seconds",
            "What calls used of the processor",
            self.cpu.clone(),
        );
        registry.register(
            "plugin_wall_seconds",
            "How long calls took once they had a place",
            self.wall.clone(),
        );
        registry.register(
            "plugin_memory_high_water_bytes",
            "The most linear memory that a call had",
            self.memory.clone(),
        );
        registry.register(
            "shared_token_exchanges",
            "Exchanges whose flow token many recipients share",
            self.shared_tokens.clone(),
        );
        registry.register(
            "plugin_circuit_open",
            "1 while calls are refused since the plugin fails",
            self.circuit.clone(),
        );
    }

    fn series(&self, version: &FlowVersion) -> FlowSeries {
        FlowSeries {
            calls: self.calls.get_or_create_owned(version),
            queue: self.queue.get_or_create_owned(version),
            start: self.start.get_or_create_owned(version),
            cpu: self.cpu.get_or_create_owned(version),
            wall: self.wall.get_or_create_owned(version),
            memory: self.memory.get_or_create_owned(version),
            shared_tokens: self.shared_tokens.get_or_create_owned(version),
            circuit: (version.tenant != OTHERS).then(|| self.circuit.get_or_create_owned(version)),
            failures: Failures::none(&self.failures, version),
            refusals: Failures::none(&self.refusals, version),
        }
    }

    fn remove(&self, version: &FlowVersion, series: &FlowSeries) {
        self.calls.remove(version);
        for histograms in [&self.queue, &self.start, &self.cpu, &self.wall] {
            histograms.remove(version);
        }
        self.memory.remove(version);
        self.shared_tokens.remove(version);
        self.circuit.remove(version);
        series.failures().remove();
        lock(&series.refusals).remove();
    }
}

/// Written by hand: the constructors in `Histograms` are functions, and prometheus-client gives
/// such families no `Debug`.
impl fmt::Debug for Families {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Families").finish_non_exhaustive()
    }
}

/// Not a valid slug, so no tenant can have this name.
const OTHERS: &str = "_others";

/// A version's series are some 45 lines of text. This many make a page of a few megabytes, which
/// Prometheus reads from one target without trouble.
pub(super) const MOST_VERSIONS: usize = 1_000;

/// Prometheus scrapes every 15 to 60 s.
const KEEP_REPLACED: Duration = Duration::from_secs(60);

/// In seconds. A permit is usually free; no call waits for more than 1.5 s.
const QUEUE_BUCKETS: [f64; 4] = [0.001, 0.01, 0.1, 0.5];

/// In seconds. Instantiation takes 30 us; start-up code may take all of the CPU time.
const START_BUCKETS: [f64; 4] = [0.0001, 0.001, 0.01, 0.1];

/// In seconds. An honest call takes below 1 ms; more than 2 ms lead to the slow lane; 200 ms are
/// the default limit.
const CPU_BUCKETS: [f64; 6] = [0.001, 0.002, 0.02, 0.1, 0.2, 1.0];

/// In seconds. With outbound calls up to the default limit of 8 s; Meta counts what takes more than
/// 1 s.
const WALL_BUCKETS: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 3.0, 8.0];

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use tokio::time::advance;

    use super::*;

    #[test]
    fn two_thousand_flows_make_no_more_series_than_there_is_room_for() {
        let (registry, metrics) = metrics(10);

        for number in 0..2_000 {
            let series = metrics.of(&version("acme", &format!("flow-{number}"), 1));
            series.called();
            series.failed("trap", Blame::Guest);
            series.used(&CallUsage { cpu: Some(Duration::from_millis(2)), ..CallUsage::default() });
        }

        let text = text(&registry);
        let lines = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(lines("plugin_calls_total{"), 11);
        assert_eq!(lines("plugin_failures_total{"), 11);
        assert_eq!(lines("plugin_cpu_seconds_count{"), 11);
        assert!(
            text.contains(
                "plugin_calls_total{tenant=\"_others\",flow=\"_others\",version=\"0\"} 1990"
            ),
            "{text}"
        );
        assert!(text.contains("version=\"0\",kind=\"trap\",blame=\"guest\"} 1990"), "{text}");
    }

    #[test]
    fn shows_what_calls_used() {
        let (registry, metrics) = metrics(10);
        let series = metrics.of(&version("acme", "booking", 3));

        for bytes in [1 << 20, 2 << 20, 1 << 20] {
            series.used(&CallUsage {
                queue: Some(Duration::ZERO),
                start: Some(Duration::from_micros(30)),
                cpu: Some(Duration::from_millis(4)),
                wall: Some(Duration::from_millis(50)),
                memory_bytes: Some(bytes),
            });
        }
        series.used(&CallUsage { queue: Some(Duration::from_secs(1)), ..CallUsage::default() });
        series.set_circuit_open(true);
        series.token_shared();

        let (text, labels) = (text(&registry), "tenant=\"acme\",flow=\"booking\",version=\"3\"");
        for line in [
            format!("plugin_queue_seconds_count{{{labels}}} 4"),
            format!("plugin_start_seconds_bucket{{le=\"0.0001\",{labels}}} 3"),
            format!("plugin_cpu_seconds_bucket{{le=\"0.02\",{labels}}} 3"),
            format!("plugin_cpu_seconds_bucket{{le=\"0.002\",{labels}}} 0"),
            format!("plugin_wall_seconds_count{{{labels}}} 3"),
            format!("plugin_memory_high_water_bytes{{{labels}}} 2097152"),
            format!("plugin_circuit_open{{{labels}}} 1"),
            format!("shared_token_exchanges_total{{{labels}}} 1"),
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in:\n{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_gone_is_removed_and_makes_room() {
        let (registry, metrics) = metrics(3);
        for of in [
            version("acme", "booking", 1),
            version("acme", "booking", 2),
            version("gone", "booking", 1),
        ] {
            metrics.of(&of).failed("trap", Blame::Guest);
        }
        let under_way = metrics.of(&version("gone", "booking", 1));
        let active = |tenant: &str, _: &str| (tenant == "acme").then_some(Some(2));

        metrics.retain(active);
        let shown = text(&registry);
        assert!(
            !shown.contains("\"gone\"")
                && shown.contains("version=\"1\"")
                && shown.contains("version=\"2\""),
            "{shown}"
        );

        advance(KEEP_REPLACED).await;
        metrics.retain(active);
        under_way.failed("wall-time", Blame::Guest);
        under_way.called();
        let shown = text(&registry);
        assert!(
            !shown.contains("\"gone\"")
                && !shown.contains("version=\"1\"")
                && shown.contains("version=\"2\""),
            "{shown}"
        );

        metrics.of(&version("new", "booking", 1)).called();
        assert!(
            text(&registry)
                .contains("plugin_calls_total{tenant=\"new\",flow=\"booking\",version=\"1\"} 1")
        );
    }

    fn metrics(most: usize) -> (Registry, PluginMetrics) {
        let mut registry = Registry::default();
        let metrics = PluginMetrics::new(&mut registry, most);
        (registry, metrics)
    }

    fn version(tenant: &str, flow: &str, version: i32) -> FlowVersion {
        FlowVersion { tenant: tenant.to_owned(), flow: flow.to_owned(), version }
    }

    fn text(registry: &Registry) -> String {
        let mut text = String::new();
        encode(&mut text, registry).unwrap();
        text
    }
}
