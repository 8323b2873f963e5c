//! The findings about a document or a reply, with their places.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::place::Place;
use super::position::{Position, positions};

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// WhatsApp refuses the document, or the phone refuses the reply.
    Error,
    /// WhatsApp accepts it, but it may not do what the author meant, or may stop being accepted.
    Note,
}

/// One problem in a document or a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How serious it is.
    pub level: Level,
    /// The place as a JSON pointer (RFC 6901) into the document or the reply; empty for the whole.
    /// Names longer than 200 bytes are cut.
    pub pointer: String,
    /// Where that is in the document's text; `None` in a reply, whose text nobody wrote.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// Meta's name for the problem, if known: the error code of a Flow JSON, or the client's error
    /// key of a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// What is wrong and how to fix it. For a reply it names positions and types, never values.
    pub message: String,
}

/// The errors, then the notes: at most 100 of each. If there were more, one further finding of that
/// level counts the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// A single error about the whole document.
    pub(crate) fn about_the_whole(name: &'static str, message: fmt::Arguments<'_>) -> Self {
        let mut found = Collector::default();
        found.error(&Place::WHOLE, Some(name), message);
        found.finish()
    }

    /// All findings, errors first.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// The findings of one level.
    pub fn of(&self, level: Level) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(move |finding| finding.level == level)
    }

    /// Whether there are no findings.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The findings with their positions in the text that they are about.
    pub(crate) fn located_in(mut self, text: &[u8]) -> Self {
        // Almost every document is without findings, and then its text is not looked at again.
        if !self.0.is_empty() {
            let found = positions(text, self.0.iter().map(|finding| finding.pointer.as_str()));
            self.0.iter_mut().zip(found).for_each(|(finding, at)| finding.position = Some(at));
        }
        self
    }

    /// The findings, all of them at one position.
    pub(crate) fn all_at(mut self, position: Position) -> Self {
        self.0.iter_mut().for_each(|finding| finding.position = Some(position));
        self
    }

    /// All findings on one line, for a log.
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

impl Finding {
    /// The finding as compilers and editors write one: `flow.json:41:17 /screens/0: ..`.
    pub fn in_file(&self, file: impl fmt::Display) -> String {
        let position = self.position.map(|at| format!(":{at}")).unwrap_or_default();
        let (separator, pointer) = match self.pointer.as_str() {
            "" => ("", ""),
            pointer if self.position.is_some() => (" ", pointer),
            pointer => (": ", pointer),
        };
        self.written(format_args!("{file}{position}{separator}{}", pointer.escape_debug()))
    }

    /// `place` has no control characters but those that a file's name has.
    fn written(&self, place: fmt::Arguments<'_>) -> String {
        let level = if self.level == Level::Note { "note: " } else { "" };
        let name = self.name.map(|name| format!(" [{name}]")).unwrap_or_default();
        format!("{level}{place}: {}{name}", self.message)
    }
}

/// `41:17 /screens/0: ..`, or `/screens/0: ..` without a position.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = self.position.map(|at| format!("{at} ")).unwrap_or_default();
        let pointer = if self.pointer.is_empty() { "the whole" } else { &self.pointer };
        // A stranger chose the names in a pointer, so control characters are escaped before they
        // reach a log or a terminal.
        f.write_str(&self.written(format_args!("{position}{}", pointer.escape_debug())))
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

/// What several findings can have as their one cause. Of those, one is kept: the first of the worst
/// level, which says in how many places there are others.
#[derive(Clone, Copy, Hash)]
pub(crate) enum Cause<'a> {
    /// No screen has this id.
    NoScreen(&'a str),
    /// The screen declares no `data`.
    NoData(&'a str),
    /// The screen's `data` declares no such property.
    NoProperty(&'a str, &'a str),
    /// The screen has no field of this name.
    NoField(&'a str, &'a str),
    /// A route is missing, from a screen to another one.
    NoRoute(&'a str, &'a str),
    /// The screen ends the flow without being terminal.
    NotTerminal(&'a str),
    /// The document has no endpoint.
    NoEndpoint,
    /// A declaration, by its address, that does not have what refers to it needs.
    Declaration(usize, &'a str),
}

/// Collects findings up to a limit. Messages beyond it are counted but never formatted.
#[derive(Default)]
pub(crate) struct Collector {
    errors: Kept,
    notes: Kept,
    /// The kept findings that have a cause, by the cause's hash.
    caused: HashMap<u64, Caused>,
}

#[derive(Default)]
struct Kept {
    findings: Vec<Finding>,
    /// The indexes of findings that a worse one took the place of.
    replaced: Vec<usize>,
    more: usize,
}

/// A kept finding, and how many others have its cause.
struct Caused {
    level: Level,
    index: usize,
    others: usize,
}

impl Collector {
    /// Adds something that WhatsApp or the phone refuses.
    pub(crate) fn error(
        &mut self,
        at: &Place<'_>,
        name: Option<&'static str>,
        message: fmt::Arguments<'_>,
    ) {
        self.errors.add(Level::Error, at, name, message);
    }

    /// Adds something that is accepted but that the author should know.
    pub(crate) fn note(
        &mut self,
        at: &Place<'_>,
        name: Option<&'static str>,
        message: fmt::Arguments<'_>,
    ) {
        self.notes.add(Level::Note, at, name, message);
    }

    /// Adds a finding of the given level.
    pub(crate) fn add(
        &mut self,
        level: Level,
        at: &Place<'_>,
        name: Option<&'static str>,
        message: fmt::Arguments<'_>,
    ) {
        match level {
            Level::Error => self.error(at, name, message),
            Level::Note => self.note(at, name, message),
        }
    }

    /// Adds a finding of the given level, unless another one with the same cause says it already.
    pub(crate) fn add_once(
        &mut self,
        cause: Cause<'_>,
        level: Level,
        at: &Place<'_>,
        name: Option<&'static str>,
        message: fmt::Arguments<'_>,
    ) {
        let mut hasher = DefaultHasher::new();
        cause.hash(&mut hasher);
        let cause = hasher.finish();
        let mut others = 0;
        if let Some(known) = self.caused.get_mut(&cause) {
            known.others += 1;
            if known.level <= level {
                return;
            }
            others = known.others;
            self.notes.replaced.push(known.index);
            self.caused.remove(&cause);
        }
        let kept = if level == Level::Error { &mut self.errors } else { &mut self.notes };
        if let Some(index) = kept.add(level, at, name, message) {
            self.caused.insert(cause, Caused { level, index, others });
        }
    }

    /// How many errors there are, also beyond the limit.
    pub(crate) fn error_count(&self) -> usize {
        self.errors.findings.len() + self.errors.more
    }

    /// Whether the limit of errors is reached, so that looking for more is useless.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.findings.len() >= MAX_FINDINGS
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.findings.is_empty()
    }

    /// The collected findings, errors first.
    pub(crate) fn finish(mut self) -> Findings {
        for Caused { level, index, others } in
            self.caused.into_values().filter(|one| one.others > 0)
        {
            let kept = if level == Level::Error { &mut self.errors } else { &mut self.notes };
            let places = if others == 1 { "place" } else { "places" };
            kept.findings[index].message.push_str(&format!(" (and so in {others} more {places})"));
        }
        let mut all = self.errors.finish(Level::Error);
        all.extend(self.notes.finish(Level::Note));
        Findings(all)
    }

    /// Fails with the findings if there is an error. For checks that make no notes.
    pub(crate) fn refused(self) -> Result<(), Findings> {
        if self.has_errors() { Err(self.finish()) } else { Ok(()) }
    }
}

impl Kept {
    /// The index of the finding, if there was room for it.
    fn add(
        &mut self,
        level: Level,
        at: &Place<'_>,
        name: Option<&'static str>,
        message: fmt::Arguments<'_>,
    ) -> Option<usize> {
        if self.findings.len() >= MAX_FINDINGS {
            self.more += 1;
            return None;
        }
        self.findings.push(Finding {
            level,
            pointer: at.to_string(),
            position: None,
            name,
            message: message.to_string(),
        });
        Some(self.findings.len() - 1)
    }

    fn finish(mut self, level: Level) -> Vec<Finding> {
        self.replaced.sort_unstable();
        for index in self.replaced.iter().rev() {
            self.findings.remove(*index);
        }
        if self.more > 0 {
            let message = format!("and at least {} more of these", self.more);
            self.findings.push(Finding {
                level,
                pointer: String::new(),
                position: None,
                name: None,
                message,
            });
        }
        self.findings
    }
}

/// More than anybody reads. A document of 10 MB could have a million.
const MAX_FINDINGS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_beyond_the_hundredth_are_counted() {
        let mut found = Collector::default();
        (0..250).for_each(|number| {
            found.error(&Place::WHOLE.item(number), None, format_args!("wrong"))
        });
        (0..101)
            .for_each(|number| found.note(&Place::WHOLE.item(number), None, format_args!("odd")));
        let findings = found.finish();
        assert_eq!(
            (findings.of(Level::Error).count(), findings.of(Level::Note).count()),
            (101, 101)
        );
        assert_eq!(
            findings.of(Level::Error).last().unwrap().message,
            "and at least 150 more of these"
        );
        assert!(Collector::default().finish().is_empty());
    }

    #[test]
    fn of_findings_with_one_cause_the_worst_is_kept_and_counts_the_others() {
        let mut found = Collector::default();
        let at = |number: usize| Place::WHOLE.item(number);
        let (lost, other) = (Cause::NoScreen("A"), Cause::NoScreen("B"));
        found.note(&at(0), None, format_args!("odd"));
        found.add_once(lost, Level::Note, &at(1), None, format_args!("a note"));
        found.add_once(other, Level::Note, &at(2), None, format_args!("another"));
        found.add_once(lost, Level::Error, &at(3), None, format_args!("an error"));
        found.add_once(lost, Level::Note, &at(4), None, format_args!("a second note"));
        found.add_once(other, Level::Note, &at(5), None, format_args!("a third note"));
        assert_eq!(found.error_count(), 1);

        assert_eq!(
            found.finish().to_string(),
            "/3: an error (and so in 2 more places)\nnote: /0: odd\n\
             note: /2: another (and so in 1 more place)"
        );
    }

    #[test]
    fn is_shown_line_by_line_and_as_json() {
        let mut found = Collector::default();
        found.note(&Place::WHOLE.key("version"), None, format_args!("old"));
        found.error(&Place::WHOLE, Some("INVALID_FLOW_JSON"), format_args!("broken"));
        let findings = found.finish();
        assert_eq!(
            findings.to_string(),
            "the whole: broken [INVALID_FLOW_JSON]\nnote: /version: old"
        );
        assert_eq!(
            findings.on_one_line(),
            "the whole: broken [INVALID_FLOW_JSON]; note: /version: old"
        );
        assert!(!findings.is_empty());
        let expected = r#"[{"level":"error","pointer":"","name":"INVALID_FLOW_JSON","message":"broken"},{"level":"note","pointer":"/version","message":"old"}]"#;
        assert_eq!(serde_json::to_string(&findings).unwrap(), expected);
        let file = findings.iter().map(|finding| finding.in_file("flow.json"));
        assert_eq!(
            file.collect::<Vec<_>>(),
            ["flow.json: broken [INVALID_FLOW_JSON]", "note: flow.json: /version: old"]
        );
    }

    #[test]
    fn a_position_is_shown_in_front_of_the_pointer() {
        let mut found = Collector::default();
        found.note(&Place::WHOLE.key("version"), None, format_args!("old"));
        let findings = found.finish().located_in(b"{\n  \"version\": \"2.1\"}");

        assert_eq!(findings.to_string(), "note: 2:3 /version: old");
        assert_eq!(findings.0[0].in_file("flow.json"), "note: flow.json:2:3 /version: old");
        let expected =
            r#"[{"level":"note","pointer":"/version","line":2,"column":3,"message":"old"}]"#;
        assert_eq!(serde_json::to_string(&findings).unwrap(), expected);
    }
}
