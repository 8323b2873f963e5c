//! Limits how often a repeated event is logged: one line a minute. The others are counted, and the
//! next line gives their number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Sums up log lines of one kind, so that nobody outside can fill the log.
#[derive(Debug)]
pub struct Summary {
    most_of_a_group: usize,
    most: usize,
    interval: Mutex<Interval>,
}

/// What has come since the interval began.
#[derive(Debug, Default)]
struct Interval {
    began: Option<Instant>,
    told: BTreeMap<String, BTreeSet<String>>,
    lines: usize,
    untold: u64,
}

impl Summary {
    /// An empty summary. In a minute, a group gets at most `most_of_a_group` different lines and
    /// all groups together at most `most`, so one group cannot use them all up.
    pub fn new(most_of_a_group: usize, most: usize) -> Self {
        Self { most_of_a_group, most, interval: Mutex::default() }
    }

    /// Notes an event. Returns `None` if it gets no line; otherwise the number of events without a
    /// line since the last line.
    pub fn note(&self, group: &str, what: &str) -> Option<u64> {
        self.note_at(group, what, Instant::now())
    }

    fn note_at(&self, group: &str, what: &str, now: Instant) -> Option<u64> {
        let mut interval = self.interval.lock().unwrap_or_else(PoisonError::into_inner);
        if interval.began.is_none_or(|began| now.duration_since(began) >= INTERVAL) {
            *interval =
                Interval { began: Some(now), untold: interval.untold, ..Interval::default() };
        }
        let told = interval.told.get(group);
        let is_over =
            told.is_some_and(|told| told.len() >= self.most_of_a_group || told.contains(what));
        if is_over || interval.lines >= self.most {
            interval.untold += 1;
            return None;
        }
        interval.lines += 1;
        interval.told.entry(group.to_owned()).or_default().insert(what.to_owned());
        Some(std::mem::take(&mut interval.untold))
    }
}

const INTERVAL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_one_line_a_minute_and_the_rest_are_counted() {
        let (summary, now) = (Summary::new(2, 3), Instant::now());
        let note = |group, what, now| summary.note_at(group, what, now);

        assert_eq!(note("x", "a", now), Some(0));
        assert_eq!(note("x", "a", now), None);
        assert_eq!(note("x", "b", now), Some(1));
        assert_eq!(note("x", "c", now), None, "its group has all its lines");
        assert_eq!(note("y", "c", now), Some(1));
        assert_eq!(note("z", "c", now), None, "all have all their lines");
        assert_eq!(note("x", "a", now), None);
        assert_eq!(note("x", "a", now + INTERVAL), Some(2));
    }
}
