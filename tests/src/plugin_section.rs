//! The custom section in which a component asks for capabilities.

use flowhost_protocol::flow::PLUGIN_SECTION;
use serde_json::Value;

/// The component with this document in the section.
pub(crate) fn replaced(component: &[u8], document: &Value) -> Vec<u8> {
    let document = document.to_string();
    let mut content = length(PLUGIN_SECTION.len());
    content.extend_from_slice(PLUGIN_SECTION.as_bytes());
    content.extend_from_slice(document.as_bytes());
    let mut bytes = without(component);
    bytes.push(CUSTOM);
    bytes.extend(length(content.len()));
    bytes.extend(content);
    bytes
}

/// The component without the section.
pub fn without(component: &[u8]) -> Vec<u8> {
    let (head, mut rest) = component.split_at(HEAD_BYTES);
    let mut kept = head.to_vec();
    while let Some((&id, body)) = rest.split_first() {
        let (bytes, body) = read_length(body);
        let section = &rest[..rest.len() - body.len() + bytes];
        let (_, name) = read_length(body);
        if id != CUSTOM || !name.starts_with(PLUGIN_SECTION.as_bytes()) {
            kept.extend_from_slice(section);
        }
        rest = &rest[section.len()..];
    }
    kept
}

/// A length as LEB128.
fn length(mut bytes: usize) -> Vec<u8> {
    let mut digits = Vec::new();
    loop {
        let digit = (bytes & 0x7f) as u8;
        bytes >>= 7;
        if bytes == 0 {
            digits.push(digit);
            return digits;
        }
        digits.push(digit | 0x80);
    }
}

fn read_length(bytes: &[u8]) -> (usize, &[u8]) {
    let digits = bytes.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let value =
        bytes[..digits].iter().rev().fold(0, |value, digit| value << 7 | usize::from(digit & 0x7f));
    (value, &bytes[digits..])
}

/// The id of a custom section.
const CUSTOM: u8 = 0;

/// Magic number and version.
const HEAD_BYTES: usize = 8;
