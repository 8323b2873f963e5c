//! What is wrong, and where.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong with a Flow JSON or with a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where: a JSON pointer (RFC 6901) into the document or the reply; empty for the whole of it. Names longer than 200 bytes are cut.
    pub pointer: String,
    /// How Meta calls it, where that is known: the error's code in a Flow JSON, the client's error key in a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// What is wrong. Of a reply it names positions and types, no values.
    pub message: String,
}

/// All that is wrong; never empty. At most 100 findings, and then one that counts the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// A single finding about the whole of it.
    pub(super) fn about_the_whole(name: &'static str, message: impl Into<String>) -> Self {
        Self(vec![Finding { pointer: String::new(), name: Some(name), message: message.into() }])
    }

    /// Each of them; at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
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
        // Names in a pointer are somebody else's: no control character of theirs reaches a log or a terminal.
        write!(f, "{}: {}", place.escape_debug(), self.message)?;
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

/// Collects findings, as many as are kept.
#[derive(Default)]
pub(super) struct Collector {
    kept: Vec<Finding>,
    more: usize,
}

impl Collector {
    /// Notes a finding.
    pub(super) fn add(&mut self, at: &Pointer, name: Option<&'static str>, message: impl Into<String>) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.kept.push(Finding { pointer: at.0.clone(), name, message: message.into() });
        }
    }

    /// Whether no further finding is kept: time to stop looking.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= MAX_FINDINGS
    }

    /// The findings, if there are any.
    pub(super) fn finish(mut self) -> Result<(), Findings> {
        if self.more > 0 {
            let message = format!("and at least {} more findings", self.more);
            self.kept.push(Finding { pointer: String::new(), name: None, message });
        }
        if self.kept.is_empty() { Ok(()) } else { Err(Findings(self.kept)) }
    }
}

/// A place in a document, on the way down.
#[derive(Clone, Default)]
pub(super) struct Pointer(String);

impl Pointer {
    /// The place of a member.
    pub(super) fn key(&self, name: &str) -> Self {
        let escaped = cut(name).replace('~', "~0").replace('/', "~1");
        Self(format!("{}/{escaped}", self.0))
    }

    /// The place of an element.
    pub(super) fn item(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }
}

/// A name out of a document as messages show it: quoted, escaped, cut.
pub(super) fn quoted(name: &str) -> String {
    format!("{:?}", cut(name))
}

/// Names of people's documents are short; what is longer would only fill logs.
fn cut(name: &str) -> String {
    match name.char_indices().find(|(at, _)| *at >= MAX_NAME_BYTES) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

/// More than anybody reads; a document of 10 MB could have a million.
const MAX_FINDINGS: usize = 100;

const MAX_NAME_BYTES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_beyond_the_hundredth_are_counted() {
        let mut collector = Collector::default();
        (0..250).for_each(|number| collector.add(&Pointer::default().item(number), None, "wrong"));
        let findings = collector.finish().unwrap_err();
        assert_eq!(findings.iter().count(), 101);
        assert_eq!(findings.iter().last().unwrap().message, "and at least 150 more findings");
        assert!(Collector::default().finish().is_ok());
    }

    #[test]
    fn names_are_escaped_and_cut() {
        let place = Pointer::default().key("a/b~c").item(3).key(&"é".repeat(500));
        assert!(place.0.starts_with("/a~1b~0c/3/éé"), "{}", place.0);
        assert_eq!(place.0.len(), "/a~1b~0c/3/".len() + 200 + "…".len());
        assert_eq!(quoted("a\n\"b"), r#""a\n\"b""#);
    }

    #[test]
    fn is_shown_line_by_line_and_as_json() {
        let mut collector = Collector::default();
        collector.add(&Pointer::default(), Some("INVALID_FLOW_JSON"), "broken");
        collector.add(&Pointer::default().key("version"), None, "odd");
        let findings = collector.finish().unwrap_err();
        assert_eq!(findings.to_string(), "the whole: broken [INVALID_FLOW_JSON]\n/version: odd");
        assert_eq!(
            serde_json::to_string(&findings).unwrap(),
            r#"[{"pointer":"","name":"INVALID_FLOW_JSON","message":"broken"},{"pointer":"/version","message":"odd"}]"#
        );
    }
}
