//! Printing: results on standard output, everything that accompanies them on standard error.

use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;

use flowhost_runtime::telemetry::{put_beside_the_log, steers};

/// Prints a result.
pub(crate) fn say(text: &str) {
    print(format_args!("{text}\n"));
}

/// Prints a document as it is, without an end of line after it.
pub(crate) fn say_exactly(text: &str) {
    print(format_args!("{text}"));
}

/// Prints what is not the result: progress, hints, errors, whatever text from elsewhere they quote. Beside a log it goes the log's way, so
/// that nothing waits for who reads it.
pub(crate) fn note(text: &str) {
    let text = lines_printable(text);
    if !put_beside_the_log(&format!("{text}\n")) {
        // If even that can't be printed there is nobody to tell.
        let _ = write(io::stderr().lock(), format_args!("{text}\n"));
    }
}

/// Whether results still go anywhere: what has no end stops where nobody reads it.
pub(crate) fn is_heard() -> bool {
    lost().is_none()
}

/// Fails where a result could not be printed, but for a reader that has enough, as in `flowhost tenant list | head -1`: a key that was made
/// for a file on a full disk is nowhere.
pub(crate) fn printed() -> anyhow::Result<()> {
    match lost().take() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("the result can't be printed"),
        _ => Ok(()),
    }
}

/// Text from elsewhere, made safe for a terminal: control characters, and what turns the direction of reading, would let it rewrite what
/// the user sees.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|char| if steers(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// The same for a text of several lines.
fn lines_printable(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
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
#[cfg(feature = "devkit")]
pub(crate) fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

/// `println!` would panic when the reader went away. What comes after something that is lost would be half a result.
fn print(text: std::fmt::Arguments<'_>) {
    let mut lost = lost();
    if lost.is_none() {
        *lost = write(io::stdout().lock(), text).err();
    }
}

fn write(mut to: impl Write, text: std::fmt::Arguments<'_>) -> io::Result<()> {
    to.write_fmt(text)?;
    to.flush()
}

/// Why a result could not be printed.
fn lost() -> MutexGuard<'static, Option<io::Error>> {
    static LOST: Mutex<Option<io::Error>> = Mutex::new(None);
    LOST.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_can_not_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
        assert_eq!(lines_printable("a\u{1b}[2J\nb"), "a\u{fffd}[2J\nb");
        assert_eq!(printable("a\u{9b}\u{2028}\u{202e}b\u{2066}, \u{5e9}"), "a\u{fffd}\u{fffd}\u{fffd}b\u{fffd}, \u{5e9}");
    }

    #[test]
    fn cuts_by_characters_and_marks_the_cut() {
        assert_eq!(cut("olá, 世界", 7), "olá, 世界");
        assert_eq!(cut("olá, 世界", 6), "olá, …");
    }
}
