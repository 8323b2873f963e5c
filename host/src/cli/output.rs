//! Printing: results on standard output, everything that accompanies them on standard error.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use crate::telemetry::{put_beside_the_log, steers};

/// Prints a result.
pub(crate) fn say(text: &str) {
    print_line(std::io::stdout().lock(), text);
}

/// Prints a document as it is, without an end of line after it.
pub(crate) fn say_exactly(text: &str) {
    print(std::io::stdout().lock(), format_args!("{text}"));
}

/// Prints what is not the result: progress, hints, errors. Beside a log it goes the log's way, so that nothing waits for who reads it.
pub(crate) fn note(text: &str) {
    if !put_beside_the_log(&format!("{text}\n")) {
        print_line(std::io::stderr().lock(), text);
    }
}

/// Text from elsewhere, made safe for a terminal: control characters, and what turns the direction of reading, would let it rewrite what
/// the user sees.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|char| if steers(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// Cuts a text to a width, with `…` where something is missing.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

/// A duration in milliseconds, to the hundredth: what a machine needs and a person can read.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

fn print_line(to: impl Write, text: &str) {
    print(to, format_args!("{text}\n"));
}

/// `println!` would panic when the reader went away, as in `flowhost tenant list | head -1`.
fn print(mut to: impl Write, text: std::fmt::Arguments<'_>) {
    match to.write_fmt(text).and_then(|()| to.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => tracing::warn!(%error, "can't print"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_can_not_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
        assert_eq!(printable("a\u{9b}\u{2028}\u{202e}b\u{2066}, \u{5e9}"), "a\u{fffd}\u{fffd}\u{fffd}b\u{fffd}, \u{5e9}");
    }

    #[test]
    fn cuts_by_characters_and_marks_the_cut() {
        assert_eq!(cut("olá, 世界", 7), "olá, 世界");
        assert_eq!(cut("olá, 世界", 6), "olá, …");
    }
}
