//! `X-Hub-Signature-256`: `signature::verify` accepts exactly `sha256=` and the 64 hex digits of
//! the body's HMAC under a valid secret.
//!
//! Input, one of: `-` and a body without a header; `+`, a byte each for the secret that signs and
//! for how and where the header is damaged, and the body; a header, a line feed and the body.

use arbitrary::{Result, Unstructured};
use flowhost_protocol::signature::{RawRequest, SignatureError, verify};

use crate::oracle::{
    app_secrets, choose_secret, hex, hmac_sha256, signed_by_a_valid_secret, split_line,
};

/// Returns whether the host accepted the body as signed.
///
/// If the host accepts what the protocol refuses, refuses what it accepts, or changes the body.
pub fn check(data: &[u8]) -> bool {
    let (header, body) = match data.split_first() {
        Some((b'-', body)) => (None, body),
        Some((b'+', rest)) => {
            signed(rest).map_or((None, rest), |(header, body)| (Some(header), body))
        }
        _ => {
            let (header, body) = split_line(data);
            (Some(String::from_utf8_lossy(header).into_owned()), body)
        }
    };
    let request = || RawRequest { body: body.to_vec(), signature: header.clone() };
    let [current, previous] = app_secrets();
    let verdict = verify(&[&current, &previous], request())
        .map(|verified| assert_eq!(verified.as_bytes(), body));
    assert_eq!(verdict, expected(header.as_deref(), body), "{header:?}");
    assert!(verify(&[], request()).is_err(), "a tenant without a secret accepts nothing");
    verdict.is_ok()
}

fn expected(header: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
    let digits = header
        .ok_or(SignatureError::Missing)?
        .strip_prefix("sha256=")
        .ok_or(SignatureError::Malformed)?;
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(SignatureError::Malformed);
    }
    let mac: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("two hex digits are a byte"))
        .collect();
    if signed_by_a_valid_secret(body, &mac) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

fn signed(input: &[u8]) -> Result<(String, &[u8])> {
    let mut input = Unstructured::new(input);
    let (secret, damage, at): (u8, u8, u8) = input.arbitrary()?;
    let body = input.take_rest();
    let header = format!("sha256={}", hex(&hmac_sha256(choose_secret(secret).as_bytes(), body)));
    let at = usize::from(at) % header.len();
    let (before, after) = header.split_at(at);
    let damaged = match damage % 6 {
        1 => format!("{before}{}", after.to_uppercase()),
        2 => format!("{before}{}", after.get(1..).unwrap_or_default()),
        3 => format!("{before}0{after}"),
        4 => format!("{before}{}", after.replacen(|digit: char| digit != '0', "0", 1)),
        5 => format!("{before}é{}", after.get(2..).unwrap_or_default()),
        _ => header,
    };
    Ok((damaged, body))
}
