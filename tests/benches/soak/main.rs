//! Minutes of attacks and outages against two hosts behind HAProxy: every kind of hostile plugin,
//! tenants that together demand all memory, places and time, strangers, a log without a reader, a
//! database that goes silent, a rolling restart, and honest users beside them. Fails unless every
//! honest request gets its conversation's right answer, memory stays below what
//! `host/docs/operators.md` says a host needs, and nothing is left over at the end.
//!
//! `cargo bench -p flowhost --bench soak -- MINUTES` (10 by default); use `--profile dev` where a
//! release build takes too long. After a fifth of the time and at the end, all load stops and the
//! memory of the idle hosts is measured.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that fails is over, and its result is printed"
)]

mod attacks;
mod honest;
mod hosts;
mod memory;
#[expect(dead_code, reason = "the tests need all of it")]
#[path = "../../it/hostile/wat.rs"]
mod wat;

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use flowhost_tests::{Component, TestFlow, eventually};
use serde_json::json;
use tokio::time::{Instant, sleep};

use self::attacks::{Attacks, Hostile};
use self::honest::{Honest, Seen};
use self::hosts::Hosts;
use self::memory::Peak;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    // The harness would keep every line.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default()).unwrap();
    let (mut hosts, length) = (Hosts::start().await, length());
    let booking = hosts.tenant("honest").await.flow("booking", json!({}), Component::Steady).await;
    let hostile = attacks::flows(&hosts).await;
    let at_start = most_resident();
    let peak = Peak::watch();

    let mut seen = round(&mut hosts, &booking, &hostile, "first", length / 5).await;
    let warm = rested(&hosts).await;
    seen.add(round(&mut hosts, &booking, &hostile, "second", length - length / 5).await);
    let at_end = rested(&hosts).await;
    let peak = peak.stop();
    hosts.stop().await;

    println!(
        "memory of a host: {at_start} KiB before, {peak} KiB at the most, {warm} KiB and {at_end} KiB at rest"
    );
    println!("{seen}");
    let verdicts = [
        ("every honest request was answered", seen.failures == 0 && seen.answered > 0),
        ("memory stays below 2 GiB", peak < 2 << 20),
        ("memory at rest is flat", at_end <= warm + warm * GROWTH_PERCENT / 100 + GROWTH_KIB),
        ("the attacks did their work", seen.attacks.0 > 0 && seen.attacks.1 > 0),
    ];
    verdicts
        .iter()
        .for_each(|(what, holds)| println!("{what}: {}", if *holds { "yes" } else { "NO" }));
    if verdicts.iter().all(|(_, holds)| *holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs everything at once, with a rolling restart in the middle and a lost database every half
/// minute.
async fn round(
    hosts: &mut Hosts,
    booking: &TestFlow,
    hostile: &[Hostile],
    name: &str,
    length: Duration,
) -> Seen {
    let (began, mut outages) = (Instant::now(), 0);
    let attacks = Attacks::start(hosts, hostile, name).await;
    let honest = Honest::start(booking, name);
    let mut rolled = false;
    while began.elapsed() < length {
        sleep(BETWEEN_OUTAGES.min(length / 4)).await;
        if outages % 2 == 0 {
            hosts.connections.silence()
        } else {
            hosts.connections.lose_answers()
        };
        outages += 1;
        if !rolled && began.elapsed() >= length / 2 {
            hosts.roll().await;
            rolled = true;
        }
    }
    let mut seen = honest.stop().await;
    let tally = attacks.stop().await;
    seen.attacks = (tally.well.load(Ordering::Relaxed), tally.otherwise.load(Ordering::Relaxed));
    seen
}

/// The memory of the larger host once it is idle. Fails if something keeps running.
async fn rested(hosts: &Hosts) -> u64 {
    for budget in ["places", "guest-memory-bytes", "slow-lane"] {
        let series = format!("flowhost_budget_used{{budget=\"{budget}\"}}");
        eventually(&format!("nobody holds any {budget}"), async || {
            (hosts.metric(&series).await == 0).then_some(())
        })
        .await;
    }
    eventually("no task is left but those of idle hosts", async || {
        (hosts.metric("flowhost_tasks_alive").await <= IDLE_TASKS).then_some(())
    })
    .await;
    most_resident()
}

fn most_resident() -> u64 {
    memory::resident_kib().into_iter().max().unwrap_or(0)
}

fn length() -> Duration {
    let minutes = std::env::args().filter_map(|argument| argument.parse::<f64>().ok()).next();
    Duration::from_secs_f64(minutes.unwrap_or(10.0) * 60.0)
}

const BETWEEN_OUTAGES: Duration = Duration::from_secs(30);

/// Growth that still counts as flat, compared to the memory after a fifth of the time: allocators
/// keep some of what was freed.
const GROWTH_PERCENT: u64 = 15;
const GROWTH_KIB: u64 = 16 << 10;

/// For two hosts: background tasks, the connections of the metrics' readers, and those in the
/// proxy's pool.
const IDLE_TASKS: u64 = 100;
