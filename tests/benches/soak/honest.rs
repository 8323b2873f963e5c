//! Honest users and what they experience.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flowhost_tests::TestFlow;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::attacks::counting;

/// The conversations under way.
pub(crate) struct Honest {
    stop: Arc<AtomicBool>,
    users: Vec<JoinHandle<Seen>>,
}

/// The outcomes of the honest requests, and of the attacks beside them.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) answered: usize,
    pub(crate) failures: usize,
    /// The attacks that got what they asked for, and those that did not.
    pub(crate) attacks: (u32, u32),
    last_failure: Option<String>,
    times: Vec<Duration>,
}

impl Honest {
    pub(crate) fn start(flow: &TestFlow, round: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let users = (0..USERS).map(|number| {
            tokio::spawn(talk(flow.clone(), format!("{round}-user-{number}"), stop.clone()))
        });
        Self { users: users.collect(), stop }
    }

    pub(crate) async fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut seen = Seen::default();
        for user in self.users {
            seen.add(user.await.expect("a user goes on to the end"));
        }
        seen
    }
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.failures += other.failures;
        self.attacks = (self.attacks.0 + other.attacks.0, self.attacks.1 + other.attacks.1);
        self.last_failure = other.last_failure.or(self.last_failure.take());
        self.times.extend(other.times);
        self.times.sort_unstable();
    }

    fn percentile(&self, percent: usize) -> Duration {
        self.times
            .get((self.times.len() * percent / 100).min(self.times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, most] = [50, 99, 100].map(|percent| self.percentile(percent));
        writeln!(
            out,
            "attacks: {} got what they asked for, {} did not",
            self.attacks.0, self.attacks.1
        )?;
        write!(
            out,
            "honest:  {} answered, {} not; p50 {p50:.1?}, p99 {p99:.1?}, {most:.1?} at the most",
            self.answered, self.failures
        )?;
        self.last_failure
            .as_ref()
            .map_or(Ok(()), |failure| write!(out, "; the last failure: {failure}"))
    }
}

/// Holds one conversation after another. Each answer must count all exchanges before it.
async fn talk(flow: TestFlow, name: String, stop: Arc<AtomicBool>) -> Seen {
    let (client, mut seen) = (flow.client(), Seen::default());
    for conversation in 0.. {
        for number in 1..=EXCHANGES {
            if stop.load(Ordering::Relaxed) {
                return seen;
            }
            let began = Instant::now();
            let reply = client.call(&counting(&format!("{name}-{conversation}"))).await;
            let took = began.elapsed();
            let counted = |count: Option<u64>| count == Some(number);
            match reply {
                Ok(reply)
                    if reply.status == 200 && counted(count(&reply)) && took < META_GIVES_UP =>
                {
                    seen.answered += 1;
                    seen.times.push(took);
                }
                reply => {
                    seen.failures += 1;
                    let what = reply.map(|reply| (reply.status, count(&reply)));
                    seen.last_failure =
                        Some(format!("exchange {number} after {took:.1?}: {what:?}"));
                    break;
                }
            }
            sleep(PAUSE).await;
        }
    }
    seen
}

fn count(reply: &flowhost_client::Reply) -> Option<u64> {
    reply.payload.as_ref()?["data"]["count"].as_u64()
}

const USERS: u32 = 4;

/// The length of a conversation, in exchanges.
const EXCHANGES: u64 = 20;

const PAUSE: Duration = Duration::from_millis(100);

/// Meta's limit for an answer.
const META_GIVES_UP: Duration = Duration::from_secs(10);
