//! `flowhost client load`: many requests, and how fast they are answered.

use std::io::{IsTerminal, stderr};
use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, value_parser};

use flowhost_client::load::{self, Latency, LoadError, Pace, Plan, Prepared, Progress, Report};
use flowhost_server::config::{ConfigError, Environment};

use super::super::output::{milliseconds, note, printable, say};
use super::action::ActionArgs;
use super::endpoint::EndpointArgs;

/// Arguments of `client load`.
#[derive(Args)]
pub struct LoadArgs {
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    action: ActionArgs,
    /// Sign each request wrongly: what it costs to refuse. 432 is then the right answer
    #[arg(long)]
    bad_signature: bool,
    /// Open loop: so many requests a second are due, whatever the endpoint does. Without it each
    /// connection sends the next request when it has its answer (closed loop)
    #[arg(long, value_name = "PER_SECOND", value_parser = parse_rate)]
    rate: Option<f64>,
    /// Connections, each with one request under way at most. 16 if not given; 128 with --rate
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u16).range(1..=1000))]
    connections: Option<u16>,
    /// Seconds to measure
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = value_parser!(u32).range(1..=3600))]
    duration: u32,
    /// Seconds to send before, which don't count
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = value_parser!(u32).range(0..=3600))]
    warm_up: u32,
    /// Requests to prepare for a closed loop, which stops when they are used up. 5000 for each
    /// second if not given
    #[arg(long, value_name = "NUMBER", conflicts_with = "rate", value_parser = value_parser!(u32).range(1..))]
    requests: Option<u32>,
    /// Tell the state each second on standard error, as on a terminal
    #[arg(long)]
    progress: bool,
    /// Print the report as JSON, for machines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: LoadArgs, environment: &Environment) -> anyhow::Result<()> {
    // Each request gets another flow token in the place of this one.
    let payload = args.action.payload("")?;
    let phone = args.endpoint.phone(environment)?;
    let (plan, count) = (args.plan(), args.requests()?);
    let tells = args.progress || stderr().is_terminal();
    let forged = args.bad_signature;
    let load = move || {
        if tells {
            note(&format!("sealing {count} requests"));
        }
        let prepared = Prepared::seal(&phone, &payload, count, forged)?;
        load::run(&phone, &plan, prepared, |progress| {
            if tells {
                note(&state(progress));
            }
        })
    };
    let ended = tokio::task::spawn_blocking(load).await.context("the load ended early")?;
    let report = ended.map_err(|error| match error {
        LoadError::TooMany { .. } => anyhow::Error::new(ConfigError::new(error.to_string())),
        error => error.into(),
    })?;
    say(&if args.json { serde_json::to_string(&report)? } else { for_people(&report) });
    if report.ran_out {
        note(&format!(
            "the {} prepared requests were used up after {:.1} s of measuring: --requests prepares more",
            report.prepared, report.measured_s
        ));
    }
    anyhow::ensure!(report.is_clean(), "{}", failure(&report));
    Ok(())
}

impl LoadArgs {
    fn plan(&self) -> Plan {
        let connections = self.connections.unwrap_or(if self.rate.is_some() { 128 } else { 16 });
        Plan {
            pace: self.rate.map_or(Pace::Closed, |per_second| Pace::Open { per_second }),
            connections: NonZeroUsize::new(connections.into()).unwrap_or(NonZeroUsize::MIN),
            warm_up: Duration::from_secs(self.warm_up.into()),
            duration: Duration::from_secs(self.duration.into()),
        }
    }

    fn requests(&self) -> anyhow::Result<usize> {
        let plan = self.plan();
        let for_each_second = (plan.warm_up + plan.duration).as_secs() * PREPARED_PER_SECOND;
        let chosen = self.requests.map_or(for_each_second, u64::from);
        Ok(plan.requests().map_or_else(|| usize::try_from(chosen), Ok)?)
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    let is_possible = (MIN_RATE..=MAX_RATE).contains(&rate);
    is_possible.then_some(rate).ok_or_else(|| format!("not between {MIN_RATE} and {MAX_RATE}"))
}

fn state(progress: &Progress) -> String {
    let seconds = |duration: Duration| duration.as_secs_f64().round();
    let what = if progress.is_warm_up { ", warming up" } else { "" };
    format!(
        "{} s of {}{what}: {:.0} a second, p99 {:.2} ms, {} not as expected",
        seconds(progress.elapsed),
        seconds(progress.total),
        progress.per_second,
        milliseconds(progress.p99),
        progress.failed,
    )
}

fn for_people(report: &Report) -> String {
    let pace = match report.rate {
        None => "closed loop".to_owned(),
        Some(rate) => format!("open loop, {rate} a second"),
    };
    let mut lines = vec![
        format!("{pace}, {} connections, {:.1} s", report.connections, report.measured_s),
        format!(
            "{} of {} requests were answered {}: {:.1} a second",
            report.expected, report.counted, report.expected_status, report.per_second
        ),
    ];
    lines.extend(report.latency_ms.as_ref().map(latencies));
    let unexpected =
        report.statuses.iter().filter(|(status, _)| **status != report.expected_status);
    lines.extend(unexpected.map(|(status, count)| format!("answered {status}: {count}")));
    let failures = report.failures.iter();
    lines.extend(failures.map(|failures| {
        format!("without an answer: {}, the first: {}", failures.count, failures.first)
    }));
    let sample = &report.sample;
    if sample.judged > 0 {
        let (judged, wrong) = (sample.judged, sample.wrong);
        lines.push(format!("{judged} of the answers were opened and judged: {wrong} are wrong"));
        lines.extend(sample.problems.iter().map(|problem| format!("  - {problem}")));
    }
    lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
}

fn latencies(latency: &Latency) -> String {
    let Latency { p50, p90, p99, p99_9, max, .. } = latency;
    format!("ms: p50 {p50:.2}, p90 {p90:.2}, p99 {p99:.2}, p99.9 {p99_9:.2}, max {max:.2}")
}

/// The error that sets the exit code. The details were printed before.
fn failure(report: &Report) -> String {
    if report.counted == 0 {
        return "no request counts: all were sent in the warm-up".to_owned();
    }
    let otherwise = report.counted - report.expected;
    match report.sample.wrong {
        0 => format!("{otherwise} of {} requests were not answered as expected", report.counted),
        wrong => format!("{wrong} of {} answers are not right", report.sample.judged),
    }
}

/// More than two processors answer.
const PREPARED_PER_SECOND: u64 = 5_000;

/// One request a minute.
const MIN_RATE: f64 = 0.016;

/// More than one thread can send.
const MAX_RATE: f64 = 1_000_000.0;

pub(super) const EXAMPLE: &str = "Examples:
  flowhost client load --url http://127.0.0.1:8080/flows/acme/booking --public-key acme.pem --app-secret-file secret.txt
  flowhost client load --url http://127.0.0.1:8080/flows/acme/booking --public-key acme.pem --app-secret-file secret.txt \\
      --action INIT --rate 500 --duration 60 --json

All requests are sealed and signed before the first is sent, each with its own flow token, key and IV: as many as --rate makes due, or
--requests. They take about 1 KiB each and what their --data takes, 1 GiB at the most in all. No request is sent twice.

A closed loop shows how many an endpoint can answer; while it stalls, it is sent less. An open loop shows what users see: the time of a
request runs from when it was due, even if all connections were busy then. A request is given up 10 s after it was due, as by a phone,
and counts with these 10 s among the times. Other times are those of answers with the right status.

Answers, spread evenly over the measured time, are opened and judged after it. Connections are HTTP/1.1, kept open, and go past proxies
that the environment names. Exit code 1 says that a request was not answered as it should be, or an answer is wrong.";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn parsed(extra: &[&str]) -> Result<LoadArgs, clap::Error> {
        let fixed = ["x", "--url", "http://127.0.0.1:1/", "--public-key", "k.pem"];
        Line::try_parse_from(fixed.iter().chain(extra)).map(|line| line.load)
    }

    #[test]
    fn an_open_loop_prepares_what_is_due_and_a_closed_one_what_it_is_told() {
        let open = parsed(&["--rate", "250", "--duration", "4", "--warm-up", "1"]).unwrap();
        assert_eq!(open.requests().unwrap(), 1_250);
        assert_eq!(open.plan().connections.get(), 128);

        let closed = parsed(&["--requests", "70", "--connections", "3"]).unwrap();
        assert_eq!((closed.requests().unwrap(), closed.plan().pace), (70, Pace::Closed));
        assert_eq!(parsed(&[]).unwrap().requests().unwrap(), 60_000);
    }

    #[test]
    fn what_makes_no_load_is_bad_usage() {
        for bad in [
            &["--rate", "0"] as &[_],
            &["--rate", "NaN"],
            &["--rate", "1e9"],
            &["--connections", "0"],
            &["--connections", "1001"],
            &["--duration", "0"],
            &["--rate", "5", "--requests", "5"],
        ] {
            assert!(parsed(bad).is_err(), "{bad:?}");
        }
    }
}
