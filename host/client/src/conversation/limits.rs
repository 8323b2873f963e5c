//! What a field accepts, in words.

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
    let counted = |count: u64| match count {
        1 => format!("1 {}", what.strip_suffix('s').unwrap_or(what)),
        _ => format!("{count} {what}"),
    };
    let least = min.filter(|min| *min > 0).map(|min| format!("at least {}", counted(min)));
    least.into_iter().chain(max.map(|max| format!("at most {}", counted(max)))).collect()
}

fn bounds(days: &Days) -> Vec<String> {
    let from = days.first_day().map(|day| format!("from {day}"));
    let to = days.last_day().map(|day| format!("to {day}"));
    from.into_iter().chain(to).collect()
}
