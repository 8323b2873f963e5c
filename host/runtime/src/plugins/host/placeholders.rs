//! `{{secret:NAME}}`: the host fills in a secret where a plugin writes this. The plugin never sees
//! the value.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use flowhost_protocol::flow::{BoundSecret, HttpHost};

/// Why nothing was filled in. Errors name secrets, but never show values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FillError {
    /// The placeholder has no end, or its name is not a valid name of a secret.
    #[error("a placeholder for a secret is not of the form {{{{secret:NAME}}}}")]
    Malformed,
    /// There is no secret of that name.
    #[error("there is no secret {0}")]
    Unknown(String),
    /// The secret is not bound to that host.
    #[error("the secret {0} is not bound to {1}")]
    Unbound(String, HttpHost),
    /// The text is larger than allowed with its secrets filled in.
    #[error("it is too large with its secrets filled in")]
    TooLarge,
}

pub(super) fn has_placeholder(text: &[u8]) -> bool {
    find(text).is_some()
}

/// Fills in the secrets of a request to `host`, up to `max_bytes` in all. Returns `None` if there
/// is nothing to fill in. A filled-in value is not searched again: a secret is no template.
pub(super) fn fill(
    text: &[u8],
    secrets: &BTreeMap<String, BoundSecret>,
    host: &HttpHost,
    max_bytes: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, FillError> {
    let mut rest = text;
    let mut filled = Zeroizing::new(Vec::new());
    let mut found = false;
    while let Some(at) = find(rest) {
        let (before, placeholder) = rest.split_at(at);
        let (name, after) = name_of(&placeholder[OPEN.len()..])?;
        let secret = secrets.get(name).ok_or_else(|| FillError::Unknown(name.to_owned()))?;
        if !secret.hosts.contains(host) {
            return Err(FillError::Unbound(name.to_owned(), host.clone()));
        }
        append(&mut filled, before, max_bytes)?;
        append(&mut filled, secret.value.as_bytes(), max_bytes)?;
        (rest, found) = (after, true);
    }
    append(&mut filled, rest, max_bytes)?;
    Ok(found.then_some(filled))
}

fn find(text: &[u8]) -> Option<usize> {
    text.windows(OPEN.len()).position(|window| window == OPEN)
}

/// The placeholder's name, and the text behind the placeholder.
fn name_of(text: &[u8]) -> Result<(&str, &[u8]), FillError> {
    let end = text
        .windows(CLOSE.len())
        .take(MAX_NAME_BYTES + 1)
        .position(|window| window == CLOSE)
        .ok_or(FillError::Malformed)?;
    let (name, after) = text.split_at(end);
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|name| !name.is_empty() && name.as_bytes().iter().all(fits));
    Ok((name.ok_or(FillError::Malformed)?, &after[CLOSE.len()..]))
}

fn append(
    filled: &mut Zeroizing<Vec<u8>>,
    bytes: &[u8],
    max_bytes: usize,
) -> Result<(), FillError> {
    if filled.len() + bytes.len() > max_bytes {
        return Err(FillError::TooLarge);
    }
    if filled.capacity() - filled.len() < bytes.len() {
        // A vector that grows leaves a copy of its content behind that is not wiped.
        let mut larger = Zeroizing::new(Vec::with_capacity((filled.len() + bytes.len()) * 2));
        larger.extend_from_slice(filled);
        *filled = larger;
    }
    filled.extend_from_slice(bytes);
    Ok(())
}

const OPEN: &[u8] = b"{{secret:";
const CLOSE: &[u8] = b"}}";

/// The longest name that a key may have.
const MAX_NAME_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_every_placeholder_once() {
        for (text, expected) in [
            ("Bearer {{secret:key}}", Some("Bearer k-1")),
            ("{{secret:key}}{{secret:key}}", Some("k-1k-1")),
            (r#"{"a":"{{secret:key}}","b":{"c":{}}}"#, Some(r#"{"a":"k-1","b":{"c":{}}}"#)),
            ("{{{secret:key}}}", Some("{k-1}")),
            ("{{secret:nested}}", Some("{{secret:key}}")),
            ("{{ secret:key }} {{SECRET:key}} {{secret", None),
            ("", None),
        ] {
            assert_eq!(filled(text), Ok(expected.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn a_placeholder_of_no_bound_secret_is_refused_by_its_name_only() {
        let unbound = FillError::Unbound("elsewhere".to_owned(), host());
        for (text, error) in [
            ("{{secret:", FillError::Malformed),
            ("{{secret:key", FillError::Malformed),
            ("{{secret:}}", FillError::Malformed),
            ("{{secret:a b}}", FillError::Malformed),
            ("{{secret:\u{1b}[0m}}", FillError::Malformed),
            (&format!("{{{{secret:{}}}}}", "k".repeat(65)), FillError::Malformed),
            ("{{secret:other}}", FillError::Unknown("other".to_owned())),
            ("{{secret:key}} {{secret:elsewhere}}", unbound),
        ] {
            assert_eq!(filled(text), Err(error), "{text}");
        }
        assert!(!FillError::Unbound("elsewhere".to_owned(), host()).to_string().contains("e-1"));
    }

    #[test]
    fn many_placeholders_do_not_become_more_than_there_may_be() {
        let many = "{{secret:key}}".repeat(1_000);
        assert_eq!(
            fill(many.as_bytes(), &secrets(), &host(), 2_999).unwrap_err(),
            FillError::TooLarge
        );
        assert_eq!(
            fill(many.as_bytes(), &secrets(), &host(), 3_000).unwrap().unwrap().len(),
            3_000
        );
    }

    fn filled(text: &str) -> Result<Option<String>, FillError> {
        let filled = fill(text.as_bytes(), &secrets(), &host(), 1_000)?;
        Ok(filled.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
    }

    fn secrets() -> BTreeMap<String, BoundSecret> {
        let secret = |value: &str, host: &str| BoundSecret {
            value: Zeroizing::new(value.to_owned()),
            hosts: vec![host.parse().unwrap()],
        };
        [
            ("key".to_owned(), secret("k-1", "api.example.com")),
            ("nested".to_owned(), secret("{{secret:key}}", "api.example.com")),
            ("elsewhere".to_owned(), secret("e-1", "api.example.com:8443")),
        ]
        .into()
    }

    fn host() -> HttpHost {
        "api.example.com".parse().unwrap()
    }
}
