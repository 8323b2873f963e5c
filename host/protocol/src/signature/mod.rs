//! Request signatures: proof that a body came from Meta for this tenant.
//!
//! Invariant: [`verify`] is the only maker of [`VerifiedBody`].

mod error;

pub use error::SignatureError;

use crate::crypto::AppSecret;

/// A request as it came in. Nothing about it has been checked.
pub struct RawRequest {
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The value of `X-Hub-Signature-256`, if there was exactly one and it was text.
    pub signature: Option<String>,
}

/// Checks the signature over the raw bytes, before anything parses them.
///
/// `secrets` are the ones that are valid now: one, or two while a secret is being reset (Meta's
/// guide, "Resetting the App Secret"). Without a secret, nothing is accepted.
pub fn verify(secrets: &[&AppSecret], request: RawRequest) -> Result<VerifiedBody, SignatureError> {
    let header = request.signature.as_deref().ok_or(SignatureError::Missing)?;
    let claimed = parse_header(header)?;
    if !secrets.iter().any(|secret| secret.signed(&request.body, &claimed)) {
        return Err(SignatureError::Mismatch);
    }
    Ok(VerifiedBody(request.body))
}

/// A request body whose signature has been checked.
///
/// Only [`verify`] makes one:
///
/// ```compile_fail,E0603
/// let forged = flowhost_protocol::signature::VerifiedBody(b"{}".to_vec());
/// ```
pub struct VerifiedBody(Vec<u8>);

impl VerifiedBody {
    /// The body's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Parses `sha256=` and 64 hex digits, in either case.
fn parse_header(header: &str) -> Result<[u8; 32], SignatureError> {
    let digits = header.strip_prefix("sha256=").ok_or(SignatureError::Malformed)?;
    let mut mac = [0; 32];
    hex::decode_to_slice(digits, &mut mac).map_err(|_| SignatureError::Malformed)?;
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // HMAC-SHA256 of "body" under "secret", by `openssl dgst -sha256 -hmac secret`.
    const MAC: &str = "dc46983557fea127b43af721467eb9b3fde2338fe3e14f51952aa8478c13d355";

    #[test]
    fn accepts_the_current_and_the_previous_secret() {
        let (current, previous) = (AppSecret::new("new"), AppSecret::new("secret"));
        let body = verify(&[&current, &previous], request(Some(&format!("sha256={MAC}")))).unwrap();
        assert_eq!(body.as_bytes(), b"body");
        assert!(
            verify(&[&previous], request(Some(&format!("sha256={}", MAC.to_uppercase())))).is_ok()
        );
    }

    #[test]
    fn refuses_everything_where_no_secret_is_set() {
        let error = verify(&[], request(Some(&format!("sha256={MAC}")))).err().unwrap();
        assert_eq!(error, SignatureError::Mismatch);
    }

    #[test]
    fn refuses_what_is_missing_malformed_or_wrong() {
        let secret = AppSecret::new("secret");
        let check = |header: Option<&str>| verify(&[&secret], request(header)).err().unwrap();

        assert_eq!(check(None), SignatureError::Missing);
        for malformed in [
            "",
            "sha256=",
            MAC,
            &format!("sha1={MAC}"),
            &format!("sha256={}", &MAC[1..]),
            &format!("sha256={}", &MAC[2..]),
            &format!("sha256= {}", &MAC[1..]),
            &format!("sha256=+{}", &MAC[1..]),
            &format!("sha256={}é", &MAC[2..]),
            &format!("sha256={MAC}00"),
        ] {
            assert_eq!(check(Some(malformed)), SignatureError::Malformed, "{malformed}");
        }
        assert_eq!(check(Some(&format!("sha256={}", "zz".repeat(32)))), SignatureError::Malformed);
        assert_eq!(check(Some(&format!("sha256={}", "00".repeat(32)))), SignatureError::Mismatch);
    }

    proptest! {
        #[test]
        fn no_header_is_a_panic(header in ".*") {
            let _ = parse_header(&header);
        }
    }

    fn request(signature: Option<&str>) -> RawRequest {
        RawRequest { body: b"body".to_vec(), signature: signature.map(str::to_owned) }
    }
}
