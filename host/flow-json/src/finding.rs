//! What was found in a document or in a reply, and where.

use std::fmt;

use serde::Serialize;

use super::place::Place;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// WhatsApp refuses the document, or the phone the reply.
    Error,
    /// It is taken; but it may not do what was meant, or not for long.
    Note,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How grave it is.
    pub level: Level,
    /// Where: a JSON pointer (RFC 6901) into the document or the reply; empty for the whole of it. Names longer than 200 bytes are cut.
    pub pointer: String,
    /// How Meta calls it, where that is known: the error's code in a Flow JSON, the client's error key in a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// What is wrong, and what to do. Of a reply it names positions and types, no values.
    pub message: String,
}

/// What was found: the errors, then the notes. At most 100 of each, and then one more of the kind that counts the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// A single error about the whole of it.
    pub(crate) fn about_the_whole(name: &'static str, message: fmt::Arguments<'_>) -> Self {
        let mut found = Collector::default();
        found.error(&Place::WHOLE, Some(name), message);
        found.finish()
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// Those of a level.
    pub fn of(&self, level: Level) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(move |finding| finding.level == level)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them in one line, for a log.
    pub fn on_one_line(&self) -> String {
        let all: Vec<String> = self.0.iter().map(Finding::to_string).collect();
        all.join("; ")
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the whole" } else { &self.pointer };
        let level = if self.level == Level::Note { "note: " } else { "" };
        // Names in a pointer are somebody else's: no control character of theirs reaches a log or a terminal.
        write!(f, "{level}{}: {}", place.escape_debug(), self.message)?;
        self.name.map_or(Ok(()), |name| write!(f, " [{name}]"))
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, finding) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

/// Collects findings, as many as are kept. What is said of the others is never written down.
#[derive(Default)]
pub(crate) struct Collector {
    errors: Kept,
    notes: Kept,
}

#[derive(Default)]
struct Kept {
    findings: Vec<Finding>,
    more: usize,
}

impl Collector {
    /// Something that WhatsApp, or the phone, refuses.
    pub(crate) fn error(&mut self, at: &Place<'_>, name: Option<&'static str>, message: fmt::Arguments<'_>) {
        self.errors.add(Level::Error, at, name, message);
    }

    /// Something that is taken, and should be known.
    pub(crate) fn note(&mut self, at: &Place<'_>, name: Option<&'static str>, message: fmt::Arguments<'_>) {
        self.notes.add(Level::Note, at, name, message);
    }

    /// Something of a level.
    pub(crate) fn add(&mut self, level: Level, at: &Place<'_>, name: Option<&'static str>, message: fmt::Arguments<'_>) {
        match level {
            Level::Error => self.error(at, name, message),
            Level::Note => self.note(at, name, message),
        }
    }

    /// Whether no further error is kept: time to stop looking for some.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.findings.len() >= MAX_FINDINGS
    }

    /// Whether there is an error.
    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.findings.is_empty()
    }

    /// What was found.
    pub(crate) fn finish(self) -> Findings {
        let mut all = self.errors.finish(Level::Error);
        all.extend(self.notes.finish(Level::Note));
        Findings(all)
    }

    /// The same of what has no notes.
    pub(crate) fn refused(self) -> Result<(), Findings> {
        if self.has_errors() { Err(self.finish()) } else { Ok(()) }
    }
}

impl Kept {
    fn add(&mut self, level: Level, at: &Place<'_>, name: Option<&'static str>, message: fmt::Arguments<'_>) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding { level, pointer: at.to_string(), name, message: message.to_string() });
        } else {
            self.more += 1;
        }
    }

    fn finish(mut self, level: Level) -> Vec<Finding> {
        if self.more > 0 {
            let message = format!("and at least {} more of these", self.more);
            self.findings.push(Finding { level, pointer: String::new(), name: None, message });
        }
        self.findings
    }
}

/// More than anybody reads; a document of 10 MB could have a million.
const MAX_FINDINGS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_beyond_the_hundredth_are_counted() {
        let mut found = Collector::default();
        (0..250).for_each(|number| found.error(&Place::WHOLE.item(number), None, format_args!("wrong")));
        (0..101).for_each(|number| found.note(&Place::WHOLE.item(number), None, format_args!("odd")));
        let findings = found.finish();
        assert_eq!((findings.of(Level::Error).count(), findings.of(Level::Note).count()), (101, 101));
        assert_eq!(findings.of(Level::Error).last().unwrap().message, "and at least 150 more of these");
        assert!(Collector::default().finish().is_empty());
    }

    #[test]
    fn is_shown_line_by_line_and_as_json() {
        let mut found = Collector::default();
        found.note(&Place::WHOLE.key("version"), None, format_args!("old"));
        found.error(&Place::WHOLE, Some("INVALID_FLOW_JSON"), format_args!("broken"));
        let findings = found.finish();
        assert_eq!(findings.to_string(), "the whole: broken [INVALID_FLOW_JSON]\nnote: /version: old");
        let expected = r#"[{"level":"error","pointer":"","name":"INVALID_FLOW_JSON","message":"broken"},{"level":"note","pointer":"/version","message":"old"}]"#;
        assert_eq!(serde_json::to_string(&findings).unwrap(), expected);
    }
}
