//! Prints results on standard output, and everything that accompanies them on standard error.

use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;

use flowhost_runtime::telemetry::{put_beside_the_log, steers};

/// Prints a result.
pub(crate) fn say(text: &str) {
    print(format_args!("{text}\n"));
}

/// Prints a document as it is, without adding a line end.
pub(crate) fn say_exactly(text: &str) {
    print(format_args!("{text}"));
}

/// Prints what is not the result: progress, hints and errors, which may quote untrusted text. If
/// the log is on, the text goes through the log's writer, so that nothing waits for a slow reader.
pub(crate) fn note(text: &str) {
    let text = lines_printable(text);
    if !put_beside_the_log(&format!("{text}\n")) {
        // If even this can't be printed, there is nobody to tell.
        let _ = write(io::stderr().lock(), format_args!("{text}\n"));
    }
}

/// Whether results can still be printed. Endless output stops when nobody reads it.
pub(crate) fn is_heard() -> bool {
    lost().is_none()
}

/// Fails if a result could not be printed: a key that was written to a full disk is lost. A reader
/// that has read enough is no failure, as in `flowhost tenant list | head -1`.
pub(crate) fn printed() -> anyhow::Result<()> {
    match lost().take() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("the result can't be printed")
        }
        _ => Ok(()),
    }
}

/// Makes untrusted text safe for a terminal: control characters, and characters that change the
/// direction of reading, could rewrite what the user sees.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|char| if steers(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// The same for a text of several lines.
fn lines_printable(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Cuts a text to a width, with `…` for what is missing.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

/// A duration in milliseconds with two decimals, for machines and people.
#[cfg(feature = "devkit")]
pub(crate) fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

/// `println!` would panic when the reader goes away. After a failure nothing more is printed, since
/// the result would have a gap.
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
        assert_eq!(
            printable("a\u{9b}\u{2028}\u{202e}b\u{2066}, \u{5e9}"),
            "a\u{fffd}\u{fffd}\u{fffd}b\u{fffd}, \u{5e9}"
        );
    }

    #[test]
    fn cuts_by_characters_and_marks_the_cut() {
        assert_eq!(cut("olá, 世界", 7), "olá, 世界");
        assert_eq!(cut("olá, 世界", 6), "olá, …");
    }
}
