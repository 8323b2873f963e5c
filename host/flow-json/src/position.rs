//! Where JSON pointers lead in a text: lines and columns, for editors to jump to.
//!
//! The text is scanned once, without recursion, whatever it holds. What is no JSON gives positions
//! that mean nothing, and no panic.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

use super::place::step;

/// A position in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
}

/// `41:17`: the line, then the column.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The positions of these pointers in a JSON text: of a member its key, of an element its first
/// character. A pointer that leads to nothing has the position of the last of its steps that is
/// there, and if a key occurs twice, the last one counts, as it does for the parser.
pub(crate) fn positions<'p>(
    text: &[u8],
    pointers: impl IntoIterator<Item = &'p str>,
) -> Vec<Position> {
    let mut wanted = Wanted::new();
    let nodes: Vec<usize> = pointers.into_iter().map(|pointer| wanted.add(pointer)).collect();
    scan(text, &mut wanted);
    let offsets: Vec<usize> = nodes.into_iter().map(|node| wanted.offset(node)).collect();
    positions_of_offsets(text, &offsets)
}

/// The position of each offset, in one pass over the text.
fn positions_of_offsets(text: &[u8], offsets: &[usize]) -> Vec<Position> {
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_unstable_by_key(|index| offsets[*index]);
    let mut positions = vec![Position { line: 1, column: 1 }; offsets.len()];
    let (mut here, mut at) = (Position { line: 1, column: 1 }, 0);
    for index in order {
        let offset = offsets[index].min(text.len());
        here = text[at..offset].iter().fold(here, |here, byte| here.after(*byte));
        at = offset;
        positions[index] = here;
    }
    positions
}

/// The position of a byte that a parser names: its line, and its number in the line, from 1.
pub(crate) fn position_of_byte(text: &[u8], line: usize, byte: usize) -> Position {
    let written = text.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let before = &written[..byte.saturating_sub(1).min(written.len())];
    Position { line: line.max(1), column: 1 + before.iter().filter(|byte| starts(**byte)).count() }
}

/// Whether a byte begins a character of UTF-8.
fn starts(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

impl Position {
    /// The position behind a byte that is here.
    fn after(self, byte: u8) -> Self {
        match byte {
            b'\n' => Self { line: self.line + 1, column: 1 },
            byte => Self { column: self.column + usize::from(starts(byte)), ..self },
        }
    }
}

/// The pointers that are looked for, as a tree of their steps. The first node is the whole.
struct Wanted<'p>(Vec<Node<'p>>);

struct Node<'p> {
    above: usize,
    children: HashMap<&'p str, usize>,
    offset: Option<usize>,
}

const WHOLE: usize = 0;

impl<'p> Wanted<'p> {
    fn new() -> Self {
        Self(vec![Node { above: WHOLE, children: HashMap::new(), offset: None }])
    }

    /// Adds a pointer, and returns its node.
    fn add(&mut self, pointer: &'p str) -> usize {
        let mut node = WHOLE;
        for step in pointer.split('/').skip(1) {
            let new = self.0.len();
            let child = *self.0[node].children.entry(step).or_insert(new);
            if child == new {
                self.0.push(Node { above: node, children: HashMap::new(), offset: None });
            }
            node = child;
        }
        node
    }

    /// The offset of the node, or of the nearest one above that is there.
    fn offset(&self, mut node: usize) -> usize {
        while node != WHOLE && self.0[node].offset.is_none() {
            node = self.0[node].above;
        }
        self.0[node].offset.unwrap_or_default()
    }

    /// Notes that a step below `above` is here. Returns its node, if anything in it is wanted.
    fn meet(&mut self, above: usize, step: &str, offset: usize) -> Option<usize> {
        let node = *self.0[above].children.get(step)?;
        self.0[node].offset = Some(offset);
        Some(node)
    }
}

/// A list or an object that is open.
struct Open {
    /// Its node; `None` if nothing in it is wanted.
    node: Option<usize>,
    /// The index of the element that comes next; `None` in an object.
    element: Option<usize>,
    /// Whether a key is due, or an element.
    begins: bool,
}

fn scan(text: &[u8], wanted: &mut Wanted<'_>) {
    let (mut open, mut at): (Vec<Open>, usize) = (Vec::new(), 0);
    // The node of the value that comes next.
    let mut next = Some(WHOLE);
    while let Some(byte) = text.get(at).copied() {
        let begin = at;
        at += 1;
        if byte.is_ascii_whitespace() || byte == b':' {
            continue;
        }
        if open.is_empty() && wanted.0[WHOLE].offset.is_none() {
            wanted.0[WHOLE].offset = Some(begin);
        }
        let innermost = open.last_mut();
        if !matches!(byte, b'}' | b']' | b',')
            && let Some(Open { node, element: Some(element), begins }) = innermost
            && std::mem::take(begins)
        {
            next = node.and_then(|node| wanted.meet(node, &element.to_string(), begin));
            *element += 1;
        }
        match byte {
            b'{' => open.push(Open { node: next.take(), element: None, begins: true }),
            b'[' => open.push(Open { node: next.take(), element: Some(0), begins: true }),
            b'}' | b']' => drop(open.pop()),
            b',' => open.iter_mut().next_back().into_iter().for_each(|open| open.begins = true),
            b'"' => {
                at = end_of_string(text, at);
                if let Some(Open { node, element: None, begins }) = open.last_mut()
                    && std::mem::take(begins)
                {
                    next = node.and_then(|node| {
                        let key: String = serde_json::from_slice(&text[begin..at]).ok()?;
                        wanted.meet(node, &step(&key), begin)
                    });
                }
            }
            // The rest of a number or of a word.
            _ => (),
        }
    }
}

/// The offset behind a string's closing quotation mark; `at` is behind the opening one.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => return at,
            b'\\' => at += 1,
            _ => (),
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_member_is_at_its_key_and_an_element_at_its_first_character() {
        let text = "{\n  \"é\": [1, {\"b/c\": {}},\n    [true, \"]}\\\"\", null]],\n  \"z\": 5\n}";
        for (pointer, line, column) in [
            ("", 1, 1),
            ("/é", 2, 3),
            ("/é/0", 2, 9),
            ("/é/1", 2, 12),
            ("/é/1/b~1c", 2, 13),
            ("/é/2", 3, 5),
            ("/é/2/0", 3, 6),
            ("/é/2/1", 3, 12),
            ("/é/2/2", 3, 20),
            ("/z", 4, 3),
            // What is not there has the place of what it would be in.
            ("/é/1/x/y", 2, 12),
            ("/é/3", 2, 3),
            ("/x", 1, 1),
        ] {
            assert_eq!(
                positions(text.as_bytes(), [pointer]),
                [Position { line, column }],
                "{pointer}"
            );
        }
    }

    #[test]
    fn of_a_key_that_occurs_twice_the_last_one_counts() {
        let text = r#"{"a": {"b": 1}, "a": {"b": 2}}"#;

        assert_eq!(positions(text.as_bytes(), ["/a/b"]), [Position { line: 1, column: 23 }]);
    }

    #[test]
    fn keys_are_found_however_they_are_escaped_and_cut() {
        let long = "x".repeat(300);
        let text = format!("{{\"\\u0061\\\"\": 1, \"{long}\": 2}}");
        let cut = format!("/{}", step(&long));

        let found = positions(text.as_bytes(), ["/a\"", cut.as_str()]);

        assert_eq!(found, [Position { line: 1, column: 2 }, Position { line: 1, column: 17 }]);
    }

    #[test]
    fn a_byte_that_a_parser_names_is_a_character_for_people() {
        let text = "{\n \"éé\" 1".as_bytes();
        let error = serde_json::from_slice::<Value>(text).unwrap_err();

        let position = position_of_byte(text, error.line(), error.column());

        assert_eq!(position, Position { line: 2, column: 7 });
        for (line, byte) in [(0, 0), (9, 9), (2, 0), (1, 99)] {
            position_of_byte(text, line, byte);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_scanned_to_their_end(text: Vec<u8>, nested in "[\\[\\]{},:\"\\\\ a0]{0,60}") {
            for text in [&text[..], nested.as_bytes()] {
                prop_assert_eq!(positions(text, ["", "/0/a", "/a/0"]).len(), 3);
            }
        }

        #[test]
        fn whatever_is_in_a_document_is_found(keys in prop::collection::vec("[a-c/~\"é\\\\]{0,3}", 1..5)) {
            // Each value is a number of its own, so the text behind a position tells where it is.
            let mut value = json!(1);
            for key in keys.iter().rev() {
                value = json!([0, { "": 0, key: value }]);
            }
            let text = serde_json::to_string_pretty(&value).unwrap();
            let pointer: String = keys.iter().map(|key| format!("/1/{}", step(key))).collect();
            let expected = text.lines().position(|line| line.ends_with(": 1")).unwrap();

            let found = positions(text.as_bytes(), [pointer.as_str()]);

            prop_assert_eq!(found[0].line, expected + 1);
        }
    }
}
