//! Minutes of mixed load on one host: every kind of hostile plugin of one tenant, and honest conversations of another. Fails unless
//! memory stays flat, every task ends and every honest request is answered. Memory is looked at while nothing runs, after a fifth of
//! the time and at the end: under load a guest may rightly have its 64 MiB.
//!
//! `cargo bench -p flowhost-tests --bench soak -- MINUTES` (10 without); with `--profile dev` where a release build takes too long.
//!
//! Everything runs in this process: the host, and the clients, of which none sends faster than one request in [`PAUSE`].

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that fails is over, and its result is printed")]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flowhost_tests::{Component, TestFlow, TestHost, TestTenant, asking, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    // The harness would keep every line.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default()).unwrap();
    let (host, length) = (TestHost::start().await, length());
    let honest = host.tenant("honest").await.flow("booking", json!({}), Component::Steady).await;
    let hostile = hostile_flows(&host.tenant("hostile").await).await;
    let (idle, at_start) = (alive_tasks(), resident_kib());

    Load::run(&honest, &hostile, "warm-up", length / 5).await;
    let stuck_early = !drained(idle).await;
    let warm = resident_kib();
    let (counts, busy) = Load::run(&honest, &hostile, "load", length - length / 5).await;
    let stuck = stuck_early || !drained(idle).await;
    let (at_end, left) = (resident_kib(), alive_tasks());
    host.stop().await;

    println!("resident memory, idle: {at_start} KiB at the start, {warm} KiB after the warm-up, {at_end} KiB at the end");
    println!("tasks: {idle} before, {busy} under load, {left} afterwards, {} after the host was stopped", alive_tasks());
    println!("honest:  {}", counts[0]);
    println!("hostile: {}", counts[1]);
    let verdicts = [
        ("memory is flat", at_end <= warm + warm * GROWTH_PERCENT / 100 + GROWTH_KIB),
        ("every task ended", !stuck),
        ("every honest request was answered", counts[0].otherwise == 0 && counts[0].well > 0),
        ("the hostile ones did their work", counts[1].otherwise > 0),
    ];
    verdicts.iter().for_each(|(what, holds)| println!("{what}: {}", if *holds { "yes" } else { "NO" }));
    if verdicts.iter().all(|(_, holds)| *holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether all that was begun ends.
async fn drained(idle: usize) -> bool {
    let idle_again = eventually("no task is left but those of an idle host", async || (alive_tasks() <= idle).then_some(()));
    timeout(DRAIN, idle_again).await.is_ok()
}

/// A flow of each kind, and what it is asked for in turns. That a good answer is among it keeps the circuit closed.
async fn hostile_flows(tenant: &TestTenant) -> Vec<HostileFlow> {
    let kinds: [(&str, Value, Component, &[&str]); 5] = [
        ("looping", json!({"cpu_ms": 100}), Component::Looper, &["loop", "compute", "loop", "count"]),
        ("trapping", json!({}), Component::Trapper, &["trap", "panic", "exit", "stack", "count"]),
        ("hoarding", json!({"cpu_ms": 2000}), Component::Hoarder, &["hoard", "hoard-at-once", "count"]),
        ("sleeping", json!({"wall_ms": 1000}), Component::Slow, &["sleep", "sleep", "count"]),
        (
            "chatting",
            json!({}),
            Component::Chatty,
            &["flood", "long-line", "big-reply", "big-state", "bad-json", "not-an-object", "success", "internal", "bad-request"],
        ),
    ];
    let mut flows = Vec::new();
    for (name, limits, component, asked) in kinds {
        flows.push((tenant.flow(name, json!({"limits": limits}), component).await, asked));
    }
    flows
}

/// A flow, and what it is asked for.
type HostileFlow = (TestFlow, &'static [&'static str]);

/// Conversations until it is stopped.
struct Load {
    stop: Arc<AtomicBool>,
    honest: Vec<JoinHandle<Counts>>,
    hostile: Vec<JoinHandle<Counts>>,
}

/// What became of requests.
#[derive(Default)]
struct Counts {
    well: u32,
    otherwise: u32,
    longest: Duration,
    last_failure: Option<String>,
}

impl Load {
    /// Lets them talk for so long; gives what became of it, of the honest and of the hostile, and how many tasks there were.
    async fn run(honest: &TestFlow, hostile: &[HostileFlow], name: &str, length: Duration) -> ([Counts; 2], usize) {
        let load = Self::start(honest, hostile, name);
        sleep(length).await;
        let busy = alive_tasks();
        load.stop.store(true, Ordering::Relaxed);
        ([Counts::sum(load.honest).await, Counts::sum(load.hostile).await], busy)
    }

    fn start(honest: &TestFlow, hostile: &[HostileFlow], name: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let talk =
            |flow: &TestFlow, asked, number| tokio::spawn(talk(flow.clone(), asked, format!("{name}-{number}"), stop.clone()));
        let honest = (0..HONEST).map(|number| talk(honest, &["count"], number)).collect();
        let connections = hostile.iter().flat_map(|flow| (0..HOSTILE).map(move |number| (flow, number)));
        let hostile = connections.map(|((flow, asked), number)| talk(flow, asked, number)).collect();
        Self { stop, honest, hostile }
    }
}

impl Counts {
    async fn sum(tasks: Vec<JoinHandle<Self>>) -> Self {
        join_all(tasks).await.into_iter().map(Result::unwrap).fold(Self::default(), |sum, counts| Self {
            well: sum.well + counts.well,
            otherwise: sum.otherwise + counts.otherwise,
            longest: sum.longest.max(counts.longest),
            last_failure: counts.last_failure.or(sum.last_failure),
        })
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} answered, {} not, the longest took {:.1?}", self.well, self.otherwise, self.longest)?;
        self.last_failure.as_ref().map_or(Ok(()), |failure| write!(f, ", the last failure was {failure}"))
    }
}

/// Asks for one thing after another, in conversations of a few exchanges each.
async fn talk(flow: TestFlow, asked: &'static [&'static str], name: String, stop: Arc<AtomicBool>) -> Counts {
    let (client, mut counts) = (flow.client(), Counts::default());
    for (number, what) in asked.iter().cycle().enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        let reply = client.call(&asking(what, &format!("{name}-{}", number / EXCHANGES))).await;
        counts.longest = counts.longest.max(began.elapsed());
        match reply {
            Ok(reply) if reply.status == 200 => counts.well += 1,
            reply => {
                counts.otherwise += 1;
                counts.last_failure = Some(format!("{what}: {:?}", reply.map(|reply| reply.status)));
            }
        }
        sleep(PAUSE).await;
    }
    counts
}

fn length() -> Duration {
    let minutes = std::env::args().filter_map(|argument| argument.parse::<f64>().ok()).next();
    Duration::from_secs_f64(minutes.unwrap_or(10.0) * 60.0)
}

fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Conversations at the same time.
const HONEST: u32 = 3;
const HOSTILE: u32 = 2;

/// Exchanges of one conversation.
const EXCHANGES: usize = 20;

/// Between an answer and the next request of a conversation: 30 requests a second of the honest at most, 100 of the hostile.
const PAUSE: Duration = Duration::from_millis(100);

/// What counts as flat, over what there is after a fifth of the time: allocators keep some of what was freed.
const GROWTH_PERCENT: u64 = 15;
const GROWTH_KIB: u64 = 16 << 10;

/// Above the longest that a call can take, and below the patience of the harness.
const DRAIN: Duration = Duration::from_secs(25);
