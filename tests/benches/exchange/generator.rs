//! The load: `flowhost client load`, in a process of its own.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use flowhost_tests::measure::{Cost, Floor, Gauge, Usage};
use flowhost_tests::{Ended, TestFlow, flowhost, program};
use serde_json::Value;

/// What is sent, and how fast.
pub(crate) struct Load {
    kind: &'static [&'static str],
    connections: u32,
    /// Past this many requests a second the prepared ones do not last.
    most_per_second: f64,
    seconds: u32,
    rate: Option<f64>,
    core: Option<usize>,
}

/// A figure, and what it cost.
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) cost: Cost,
    /// The mean of just before it and just after it.
    pub(crate) floor: Floor,
    rate: Option<f64>,
}

impl Load {
    /// A closed loop on any core.
    pub(crate) fn of(
        kind: &'static [&'static str],
        connections: u32,
        most_per_second: f64,
        seconds: u32,
    ) -> Self {
        Self { kind, connections, most_per_second, seconds, rate: None, core: None }
    }

    /// The same as an open loop of so many requests a second.
    pub(crate) fn at_rate(self, per_second: f64) -> Self {
        Self { rate: Some(per_second), ..self }
    }

    /// The same from one core.
    pub(crate) fn on_core(self, core: usize) -> Self {
        Self { core: Some(core), ..self }
    }

    /// Sends it, and measures what the processes behind the endpoint spend meanwhile.
    pub(crate) async fn measure(
        &self,
        flow: &TestFlow,
        public_key: &Path,
        usage: impl Fn() -> Usage,
        gauge: &Gauge,
    ) -> Measured {
        let mut command = on_core(self.command(flow, public_key), self.core);
        command.env("FLOWHOST_APP_SECRET", &flow.tenant.app_secret);
        let (floor, before) = (gauge.measure(FLOOR_TIME), usage());
        let ended = Ended::of(command).await;
        let (floor_after, after) = (gauge.measure(FLOOR_TIME), usage());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let number = |pointer: &str| {
            let number = report.pointer(pointer).and_then(Value::as_f64);
            number.unwrap_or_else(|| panic!("no {pointer} in {report}"))
        };
        assert!(number("/measured_s") > 0.0, "{ended:?}");
        Measured {
            per_second: number("/per_second"),
            p50_ms: number("/latency_ms/p50"),
            p99_ms: number("/latency_ms/p99"),
            floor: Floor::mean(&[floor, floor_after]),
            cost: after.since(&before, number("/warm_up") + number("/counted")),
            rate: self.rate,
        }
    }

    fn command(&self, flow: &TestFlow, public_key: &Path) -> Command {
        let warm_up = (self.seconds * 2).div_ceil(5);
        let mut command = flowhost(&["client", "load", "--json", "--url", &flow.url()]);
        command
            .arg("--public-key")
            .arg(public_key)
            .args(self.kind)
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &self.seconds.to_string(), "--warm-up", &warm_up.to_string()]);
        let requests = self.most_per_second * f64::from(self.seconds + warm_up);
        match self.rate {
            Some(rate) => command.args(["--rate", &rate.to_string()]),
            None => command.args(["--requests", &format!("{requests:.0}")]),
        };
        command
    }
}

impl Measured {
    /// Of an open loop.
    pub(crate) fn rate(&self) -> f64 {
        self.rate.unwrap_or_default()
    }
}

impl fmt::Display for Load {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {} connections", self.kind.join(" "), self.connections)
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_second, p50_ms, p99_ms, cost, floor, .. } = self;
        let (host, postgres) = (cost.host_ms, cost.postgres_ms);
        let share = per_second / floor.cores * 100.0;
        write!(
            out,
            "{per_second:.0} /s, {share:.1} % of all cores' floor; p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms; CPU of the host {host:.3} ms, of PostgreSQL {postgres:.3} ms each"
        )
    }
}

/// The same command, kept on one core.
pub(crate) fn on_core(command: Command, core: Option<usize>) -> Command {
    let Some(core) = core else { return command };
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", &core.to_string()]).arg(program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => pinned.env(name, value),
            None => pinned.env_remove(name),
        };
    }
    pinned
}

/// Whether there is a second core, and the program that pins.
pub(crate) fn can_pin() -> bool {
    let output = Command::new("taskset").args(["--cpu-list", "1", "true"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Long enough for a thousand operations on one core.
const FLOOR_TIME: Duration = Duration::from_millis(500);
