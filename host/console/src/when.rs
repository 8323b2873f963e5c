//! Points in time for people.

use flowhost_api::Timestamp;
use maud::{Markup, html};

/// A point in time, to the second, in UTC as everything is that the host says. Machines find it
/// whole.
pub(crate) fn when(at: &Timestamp) -> Markup {
    let whole = at.to_string();
    let seconds = whole.get(..SECONDS).unwrap_or(&whole).replacen('T', " ", 1);
    html! { time datetime=(whole) { (seconds) } }
}

/// The hour and minute, in UTC.
pub(crate) fn hour_and_minute(at: &Timestamp) -> String {
    let whole = at.to_string();
    whole.get(HOUR_AND_MINUTE).unwrap_or(&whole).to_owned()
}

/// `2026-03-01T12:00:00`.
const SECONDS: usize = 19;
const HOUR_AND_MINUTE: std::ops::Range<usize> = 11..16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_need_no_microseconds() {
        let at: Timestamp = serde_json::from_str("\"2026-03-01T12:00:00.123456Z\"").unwrap();

        assert_eq!(
            when(&at).into_string(),
            "<time datetime=\"2026-03-01T12:00:00.123456Z\">2026-03-01 12:00:00</time>"
        );
    }

    #[test]
    fn a_plot_needs_hour_and_minute_alone() {
        let at: Timestamp = serde_json::from_str("\"2026-03-01T12:34:56.123456Z\"").unwrap();

        assert_eq!(hour_and_minute(&at), "12:34");
    }
}
