//! Errors in a scenario's text.

use std::ops::Range;

/// Why a scenario can't be read: what is wrong, and on which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ScenarioError {
    line: usize,
    message: String,
}

impl ScenarioError {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong there.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A scenario's text, which maps positions to lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a>(pub &'a str);

/// A position in the text; `None` if the parser gives none.
pub(super) type Span = Option<Range<usize>>;

impl Source<'_> {
    /// The line of a position; the first line if there is none.
    pub(super) fn line(self, span: &Span) -> usize {
        let end = span.as_ref().map_or(0, |span| span.start.min(self.0.len()));
        self.0.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// An error at a position.
    pub(super) fn error(self, span: &Span, message: impl Into<String>) -> ScenarioError {
        ScenarioError { line: self.line(span), message: message.into() }
    }
}
