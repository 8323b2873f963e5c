//! Measures how much a tenant suffers from another whose plugin computes as hard as it can:
//! sequential exchanges of the honest tenant with the neighbour quiet and with the neighbour busy,
//! and the ratio of the two p99. Both alternate in one run, so that other load on the machine
//! affects both. Fails if a ratio is above [`MOST`] or [`MOST_BESIDE_REPLIES`].
//!
//! The neighbour has [`CONNECTIONS`] connections and three ways to be busy. First, each connection
//! always has a request under way that computes for about 100 ms and is answered, so that its
//! circuit never opens. Second, its requests loop for ever and are cut off, and once the circuit is
//! open, are refused; then each connection waits for [`PAUSE`], because without a pause it would be
//! a flood, which is what a tenant's limit of requests per second is for. Third, its plugin
//! computes little but its replies take long to check: 700 kB with 350,000 values, on [`REPLIES`]
//! connections.
//!
//! `cargo bench -p flowhost --bench fairness`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that fails is over, and its result is printed"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use flowhost_client::{FlowClient, SealedRequest, payload};
use flowhost_tests::{Component, TestFlow, TestHost, asking};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let host = TestHost::start().await;
    let honest = host.tenant("honest").await.flow("booking", json!({}), Component::Steady).await;
    let neighbour = host.tenant("neighbour").await;
    // On a busy machine computing takes longer, and it must not be cut off here.
    let computing =
        neighbour.flow("computing", json!({"limits": {"cpu_ms": 2000}}), Component::Looper).await;
    let looping = neighbour.flow("looping", json!({}), Component::Looper).await;
    let limits = json!({"limits": {"cpu_ms": 2000, "reply_bytes": 1 << 20}});
    let replying = neighbour.flow("replying", limits, Component::Parrot).await;
    let (compute, endless) = (json!({"do": "compute"}), json!({"do": "loop"}));
    let reply = json!({"do": "screen", "data": [["{\"a\":[1", 1], [",1", 350_000], ["]}", 1]]});
    let alone = one_call(&computing).await;
    let mut times = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    let (mut of_computing, mut of_looping, mut of_replying) =
        (Answered::default(), Answered::default(), Answered::default());

    for round in 0..ROUNDS {
        let quiet = exchanges(&honest, &format!("quiet-{round}")).await;
        let spinning = Neighbour::start(&computing, &compute, CONNECTIONS, round);
        let beside_computing = exchanges(&honest, &format!("computing-{round}")).await;
        of_computing.add(spinning.stop().await);
        let spinning = Neighbour::start(&looping, &endless, CONNECTIONS, round);
        let beside_looping = exchanges(&honest, &format!("looping-{round}")).await;
        of_looping.add(spinning.stop().await);
        let large = Neighbour::start(&replying, &reply, REPLIES, round);
        let beside_replies = exchanges(&honest, &format!("replies-{round}")).await;
        of_replying.add(large.stop().await);
        // The first round warms up.
        if round > 0 {
            times
                .iter_mut()
                .zip([quiet, beside_computing, beside_looping, beside_replies])
                .for_each(|(times, of_round)| times.extend(of_round));
        }
    }

    let [quiet, computing, looping, replying] = times.map(Percentiles::of);
    let ratios = [&computing, &looping, &replying].map(|times| times.p99_in(&quiet));
    println!("an honest exchange over HTTP         p50        p99        max");
    println!("neighbour quiet              {quiet}");
    println!(
        "neighbour computing          {computing}   p99 is {:.2} times the quiet one",
        ratios[0]
    );
    println!(
        "neighbour looping            {looping}   p99 is {:.2} times the quiet one",
        ratios[1]
    );
    println!(
        "neighbour with large replies {replying}   p99 is {:.2} times the quiet one",
        ratios[2]
    );
    println!(
        "{} rounds of {EXCHANGES} exchanges one after another. The neighbour, on {CONNECTIONS} connections: computing, {} calls answered, {} not, each {alone:.0?} where it is alone; looping, {} cut off or refused; with large replies on {REPLIES}, {} answered, {} not",
        ROUNDS - 1,
        of_computing.well,
        of_computing.otherwise,
        of_looping.otherwise,
        of_replying.well,
        of_replying.otherwise,
    );
    host.stop().await;
    assert!(
        of_computing.otherwise == 0 && of_replying.well > 0,
        "a neighbour whose calls are not answered shows nothing"
    );
    if ratios.into_iter().zip([MOST, MOST, MOST_BESIDE_REPLIES]).any(|(ratio, most)| ratio > most) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The requests are sealed beforehand, so that only the host's work and the round trip are
/// measured.
async fn exchanges(flow: &TestFlow, name: &str) -> Vec<Duration> {
    let client = flow.client();
    let requests: Vec<_> = (0..EXCHANGES)
        .map(|number| client.seal(&payload::init(&format!("{name}-{number}"))).unwrap())
        .collect();
    let mut times = Vec::new();
    for request in &requests {
        let began = Instant::now();
        assert_eq!(client.send(request).await.unwrap().status, 200);
        times.push(began.elapsed());
    }
    times
}

/// How long a computing call takes on an idle host.
async fn one_call(flow: &TestFlow) -> Duration {
    let began = Instant::now();
    let reply = flow.client().call(&asking("compute", "alone")).await.unwrap();
    assert_eq!(reply.status, 200);
    began.elapsed()
}

/// A tenant that keeps a request under way on each of its connections.
struct Neighbour {
    stop: Arc<AtomicBool>,
    connections: Vec<tokio::task::JoinHandle<Answered>>,
}

/// The outcomes of a neighbour's requests.
#[derive(Default)]
struct Answered {
    well: u32,
    otherwise: u32,
}

impl Neighbour {
    fn start(flow: &TestFlow, form: &Value, connections: u32, round: u32) -> Self {
        let (stop, client) = (Arc::new(AtomicBool::new(false)), flow.client());
        // Sealed beforehand, because encrypting is not the host's work. A request that was answered
        // would be answered from storage the second time, so only those that fail are sent twice.
        let seal = |number| {
            client
                .seal(&payload::data_exchange(
                    "FORM",
                    form.clone(),
                    &format!("round-{round}-{number}"),
                ))
                .unwrap()
        };
        let requests: Arc<Vec<SealedRequest>> = Arc::new((0..SEALED).map(seal).collect());
        let next = Arc::new(AtomicU32::new(0));
        let connect = |_| {
            tokio::spawn(send_all(client.clone(), requests.clone(), next.clone(), stop.clone()))
        };
        let connections = (0..connections).map(connect).collect();
        Self { stop, connections }
    }

    async fn stop(self) -> Answered {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Answered::default();
        join_all(self.connections)
            .await
            .into_iter()
            .for_each(|answered| all.add(answered.unwrap()));
        all
    }
}

impl Answered {
    fn add(&mut self, other: Self) {
        self.well += other.well;
        self.otherwise += other.otherwise;
    }
}

async fn send_all(
    client: FlowClient,
    requests: Arc<Vec<SealedRequest>>,
    next: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
) -> Answered {
    let mut answered = Answered::default();
    while !stop.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed) as usize % requests.len();
        match client.send(&requests[number]).await {
            Ok(reply) if reply.status == 200 => answered.well += 1,
            _ => {
                answered.otherwise += 1;
                sleep(PAUSE).await;
            }
        }
    }
    answered
}

/// The percentiles of all exchanges of one kind.
struct Percentiles {
    p50: Duration,
    p99: Duration,
    max: Duration,
}

impl Percentiles {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        Self { p50: at(50), p99: at(99), max: at(100) }
    }

    fn p99_in(&self, other: &Self) -> f64 {
        self.p99.as_secs_f64() / other.p99.as_secs_f64()
    }
}

impl std::fmt::Display for Percentiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>10.1?} {:>10.1?} {:>10.1?}", self.p50, self.p99, self.max)
    }
}

/// The neighbour may at most double the `p99`.
const MOST: f64 = 2.0;

/// Higher, because only the check of a large reply takes turns. Sealing, storing and sending its
/// 700 kB does not.
const MOST_BESIDE_REPLIES: f64 = 4.0;

const ROUNDS: u32 = 13;
const EXCHANGES: u32 = 150;

/// A flow's default concurrency.
const CONNECTIONS: u32 = 16;

const REPLIES: u32 = 4;

/// More than one phase sends.
const SEALED: u32 = 400;

/// The pause of a connection after a refusal. All connections together send at most 160 requests a
/// second.
const PAUSE: Duration = Duration::from_millis(100);
