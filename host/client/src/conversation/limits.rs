//! What a field accepts, in words.

use super::entry::{counted, iso_day};
use super::field::{Days, Field, FieldKind};

impl Field {
    /// Its limits, each as a text that goes on after a name: `at most 3 choices`, `from 2026-11-23`.
    pub fn limits(&self) -> Vec<String> {
        match &self.kind {
            FieldKind::Text { min, max, .. } => between(*min, *max, "characters"),
            FieldKind::Many { min, max, .. } => between(*min, *max, "choices"),
            FieldKind::Media { min, max, .. } => between(*min, *max, "files"),
            FieldKind::Date(days) => bounds(days),
            FieldKind::DateRange(range) => {
                let days = &range.days;
                [bounds(days), between(days.min_days, days.max_days, "days")].concat()
            }
            FieldKind::One(_) | FieldKind::OptIn => Vec::new(),
        }
    }
}

/// How many there may be of `what`, a regular plural.
fn between(min: Option<u64>, max: Option<u64>, what: &str) -> Vec<String> {
    let least = min.filter(|min| *min > 0).map(|min| format!("at least {}", counted(min, what)));
    least.into_iter().chain(max.map(|max| format!("at most {}", counted(max, what)))).collect()
}

fn bounds(days: &Days) -> Vec<String> {
    let from = days.first_day().map(|day| format!("from {day}"));
    let to = days.last_day().map(|day| format!("to {day}"));
    from.into_iter().chain(to).chain(weekdays(days)).chain(exceptions(days)).collect()
}

fn weekdays(days: &Days) -> Option<String> {
    (!days.weekdays.is_empty()).then(|| format!("{} only", days.weekdays.join(", ")))
}

/// Days between the first and the last that can't be selected.
fn exceptions(days: &Days) -> Option<String> {
    let named = days.except.iter().take(MAX_EXCEPTIONS);
    let named: Vec<String> = named.map(|day| iso_day(day).unwrap_or_else(|| day.clone())).collect();
    let more = days.except.len().saturating_sub(MAX_EXCEPTIONS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("not {}{more}", named.join(", ")))
}

/// How many days that can't be selected are named.
const MAX_EXCEPTIONS: usize = 6;
