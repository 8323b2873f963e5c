//! Slows down callers with invalid tokens. Nobody can guess 256 random bits, but a faulty program,
//! or somebody who tries leaked tokens, should cost no more than it must, and should be noticed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::sleep;

use flowhost_runtime::telemetry::Summary;

/// The sources of invalid tokens, each with its number of failed attempts.
#[derive(Debug)]
pub struct FailedAttempts {
    sources: Mutex<HashMap<IpAddr, Failures>>,
    /// Permits to hold an answer back.
    waiting: Semaphore,
    longest_delay: Duration,
    lines: Summary,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl FailedAttempts {
    /// Starts without attempts. No answer is held back for longer than `longest_delay`.
    pub fn new(longest_delay: Duration) -> Self {
        let lines = Summary::new(MAX_LINES, MAX_LINES);
        Self {
            sources: Mutex::default(),
            waiting: Semaphore::new(MAX_WAITING),
            longest_delay,
            lines,
        }
    }

    /// Counts a failed attempt and waits, the longer the more of them this source has made. If too
    /// many answers are held back already, the error says after what time to try again. Callers
    /// with a valid token never wait here.
    pub async fn slow_down(&self, source: IpAddr) -> Result<(), Duration> {
        let delay = self.note(network_of(source), Instant::now());
        if delay.is_zero() {
            return Ok(());
        }
        let Ok(_permit) = self.waiting.try_acquire() else { return Err(RETRY_AFTER) };
        sleep(delay).await;
        Ok(())
    }

    /// Whether to log an attempt of this source. `None` means no; `Some` gives the number of
    /// attempts that were not logged since the last line.
    pub(in super::super) fn line(&self, source: IpAddr) -> Option<u64> {
        self.lines.note("", &network_of(source).to_string())
    }

    fn note(&self, source: IpAddr, now: Instant) -> Duration {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= MAX_SOURCES && !sources.contains_key(&source) {
            sources.retain(|_, failures| now.duration_since(failures.last) < FORGET_AFTER);
            if sources.len() >= MAX_SOURCES {
                return self.longest_delay;
            }
        }
        let failures = sources.entry(source).or_insert(Failures { count: 0, last: now });
        if now.duration_since(failures.last) >= FORGET_AFTER {
            failures.count = 0;
        }
        *failures = Failures { count: failures.count.saturating_add(1), last: now };
        self.delay_after(failures.count)
    }

    /// Zero for the first few, which are mistakes; then it doubles.
    fn delay_after(&self, count: u32) -> Duration {
        let doublings = count.saturating_sub(FREE_ATTEMPTS);
        if doublings == 0 {
            return Duration::ZERO;
        }
        FIRST_DELAY.saturating_mul(2_u32.saturating_pow(doublings - 1)).min(self.longest_delay)
    }
}

/// A whole /64 is one source, because a client with one IPv6 address usually has the /64.
fn network_of(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        v4 => v4,
    }
}

const FREE_ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(100);

/// A source that was quiet for this long begins anew.
const FORGET_AFTER: Duration = Duration::from_secs(300);

/// 10,000 sources take less than a megabyte.
const MAX_SOURCES: usize = 10_000;

/// Answers that are held back at the same time, from all sources together.
const MAX_WAITING: usize = 100;

/// Log lines per minute, at most one for each source: anybody who reaches the listener can send
/// tokens as fast as they like.
const MAX_LINES: usize = 20;

const RETRY_AFTER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_for_each_source_by_its_own_and_ends_at_the_longest() {
        let attempts = FailedAttempts::new(Duration::from_millis(350));
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let now = Instant::now();

        let delays: Vec<_> = (0..7).map(|_| attempts.note(one, now).as_millis()).collect();

        assert_eq!(delays, [0, 0, 0, 100, 200, 350, 350]);
        assert!(attempts.note(other, now).is_zero());
        assert!(attempts.note(one, now + FORGET_AFTER).is_zero(), "a quiet source begins anew");
    }

    #[test]
    fn one_v6_network_is_one_source() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }

    #[test]
    fn however_many_sources_there_are_memory_stays_bounded() {
        let attempts = FailedAttempts::new(Duration::from_secs(1));
        let now = Instant::now();
        for number in 0..(MAX_SOURCES as u32 + 100) {
            attempts.note(IpAddr::V4(number.into()), now);
        }
        assert_eq!(attempts.sources.lock().unwrap().len(), MAX_SOURCES);
        assert_eq!(
            attempts.note("203.0.113.9".parse().unwrap(), now),
            Duration::from_secs(1),
            "who is not kept apart waits longest"
        );
    }
}
