//! How many requests a tenant may send in a second. Each host counts for itself, in memory.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota};

/// A tenant's limit of requests per second, and how much of it is used. The requests of a whole
/// second may come at once.
#[derive(Debug)]
pub struct RequestRate {
    per_second: NonZeroU32,
    limiter: DefaultDirectRateLimiter,
}

impl RequestRate {
    /// The limit for this number of requests per second; `None` stands for no limit. If the number
    /// is the same as that of `previous`, the result is `previous`, so a change of the tenant's
    /// other settings does not refill its limit.
    pub fn renewed(per_second: Option<u32>, previous: Option<&Arc<Self>>) -> Option<Arc<Self>> {
        let per_second = NonZeroU32::new(per_second?)?;
        let unchanged = previous.filter(|previous| previous.per_second == per_second).cloned();
        Some(unchanged.unwrap_or_else(|| Arc::new(Self::new(per_second))))
    }

    fn new(per_second: NonZeroU32) -> Self {
        Self {
            per_second,
            limiter: DefaultDirectRateLimiter::direct(Quota::per_second(per_second)),
        }
    }

    /// Counts a request. The error says how long to wait before the next one.
    pub fn admit(&self) -> Result<(), Duration> {
        self.limiter
            .check()
            .map_err(|not_until| not_until.wait_time_from(DefaultClock::default().now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_a_seconds_worth_at_once_and_says_how_long_to_wait_then() {
        let rate = RequestRate::renewed(Some(1), None).unwrap();

        assert_eq!(rate.admit(), Ok(()));
        let wait = rate.admit().unwrap_err();

        assert!(wait <= Duration::from_secs(1), "{wait:?}");
    }

    #[test]
    fn a_refresh_gives_nothing_back_and_another_limit_begins_anew() {
        let used_up = RequestRate::renewed(Some(1), None).unwrap();
        used_up.admit().unwrap();

        let refreshed = RequestRate::renewed(Some(1), Some(&used_up)).unwrap();
        let raised = RequestRate::renewed(Some(2), Some(&used_up)).unwrap();

        assert!(refreshed.admit().is_err());
        assert!(raised.admit().is_ok());
        assert!(RequestRate::renewed(None, Some(&used_up)).is_none());
    }
}
