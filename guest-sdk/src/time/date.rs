//! Days of the calendar, without any clock.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::Timestamp;
use crate::screen::Field;

/// A day of the Gregorian calendar, without a time zone. Parses and prints `2026-11-23`, also in
/// JSON, as date pickers do from Flow JSON 5.0 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

/// The first and the last day of a `CalendarPicker` in the mode `range`, both included. Its JSON is
/// the picker's: `{"start-date":"2026-11-23","end-date":"2026-11-27"}`. A form holds a
/// [`PartialDateRange`] instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateRange {
    /// The first day, included.
    #[serde(rename = "start-date")]
    pub start: Date,
    /// The last day, included.
    #[serde(rename = "end-date")]
    pub end: Date,
}

/// What the user picked in a `CalendarPicker` in the mode `range`. Either day may be missing,
/// whatever `required` says: the picker lets one of them be optional, and sends a day that was not
/// picked as an empty text or not at all.
///
/// ```
/// use flowhost_sdk::Error;
/// use flowhost_sdk::time::PartialDateRange;
///
/// fn nights(stay: PartialDateRange) -> Result<i64, Error> {
///     let both = stay.both().ok_or_else(|| Error::bad_request("Please pick both days."))?;
///     Ok(both.days() - 1)
/// }
///
/// let stay = PartialDateRange { start: Some("2026-11-23".parse()?), end: Some("2026-11-27".parse()?) };
/// assert_eq!(nights(stay).ok(), Some(4));
/// assert!(nights(PartialDateRange { end: None, ..stay }).is_err());
/// # Ok::<(), flowhost_sdk::time::DateError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartialDateRange {
    /// The first day, if picked.
    #[serde(rename = "start-date", skip_serializing_if = "Option::is_none")]
    pub start: Option<Date>,
    /// The last day, if picked.
    #[serde(rename = "end-date", skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
}

/// A day of the week. The order begins with Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "they say it themselves")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Date {
    /// The day with this year (0 to 9999), month (1 to 12) and day of the month; `None` if the
    /// calendar has no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let date = Date::from_parts(year.into(), month.into(), day.into());
        // April 31 becomes May 1, so its parts differ.
        (year <= 9999 && date.parts() == (year.into(), month.into(), day.into())).then_some(date)
    }

    /// The day this many days after 1970-01-01. Values millions of years away are clamped.
    pub const fn from_unix_days(days: i64) -> Self {
        let days = if days > MAX_DAYS { MAX_DAYS } else { days };
        Date(if days < -MAX_DAYS { -MAX_DAYS } else { days })
    }

    /// Days since 1970-01-01; negative before.
    pub const fn unix_days(self) -> i64 {
        self.0
    }

    /// The moment at which the day begins in UTC. Date pickers before Flow JSON 5.0 write days as
    /// its milliseconds.
    pub const fn midnight_utc(self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.saturating_mul(MILLIS_PER_DAY))
    }

    /// The year of the Gregorian calendar.
    pub fn year(self) -> i64 {
        self.parts().0
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.parts().1 as u8
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.parts().2 as u8
    }

    /// The day of the week.
    pub fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday.
        WEEKDAYS[(self.0 + 3).rem_euclid(7) as usize]
    }

    /// Whether it is a Saturday or a Sunday.
    pub fn is_weekend(self) -> bool {
        self.weekday() >= Weekday::Saturday
    }

    /// The day this many days later, or earlier if negative.
    pub fn plus_days(self, days: i64) -> Self {
        Date::from_unix_days(self.0.saturating_add(days))
    }

    /// The number of days from this day to `other`; negative if `other` is earlier.
    pub fn days_until(self, other: Date) -> i64 {
        other.0 - self.0
    }

    /// All following days, beginning with the next one.
    pub fn following(self) -> impl Iterator<Item = Date> {
        (1..).map(move |days| self.plus_days(days))
    }

    /// English text for people: `Mon Nov 23 2026`.
    pub fn title(self) -> String {
        let (year, month, day) = self.parts();
        format!("{} {} {day} {year}", self.weekday().short_name(), MONTHS[month as usize - 1])
    }

    /// Years begin on March 1 here, so that the leap day is the last of its year. They are counted
    /// within the 400 years after which the calendar repeats, which have 146,097 days.
    fn from_parts(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let month_from_march = (month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let year_of_cycle = year.rem_euclid(400);
        let day_of_cycle =
            year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
        // There are 719,468 days from 0000-03-01 to 1970-01-01.
        Date(year.div_euclid(400) * 146_097 + day_of_cycle - 719_468)
    }

    /// The year, the month and the day of the month.
    fn parts(self) -> (i64, i64, i64) {
        let days = self.0 + 719_468;
        let day_of_cycle = days.rem_euclid(146_097);
        let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524
            - day_of_cycle / 146_096)
            / 365;
        let day_of_year =
            day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        (days.div_euclid(146_097) * 400 + year_of_cycle + i64::from(month <= 2), month, day)
    }
}

impl DateRange {
    /// The number of days, the first and the last included; 0 if the last is before the first.
    pub fn days(self) -> i64 {
        (self.start.days_until(self.end) + 1).max(0)
    }

    /// Whether the day lies within the range.
    pub fn contains(self, day: Date) -> bool {
        self.start <= day && day <= self.end
    }
}

impl PartialDateRange {
    /// The range, if both days were picked.
    pub fn both(self) -> Option<DateRange> {
        Some(DateRange { start: self.start?, end: self.end? })
    }

    /// Whether neither day was picked.
    pub fn is_empty(self) -> bool {
        self == PartialDateRange::default()
    }
}

impl From<DateRange> for PartialDateRange {
    fn from(range: DateRange) -> Self {
        PartialDateRange { start: Some(range.start), end: Some(range.end) }
    }
}

/// Accepts everything that the picker sends, including nothing.
impl<'de> Deserialize<'de> for PartialDateRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<Value>::deserialize(deserializer)?;
        Field::read(value.as_ref())
            .map_err(|expected| de::Error::custom(format_args!("expected {expected}")))
    }
}

impl Weekday {
    /// Its English name: `Monday`.
    pub fn name(self) -> &'static str {
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
            [self as usize]
    }

    /// The first three letters of its English name: `Mon`.
    pub fn short_name(self) -> &'static str {
        &self.name()[..3]
    }
}

/// Parses only `2026-11-23`.
impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let part = |range: std::ops::Range<usize>| {
            text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let marks_fit =
            text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
        let read = || {
            Date::new(
                part(0..4)?.parse().ok()?,
                part(5..7)?.parse().ok()?,
                part(8..10)?.parse().ok()?,
            )
        };
        marks_fit.then(read).flatten().ok_or(DateError(()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The text is not a day of the calendar, or not written as `2026-11-23`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateError(());

impl fmt::Display for DateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("expected a day of the calendar such as 2026-11-23")
    }
}

impl std::error::Error for DateError {}

const MILLIS_PER_DAY: i64 = 86_400_000;
/// Keeps all sums far from overflow.
const MAX_DAYS: i64 = 1 << 40;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn every_day_of_800_years_is_as_another_calendar_has_it() {
        let epoch = time::Date::from_calendar_date(1970, time::Month::January, 1).unwrap();
        for number in -146_097..146_097 {
            let (ours, theirs) =
                (Date::from_unix_days(number), epoch + time::Duration::days(number));
            let parts = (theirs.year().into(), u8::from(theirs.month()), theirs.day());
            assert_eq!((ours.year(), ours.month(), ours.day()), parts);
            assert_eq!(ours.weekday().name(), theirs.weekday().to_string());
            assert_eq!(date(&ours.to_string()), ours);
        }
    }

    #[test]
    fn known_days() {
        assert_eq!(Date::from_unix_days(0).to_string(), "1970-01-01");
        assert_eq!(date("2026-11-23").title(), "Mon Nov 23 2026");
        assert_eq!(date("2024-02-29").title(), "Thu Feb 29 2024");
        assert_eq!(date("2026-11-23").midnight_utc().unix_millis(), 1_795_392_000_000);
        assert_eq!(Date::new(0, 1, 1).unwrap().to_string(), "0000-01-01");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2026-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-1-1",
            "tomorrow",
            "2026-11-23T10",
            "+026-11-23",
            "2026-11-+3",
            "2026/11/23",
            "20261-1-23",
            "2026-11-é",
            "éé26-11-2",
        ] {
            assert_eq!(text.parse::<Date>(), Err(DateError(())), "{text}");
        }
        assert_eq!(Date::new(u16::MAX, u8::MAX, u8::MAX), None);
        assert_eq!(Date::new(10_000, 1, 1), None);
    }

    #[test]
    fn days_are_counted_and_weekends_known() {
        let friday = date("2026-11-20");
        let days: Vec<_> = friday
            .following()
            .filter(|day| !day.is_weekend())
            .take(6)
            .map(|day| day.to_string())
            .collect();

        assert_eq!(
            days,
            ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30"]
        );
        assert_eq!(friday.days_until(date("2026-12-01")), 11);
        assert_eq!(friday.plus_days(-20), date("2026-10-31"));
        let range = DateRange { start: friday, end: date("2026-11-22") };
        assert_eq!(
            (range.days(), range.contains(date("2026-11-22")), range.contains(date("2026-11-23"))),
            (3, true, false)
        );
    }

    #[test]
    fn no_number_of_days_overflows() {
        for days in [i64::MAX, i64::MIN] {
            let date = Date::from_unix_days(days).plus_days(days);
            assert!(!date.title().is_empty() && !date.to_string().is_empty());
            assert_ne!(date.midnight_utc().unix_millis(), 0);
        }
    }

    #[test]
    fn a_partial_range_is_both_days_or_less() {
        let both = DateRange { start: date("2026-11-23"), end: date("2026-11-27") };
        let start = PartialDateRange { end: None, ..both.into() };

        assert_eq!((PartialDateRange::from(both).both(), start.both()), (Some(both), None));
        assert!(PartialDateRange::default().is_empty() && !start.is_empty());
        assert_eq!(serde_json::to_string(&start).unwrap(), r#"{"start-date":"2026-11-23"}"#);
    }

    #[test]
    fn json_is_the_text() {
        let range: DateRange =
            serde_json::from_str(r#"{"start-date":"2026-11-23","end-date":"2026-11-27"}"#).unwrap();

        assert_eq!(
            serde_json::to_string(&range).unwrap(),
            r#"{"start-date":"2026-11-23","end-date":"2026-11-27"}"#
        );
        let error = serde_json::from_str::<Date>("\"soon\"").unwrap_err().to_string();
        assert!(error.contains("such as 2026-11-23"), "{error}");
    }
}
