//! The days that a phone offers.

use std::collections::HashSet;

use time::{Date, Duration};

use super::entry::read_day;
use super::field::Days;
use super::range::Range;

/// A day that can be picked.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedDay {
    /// As it is typed: `2026-11-23`.
    pub day: String,
    /// As people read it: `Mon 23 November 2026`.
    pub title: String,
    /// Its month: `November 2026`.
    pub month: String,
}

impl Days {
    /// The days that can be picked, one by one, if some between the first and the last can't, and there
    /// are few enough to list.
    pub fn offered(&self) -> Option<Vec<OfferedDay>> {
        if self.except.is_empty() && self.weekdays.is_empty() {
            return None;
        }
        let (Some(first), Some(last)) = self.bounds() else { return None };
        if (last - first).whole_days() >= MAX_OFFERED {
            return None;
        }
        let except: HashSet<Date> = self.except.iter().filter_map(|text| read_day(text)).collect();
        let days = std::iter::successors(Some(first), |day| day.next_day());
        let days = days.take_while(|day| *day <= last);
        let days = days.filter(|day| self.has_weekday(*day) && !except.contains(day));
        Some(days.map(OfferedDay::of).collect())
    }

    /// The first and the last day that can be picked, as far as there are such.
    pub(super) fn bounds(&self) -> (Option<Date>, Option<Date>) {
        let day = |text: &Option<String>| text.as_deref().and_then(read_day);
        (day(&self.first), day(&self.last))
    }

    /// Whether a day is on one of the days of the week that can be picked.
    pub(super) fn has_weekday(&self, day: Date) -> bool {
        let weekday = &day.weekday().to_string()[..3];
        self.weekdays.is_empty()
            || self.weekdays.iter().any(|named| named.eq_ignore_ascii_case(weekday))
    }
}

impl Range {
    /// The days that can be the last one of a range that begins on this day, as it is typed.
    pub fn days_after(&self, start: &str) -> Days {
        let Some(start) = read_day(start) else { return self.days.clone() };
        let (first, last) = self.days.bounds();
        let after = |days: u64| {
            let days = i64::try_from(days.saturating_sub(1)).ok()?;
            start.checked_add(Duration::seconds(days.checked_mul(86_400)?))
        };
        let least = after(self.days.min_days.unwrap_or(1)).max(first);
        let most = self.days.max_days.and_then(after).into_iter().chain(last).min();
        Days {
            first: least.map(|day| day.to_string()),
            last: most.map(|day| day.to_string()),
            ..self.days.clone()
        }
    }
}

impl OfferedDay {
    fn of(day: Date) -> Self {
        let month = format!("{} {}", day.month(), day.year());
        let weekday = &day.weekday().to_string()[..3];
        Self { day: day.to_string(), title: format!("{weekday} {} {month}", day.day()), month }
    }
}

/// Days in a list: a year and some weeks.
const MAX_OFFERED: i64 = 400;

#[cfg(test)]
mod tests {
    use flowhost_flow_json::Component;
    use serde_json::{Value, json};

    use super::super::field::{Field, FieldKind, FormSays, Properties};
    use super::super::scope::tests::with_scope;
    use super::*;

    #[test]
    fn only_days_that_can_be_picked_are_offered() {
        let days = days(json!({
            "min-date": "2026-11-27", "max-date": "2026-12-03",
            "unavailable-dates": ["2026-12-01"], "include-days": ["Mon", "Tue", "fri"],
        }));

        let offered = days.offered().unwrap();

        let titles: Vec<&str> = offered.iter().map(|day| day.title.as_str()).collect();
        assert_eq!(titles, ["Fri 27 November 2026", "Mon 30 November 2026"]);
        assert_eq!(
            (offered[1].day.as_str(), offered[1].month.as_str()),
            ("2026-11-30", "November 2026")
        );
    }

    #[test]
    fn days_are_listed_where_a_list_says_more_than_bounds() {
        let except = json!(["2026-12-01"]);
        for (first, last, except, is_listed) in [
            ("2026-01-01", "2026-12-31", &except, true),
            ("2026-01-01", "2026-12-31", &json!([]), false),
            ("2026-01-01", "2027-12-31", &except, false),
            ("", "2026-12-31", &except, false),
            ("2026-12-31", "2026-01-01", &except, true),
        ] {
            let days =
                days(json!({"min-date": first, "max-date": last, "unavailable-dates": except}));
            assert_eq!(days.offered().is_some(), is_listed, "{first} {last} {except}");
        }
    }

    #[test]
    fn a_range_ends_as_late_as_its_start_allows() {
        let range = |written: Value| match field(written).kind {
            FieldKind::DateRange(range) => range,
            other => panic!("{other:?}"),
        };
        let bounded = range(json!({
            "mode": "range", "min-date": "2026-11-20", "max-date": "2026-11-30", "min-days": 2, "max-days": 5,
        }));
        let bounds = |start: &str| {
            let days = bounded.days_after(start);
            (days.first.unwrap(), days.last.unwrap())
        };
        let two = |first: &str, last: &str| (first.to_owned(), last.to_owned());

        assert_eq!(bounds("2026-11-23"), two("2026-11-24", "2026-11-27"));
        assert_eq!(bounds("2026-11-28"), two("2026-11-29", "2026-11-30"));
        assert_eq!(bounds("2026-11-01"), two("2026-11-20", "2026-11-05"));
        assert_eq!(bounds(""), two("2026-11-20", "2026-11-30"));
        let open = range(json!({"mode": "range", "max-days": u64::MAX})).days_after("2026-11-23");
        assert_eq!((open.first.as_deref(), open.last), (Some("2026-11-23"), None));
    }

    fn days(written: Value) -> Days {
        match field(written).kind {
            FieldKind::Date(days) => days,
            other => panic!("{other:?}"),
        }
    }

    fn field(mut written: Value) -> Field {
        written["type"] = json!("CalendarPicker");
        written["name"] = json!("x");
        let written = Component::of(&written).unwrap();
        with_scope(json!({}), json!({}), |scope| {
            Field::of(&Properties { written, scope }, &FormSays::default(), true)
        })
        .unwrap()
    }
}
