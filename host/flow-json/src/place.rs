//! Places in a document, formatted as JSON pointers.

use std::fmt;

/// A place in a document: a step, and the place that it starts from. It borrows both, so it costs
/// nothing until it is formatted, which happens only for a finding that is kept.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    from: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

impl Place<'static> {
    /// The whole document.
    pub(crate) const WHOLE: Self = Self { from: None, step: Step::Item(0) };
}

impl Place<'_> {
    pub(crate) fn key<'b>(&'b self, name: &'b str) -> Place<'b> {
        Place { from: Some(self), step: Step::Key(name) }
    }

    pub(crate) fn item(&self, index: usize) -> Place<'_> {
        Place { from: Some(self), step: Step::Item(index) }
    }
}

/// Formats a JSON pointer (RFC 6901), empty for the whole document. Names longer than 200 bytes are
/// cut.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(from) = self.from else { return Ok(()) };
        from.fmt(f)?;
        match self.step {
            Step::Key(name) => write!(f, "/{}", step(name))?,
            Step::Item(index) => write!(f, "/{index}")?,
        }
        Ok(())
    }
}

/// A name as a step of a pointer: cut and escaped.
pub(crate) fn step(name: &str) -> String {
    cut(name).replace('~', "~0").replace('/', "~1")
}

/// A name from a document as messages show it: quoted, escaped and cut.
pub(crate) struct Quoted<'a>(&'a str);

pub(crate) fn quoted(name: &str) -> Quoted<'_> {
    Quoted(name)
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", cut(self.0))
    }
}

/// Names in real documents are short; longer ones would only fill logs.
fn cut(name: &str) -> String {
    match name.char_indices().find(|(at, _)| *at >= MAX_NAME_BYTES) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

const MAX_NAME_BYTES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_cut() {
        let long = "é".repeat(500);
        let (above, list) = (Place::WHOLE.key("a/b~c"), Place::WHOLE);
        let item = above.item(3);
        let shown = item.key(&long).to_string();
        assert!(shown.starts_with("/a~1b~0c/3/éé"), "{shown}");
        assert_eq!(shown.len(), "/a~1b~0c/3/".len() + 200 + "…".len());
        assert_eq!(quoted("a\n\"b").to_string(), r#""a\n\"b""#);
        assert_eq!(list.to_string(), "");
    }
}
