//! The clock and the calendar for a Flow: the user's current day, the days to offer, and the format
//! of date pickers.
//!
//! ```
//! use flowhost_sdk::time::{self, Date, Offset};
//!
//! /// The next weekdays, by the clinic's clock.
//! fn days_to_offer(count: usize) -> Vec<Date> {
//!     let today = time::today(Offset::hours(-3));
//!     today.following().filter(|day| !day.is_weekend()).take(count).collect()
//! }
//!
//! let days = days_to_offer(2);
//! # // Unit tests begin on a Thursday, 2026-01-01.
//! assert_eq!(days[0].to_string(), "2026-01-02");
//! assert_eq!(days[1].to_string(), "2026-01-05");
//!
//! let birthday: Date = "1990-02-28".parse()?;
//! assert_eq!(birthday.days_until("1990-03-01".parse()?), 1);
//! # Ok::<(), time::DateError>(())
//! ```
//!
//! An [`Offset`] is a fixed difference from UTC, as in places without summer time. The feature
//! `time-zones` adds `Zone`, the clocks of a place with summer time, and the macro `zone!`, which
//! makes one from its name: `zone!("Europe/Lisbon").today()`.
//!
//! In a unit test the clock stands still at 2026-01-01 12:00 UTC, until
//! [`Conversation::with_time`](crate::testing::Conversation::with_time) sets it or
//! [`Conversation::pass`](crate::testing::Conversation::pass) moves it.

mod date;
#[cfg(feature = "time-zones")]
mod zone;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::date::{Date, DateError, DateRange, PartialDateRange, Weekday};
#[cfg(feature = "time-zones")]
pub use self::zone::{LocalTime, Zone};
#[cfg(feature = "time-zones")]
pub use flowhost_sdk_macros::zone;

/// The current moment.
pub fn now() -> Timestamp {
    sys::now()
}

/// The current day at this offset from UTC.
pub fn today(offset: Offset) -> Date {
    now().date(offset)
}

/// A moment, in milliseconds since 1970-01-01 00:00 UTC. Its JSON is that number.
///
/// ```
/// use std::time::Duration;
/// use flowhost_sdk::time::{Offset, Timestamp};
///
/// let moment = Timestamp::from_unix_seconds(1_795_392_000) + Duration::from_secs(90 * 60);
/// assert_eq!(moment.to_string(), "2026-11-23T01:30:00Z");
/// assert_eq!(moment.date(Offset::hours(-3)).to_string(), "2026-11-22");
/// assert_eq!(moment.hour_and_minute(Offset::hours(-3)), (22, 30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many milliseconds after 1970-01-01 00:00 UTC.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Timestamp(millis)
    }

    /// The moment this many seconds after 1970-01-01 00:00 UTC.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Timestamp(seconds.saturating_mul(1_000))
    }

    /// Milliseconds since 1970-01-01 00:00 UTC. Date pickers before Flow JSON 5.0 write days this
    /// way.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01 00:00 UTC.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The day at this offset from UTC.
    pub fn date(self, offset: Offset) -> Date {
        Date::from_unix_days(self.minutes(offset).div_euclid(MINUTES_PER_DAY))
    }

    /// The hour (0 to 23) and the minute at this offset from UTC.
    pub fn hour_and_minute(self, offset: Offset) -> (u8, u8) {
        let minute_of_day = self.minutes(offset).rem_euclid(MINUTES_PER_DAY);
        ((minute_of_day / 60) as u8, (minute_of_day % 60) as u8)
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    #[cfg(feature = "time-zones")]
    const fn plus_minutes(self, minutes: i64) -> Self {
        Timestamp(self.0.saturating_add(minutes.saturating_mul(60_000)))
    }

    fn minutes(self, offset: Offset) -> i64 {
        self.0.div_euclid(60_000) + i64::from(offset.0)
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, time: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Formats as RFC 3339, to the second: `2026-11-23T09:30:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute) = self.hour_and_minute(Offset::UTC);
        let second = self.unix_seconds().rem_euclid(60);
        write!(formatter, "{}T{hour:02}:{minute:02}:{second:02}Z", self.date(Offset::UTC))
    }
}

/// How far local clocks are ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(i16);

impl Offset {
    /// No difference from UTC.
    pub const UTC: Offset = Offset(0);

    /// This many hours ahead of UTC; negative if behind, as -3 in São Paulo.
    pub const fn hours(hours: i8) -> Self {
        Offset(hours as i16 * 60)
    }

    /// This many minutes ahead of UTC; negative if behind. Delhi has 330.
    pub const fn minutes(minutes: i16) -> Self {
        Offset(minutes)
    }

    /// The difference in minutes; negative if behind UTC.
    pub const fn total_minutes(self) -> i16 {
        self.0
    }
}

const MINUTES_PER_DAY: i64 = 24 * 60;

#[cfg(target_arch = "wasm32")]
mod sys {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::Timestamp;

    pub(super) fn now() -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
        Timestamp(i64::try_from(since).unwrap_or(i64::MAX))
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod sys {
    pub(super) use crate::testing::surroundings::now;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_another_day_elsewhere() {
        // 2026-11-22T23:30:15Z.
        let moment = Timestamp::from_unix_seconds(1_795_390_215);

        assert_eq!(moment.to_string(), "2026-11-22T23:30:15Z");
        assert_eq!(moment.date(Offset::UTC).to_string(), "2026-11-22");
        assert_eq!(moment.date(Offset::minutes(330)).to_string(), "2026-11-23");
        assert_eq!(moment.hour_and_minute(Offset::minutes(330)), (5, 0));
        assert_eq!(moment.hour_and_minute(Offset::hours(-24)), (23, 30));
    }

    #[test]
    fn moments_before_1970_count_backwards() {
        let moment = Timestamp::from_unix_millis(-1);

        assert_eq!(moment.to_string(), "1969-12-31T23:59:59Z");
        assert_eq!(moment.unix_seconds(), -1);
    }

    #[test]
    fn no_moment_overflows() {
        let last = Timestamp::from_unix_millis(i64::MAX);

        assert_eq!(last + Duration::MAX, last);
        assert_eq!(Timestamp::from_unix_seconds(i64::MIN).since(last), Duration::ZERO);
        assert!(last.since(Timestamp::from_unix_millis(i64::MIN)) > Duration::ZERO);
        assert!(
            !last.to_string().is_empty()
                && !Timestamp::from_unix_millis(i64::MIN).to_string().is_empty()
        );
    }
}
