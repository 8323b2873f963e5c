//! Places in a document, as a JSON pointer names them.

use std::fmt;

/// A place on the way down through a document: a step, and the place that it starts from. It borrows both, so it costs nothing until
/// somebody wants to read it, which is what a finding does that is kept.
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
    /// The place of a member.
    pub(crate) fn key<'b>(&'b self, name: &'b str) -> Place<'b> {
        Place { from: Some(self), step: Step::Key(name) }
    }

    /// The place of an element.
    pub(crate) fn item(&self, index: usize) -> Place<'_> {
        Place { from: Some(self), step: Step::Item(index) }
    }
}

/// A JSON pointer (RFC 6901), empty for the whole. Names longer than 200 bytes are cut.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(from) = self.from else { return Ok(()) };
        from.fmt(f)?;
        match self.step {
            Step::Key(name) => write!(f, "/{}", cut(name).replace('~', "~0").replace('/', "~1"))?,
            Step::Item(index) => write!(f, "/{index}")?,
        }
        Ok(())
    }
}

/// A name out of a document as messages show it: quoted, escaped, cut.
pub(crate) struct Quoted<'a>(&'a str);

/// Shows a name out of a document.
pub(crate) fn quoted(name: &str) -> Quoted<'_> {
    Quoted(name)
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", cut(self.0))
    }
}

/// Names of people's documents are short; what is longer would only fill logs.
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
