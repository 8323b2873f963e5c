//! Reads the text of a document as JSON, within limits.

use std::fmt;

use serde_json::{Map, Value};

use super::finding::Findings;
use super::names::INVALID_FLOW_JSON;
use super::position::{Position, position_of_byte};
use super::schema::described;

/// Why a text is not a document.
#[derive(Debug)]
pub enum Unreadable {
    /// It has this many bytes, more than [`MAX_BYTES`].
    Bytes(usize),
    /// It begins with a byte order mark.
    ByteOrderMark,
    /// It holds more values than the limit of 200,000.
    Values,
    /// It is not JSON.
    Syntax(serde_json::Error),
    /// It is JSON, but not an object. Names the type that it is.
    NoObject(&'static str),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(size) => write!(f, "has {size} bytes; the most is {MAX_BYTES} (10 MB)"),
            Self::ByteOrderMark => f.write_str(BYTE_ORDER_MARK_REFUSED),
            Self::Values => write!(f, "has more than {MAX_VALUES} values in it"),
            Self::Syntax(error) => write!(f, "is not JSON: {error}"),
            Self::NoObject(described) => write!(f, "is {described}; a Flow JSON is an object"),
        }
    }
}

impl std::error::Error for Unreadable {}

impl From<Unreadable> for Findings {
    fn from(unreadable: Unreadable) -> Self {
        Self::about_the_whole(INVALID_FLOW_JSON, format_args!("{unreadable}"))
    }
}

impl Unreadable {
    /// The finding about the text, with its position there.
    pub(crate) fn found_in(self, text: &[u8]) -> Findings {
        let Self::Syntax(error) = &self else {
            return Findings::from(self).all_at(Position { line: 1, column: 1 });
        };
        let (line, byte) = (error.line(), error.column());
        // The parser counts bytes, and the finding has its position beside the message.
        let message = error.to_string();
        let message = message.trim_end_matches(&format!(" at line {line} column {byte}"));
        Findings::about_the_whole(INVALID_FLOW_JSON, format_args!("is not JSON: {message}"))
            .all_at(position_of_byte(text, line, byte))
    }
}

/// Parses a JSON object within the limits.
pub(crate) fn read(text: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    if text.len() > MAX_BYTES {
        return Err(Unreadable::Bytes(text.len()));
    }
    if text.starts_with(BYTE_ORDER_MARK) {
        return Err(Unreadable::ByteOrderMark);
    }
    if values_at_least(text) > MAX_VALUES {
        return Err(Unreadable::Values);
    }
    match serde_json::from_slice(text).map_err(Unreadable::Syntax)? {
        Value::Object(document) => Ok(document),
        other => Err(Unreadable::NoObject(described(&other))),
    }
}

/// Estimates how many values a JSON text holds, without parsing it: every value but the first of a
/// list or an object follows a comma.
fn values_at_least(text: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => count += 1,
            _ => (),
        }
    }
    count
}

/// `protocol.md` section 5. Meta's megabyte has 1,048,576 bytes.
pub const MAX_BYTES: usize = 10 << 20;

/// Keeps the memory that parsing a document takes below about 100 MB. Real documents are large
/// because of images, each of which is one value; the largest public ones have a few thousand
/// values.
const MAX_VALUES: usize = 200_000;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Editors on Windows write one, and it is invisible, so the message says how to remove it.
const BYTE_ORDER_MARK_REFUSED: &str = "begins with a byte order mark (the bytes EF BB BF), which WhatsApp refuses: save the file again as UTF-8 without it; \
     editors call that \"UTF-8\" and the other \"UTF-8 with BOM\"";
