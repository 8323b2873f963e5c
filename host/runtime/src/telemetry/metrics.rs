//! Metrics: counted here, served by `http` as `GET /metrics`.
//!
//! Every host has its own [`Metrics`]. Nothing is global, so hosts in one process do not count each
//! other's requests. Label values are few and chosen by the host itself. Slugs of tenants and flows
//! are labels too, for a bounded number of versions ([`PluginMetrics`]). Text from outside is never
//! a label.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::runtime::Handle;

use super::budget_metrics::{BudgetMetrics, BudgetSeries};
use super::group_metrics::{GroupMetrics, GroupSeries};
use super::plugin_metrics::{MOST_VERSIONS, PluginMetrics};

/// The metrics of one host.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<StatusLabel, Counter>,
    request_duration: Histogram,
    admin_requests_refused: Family<ReasonLabel, Counter>,
    connections: Family<ListenerLabel, Gauge>,
    connection_limit_reached: Family<ListenerLabel, Counter>,
    key_uploads: Family<KeyUploadLabel, Gauge>,
    /// The metrics of plugin calls.
    pub plugins: PluginMetrics,
    plugin_log_lines_dropped: Counter,
    tasks_up: Family<TaskLabel, Gauge>,
    task_failures: Family<TaskLabel, Counter>,
    purged: Family<PurgedLabel, Counter>,
    purge_failures: Counter,
    purge_pass_ended: Gauge,
    /// Set when the metrics are read.
    tasks_alive: Gauge,
    budgets: BudgetMetrics,
    groups: GroupMetrics,
}

/// One of a host's two listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Serves the admin API and the health checks.
    Admin,
    /// Serves the data endpoints.
    Public,
}

/// Why a request to the admin API was refused before it was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminRefusal {
    /// Its token is not valid, or no longer valid.
    InvalidToken,
    /// It had no token.
    NoToken,
}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("flowhost");
        let plugins = PluginMetrics::new(&mut registry, MOST_VERSIONS);
        let mut metrics = Self {
            registry,
            requests: Family::default(),
            request_duration: Histogram::new(DURATION_BUCKETS),
            admin_requests_refused: Family::default(),
            connections: Family::default(),
            connection_limit_reached: Family::default(),
            key_uploads: Family::default(),
            plugins,
            plugin_log_lines_dropped: Counter::default(),
            tasks_up: Family::default(),
            task_failures: Family::default(),
            purged: Family::default(),
            purge_failures: Counter::default(),
            purge_pass_ended: Gauge::default(),
            tasks_alive: Gauge::default(),
            budgets: BudgetMetrics::default(),
            groups: GroupMetrics::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        self.budgets.register(registry);
        self.groups.register(registry);
        registry.register(
            "requests",
            "Requests to the public listener that were answered",
            self.requests.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "From a request's head to its answer's head, on the public listener",
            self.request_duration.clone(),
        );
        registry.register(
            "admin_requests_refused",
            "Requests to the admin API that were refused for want of a valid token",
            self.admin_requests_refused.clone(),
        );
        registry.register("connections", "Connections that are open", self.connections.clone());
        registry.register(
            "connection_limit_reached",
            "How often no connection was accepted until another one ended",
            self.connection_limit_reached.clone(),
        );
        registry.register(
            "key_uploads",
            "Public keys by what Meta says of them",
            self.key_uploads.clone(),
        );
        registry.register(
            "plugin_log_lines_dropped",
            "Lines of plugins' logs that were not kept: no room on their way to the database, or no database",
            self.plugin_log_lines_dropped.clone(),
        );
        registry.register(
            "host_log_lines_lost",
            "Lines of the process's own log that were not written: nobody reads it fast enough, or it can't be written",
            super::LOST_LINES.clone(),
        );
        registry.register(
            "background_task_up",
            "1 while what a host does beside its requests goes on; 0 from its failure to its next start",
            self.tasks_up.clone(),
        );
        registry.register(
            "background_task_failures",
            "How often what a host does beside its requests panicked or ended, to be started again",
            self.task_failures.clone(),
        );
        registry.register(
            "purged",
            "What this host deleted because it was over",
            self.purged.clone(),
        );
        registry.register(
            "purge_failures",
            "Tenants that were passed over because deleting what was over failed; the log says why",
            self.purge_failures.clone(),
        );
        registry.register(
            "purge_pass_ended_timestamp_seconds",
            "When this host last came to the end of all tenants with deleting; 0: other hosts did",
            self.purge_pass_ended.clone(),
        );
        registry.register(
            "tasks_alive",
            "What goes on in this process: connections, requests, calls",
            self.tasks_alive.clone(),
        );
    }

    /// Counts an answered request to the public listener and how long it took.
    pub fn answered(&self, status: u16, duration: Duration) {
        self.requests.get_or_create(&StatusLabel { status }).inc();
        self.request_duration.observe(duration.as_secs_f64());
    }

    /// Counts a refused request to the admin API.
    pub fn admin_request_refused(&self, reason: AdminRefusal) {
        self.admin_requests_refused.get_or_create(&ReasonLabel { reason: reason.as_str() }).inc();
    }

    /// Counts an accepted connection.
    pub fn connection_opened(&self, listener: Listener) {
        self.connections.get_or_create(&listener.label()).inc();
    }

    /// Counts a connection that ended.
    pub fn connection_closed(&self, listener: Listener) {
        self.connections.get_or_create(&listener.label()).dec();
    }

    /// Counts that a listener had as many open connections as it may have.
    pub fn connection_limit_reached(&self, listener: Listener) {
        self.connection_limit_reached.get_or_create(&listener.label()).inc();
    }

    /// Sets how many phone numbers, of all tenants, have this status of their public key at Meta.
    pub fn set_key_uploads(&self, status: &'static str, count: i64) {
        self.key_uploads.get_or_create(&KeyUploadLabel { status }).set(count);
    }

    /// Counts lines of plugins' logs that were not kept. Lines past the limit of a call are not
    /// counted here.
    pub fn log_lines_dropped(&self, lines: u64) {
        self.plugin_log_lines_dropped.inc_by(lines);
    }

    /// Marks a background task of this host as running.
    pub fn task_began(&self, task: &'static str) {
        self.tasks_up.get_or_create(&TaskLabel { task }).set(1);
    }

    /// Counts a background task that panicked, or that ended though it never should. It is started
    /// again.
    pub fn task_failed(&self, task: &'static str) {
        self.tasks_up.get_or_create(&TaskLabel { task }).set(0);
        self.task_failures.get_or_create(&TaskLabel { task }).inc();
    }

    /// Counts rows, or months, of a kind that were deleted because they were over.
    pub fn purged(&self, kind: &'static str, count: u64) {
        self.purged.get_or_create(&PurgedLabel { kind }).inc_by(count);
    }

    /// Counts tenants whose deletion of what was over failed.
    pub fn purge_failed(&self, tenants: usize) {
        self.purge_failures.inc_by(tenants as u64);
    }

    /// Marks that this host deleted what was over of the last tenant.
    pub fn purge_pass_ended(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.purge_pass_ended.set(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    }

    /// The series of a budget that tenants share.
    pub fn budget(&self, name: &'static str) -> BudgetSeries {
        self.budgets.of(name)
    }

    /// The series of work that is done in groups.
    pub fn group(&self, work: &'static str) -> GroupSeries {
        self.groups.of(work)
    }

    /// Everything in the OpenMetrics text format, which Prometheus reads. Its media type is
    /// [`METRICS_MEDIA_TYPE`].
    pub fn to_text(&self) -> String {
        if let Ok(runtime) = Handle::try_current() {
            self.tasks_alive
                .set(i64::try_from(runtime.metrics().num_alive_tasks()).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes any text");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Listener {
    /// The listener's name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Public => "public",
        }
    }

    fn label(self) -> ListenerLabel {
        ListenerLabel { listener: self.as_str() }
    }
}

impl AdminRefusal {
    fn as_str(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid-token",
            Self::NoToken => "no-token",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabel {
    listener: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyUploadLabel {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PurgedLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabel {
    task: &'static str,
}

/// The media type of [`Metrics::to_text`].
pub const METRICS_MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// In seconds. A health check takes 1 ms, a turn 5 to 50 ms; Meta counts what takes more than 1 s
/// and gives up after 10 s.
const DURATION_BUCKETS: [f64; 11] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0, 10.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shows_how_many_tasks_are_alive() {
        let metrics = Metrics::new();
        let alive = tokio::spawn(std::future::pending::<()>());
        assert!(metrics.to_text().contains("flowhost_tasks_alive 1\n"), "{}", metrics.to_text());

        alive.abort();
        assert!(alive.await.is_err());

        assert!(metrics.to_text().contains("flowhost_tasks_alive 0\n"), "{}", metrics.to_text());
    }

    #[test]
    fn shows_what_was_counted() {
        let metrics = Metrics::new();

        metrics.answered(200, Duration::from_millis(4));
        metrics.answered(200, Duration::from_secs(2));
        metrics.answered(432, Duration::ZERO);
        metrics.admin_request_refused(AdminRefusal::NoToken);
        metrics.connection_opened(Listener::Public);
        metrics.connection_opened(Listener::Public);
        metrics.connection_closed(Listener::Public);
        metrics.connection_limit_reached(Listener::Admin);
        metrics.set_key_uploads("VALID", 3);
        metrics.log_lines_dropped(7);
        let places = metrics.budget("places");
        places.has_size(9);
        places.taken(5);
        places.given_back(2);
        places.waits();
        places.refused();

        let text = metrics.to_text();
        for line in [
            "flowhost_requests_total{status=\"200\"} 2",
            "flowhost_requests_total{status=\"432\"} 1",
            "flowhost_request_duration_seconds_bucket{le=\"0.005\"} 2",
            "flowhost_request_duration_seconds_count 3",
            "flowhost_admin_requests_refused_total{reason=\"no-token\"} 1",
            "flowhost_connections{listener=\"public\"} 1",
            "flowhost_connection_limit_reached_total{listener=\"admin\"} 1",
            "flowhost_key_uploads{status=\"VALID\"} 3",
            "flowhost_plugin_log_lines_dropped_total 7",
            "flowhost_budget_size{budget=\"places\"} 9",
            "flowhost_budget_used{budget=\"places\"} 3",
            "flowhost_budget_waits_total{budget=\"places\"} 1",
            "flowhost_budget_refusals_total{budget=\"places\"} 1",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn hosts_in_one_process_count_for_themselves() {
        let (one, other) = (Metrics::new(), Metrics::new());

        one.answered(200, Duration::ZERO);

        assert!(one.to_text().contains("status=\"200\""));
        assert!(!other.to_text().contains("status=\"200\""));
    }
}
