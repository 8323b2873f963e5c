//! Days: just enough calendar to offer the next weekdays. Everything but [`Day::today`] is pure arithmetic.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: u64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day of the Gregorian calendar, counted from 1970-01-01. `{}` prints `2026-11-23`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// The current day in UTC. The host gives every plugin a clock.
    pub fn today() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        Day((seconds / SECONDS_PER_DAY) as i64)
    }

    /// Reads `2026-11-23`. None if it is anything else, or no day of the calendar.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<u16>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let date = Day::from_date(year.into(), month.into(), day.into());
        // A 31st of April becomes the 1st of May, and "2026-4-1" becomes "2026-04-01": neither prints as it was written.
        (date.to_string() == text).then_some(date)
    }

    /// The first `count` weekdays after this day.
    pub fn next_weekdays(self, count: usize) -> impl Iterator<Item = Day> {
        (self.0 + 1..).map(Day).filter(|day| day.weekday() < 5).take(count)
    }

    /// For people: `Mon Nov 23 2026`.
    pub fn title(self) -> String {
        let (year, month, day) = self.date();
        format!("{} {} {day} {year}", WEEKDAYS[self.weekday()], MONTHS[month as usize - 1])
    }

    /// 0 is Monday.
    fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday.
        (self.0 + 3).rem_euclid(7) as usize
    }

    /// Counts in years that begin on March 1, so that the leap day is the last of its year, and in the 400 years after which
    /// the calendar repeats: 146,097 days.
    fn from_date(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let month_from_march = (month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let year_of_cycle = year.rem_euclid(400);
        let day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        Day(year.div_euclid(400) * 146_097 + day_of_cycle - 719_468)
    }

    fn date(self) -> (i64, i64, i64) {
        let days = self.0 + 719_468;
        let day_of_cycle = days.rem_euclid(146_097);
        let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
        let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = days.div_euclid(146_097) * 400 + year_of_cycle + i64::from(month <= 2);
        (year, month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_800_years_reads_as_it_prints() {
        for number in -146_097..146_097 {
            assert_eq!(Day::parse(&Day(number).to_string()), Some(Day(number)));
        }
    }

    #[test]
    fn known_days() {
        assert_eq!(Day(0).to_string(), "1970-01-01");
        assert_eq!(Day::parse("2026-11-23").unwrap().title(), "Mon Nov 23 2026");
        assert_eq!(Day::parse("2024-02-29").unwrap().title(), "Thu Feb 29 2024");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["", "2026-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-1-1", "tomorrow", "2026-11-23T10"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn weekends_are_left_out() {
        let friday = Day::parse("2026-11-20").unwrap();
        let days: Vec<_> = friday.next_weekdays(6).map(|day| day.to_string()).collect();

        assert_eq!(days, ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30"]);
    }
}
