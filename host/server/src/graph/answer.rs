//! Parses the answers of the Graph API.

use serde::Deserialize;

use super::{AccessToken, GraphError, Refusal};
use flowhost_runtime::telemetry::printable;

/// A public key as Meta stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyAtMeta {
    /// The key in PEM, as Meta sent it.
    pub pem: String,
    /// Whether Meta considers the key's signature valid: status `VALID`.
    pub(crate) signature_valid: bool,
}

#[derive(Deserialize)]
struct Success {
    success: bool,
}

/// The key, or a list with one key in `data`; both occur.
#[derive(Deserialize)]
struct KeyAnswer {
    data: Option<Vec<KeyFields>>,
    #[serde(flatten)]
    bare: KeyFields,
}

#[derive(Deserialize, Default)]
struct KeyFields {
    business_public_key: Option<String>,
    business_public_key_signature_status: Option<String>,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: ErrorFields,
}

#[derive(Deserialize)]
struct ErrorFields {
    message: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<i64>,
    error_subcode: Option<i64>,
    error_user_msg: Option<String>,
    fbtrace_id: Option<String>,
    #[serde(default)]
    is_transient: bool,
}

pub(super) fn parse_success(body: &[u8]) -> Result<(), GraphError> {
    match serde_json::from_slice(body) {
        Ok(Success { success: true }) => Ok(()),
        _ => Err(GraphError::NotUnderstood),
    }
}

/// Reads the key that Meta has for a phone number. `None` if it has none.
pub(super) fn parse_public_key(body: &[u8]) -> Result<Option<PublicKeyAtMeta>, GraphError> {
    let answer: KeyAnswer = serde_json::from_slice(body).map_err(|_| GraphError::NotUnderstood)?;
    let fields = match answer.data {
        Some(list) => list.into_iter().next().unwrap_or_default(),
        None => answer.bare,
    };
    let signature_valid = fields.business_public_key_signature_status.as_deref() == Some("VALID");
    match fields.business_public_key.filter(|pem| !pem.trim().is_empty()) {
        Some(pem) => Ok(Some(PublicKeyAtMeta { pem, signature_valid })),
        None if signature_valid => Err(GraphError::NotUnderstood),
        None => Ok(None),
    }
}

/// Reads why a call failed. Meta repeats a token that it can't read, so the token is removed from
/// the texts.
pub(super) fn parse_refusal(status: u16, body: &[u8], token: &AccessToken) -> GraphError {
    let Ok(ErrorAnswer { error }) = serde_json::from_slice(body) else {
        return GraphError::Status(status);
    };
    let fit =
        |text: String| printable(&text.replace(token.expose(), "[access token]"), MAX_TEXT_BYTES);
    GraphError::Refused(Box::new(Refusal {
        status,
        message: fit(error.message),
        user_message: error.error_user_msg.map(fit),
        kind: error.kind.map(fit),
        code: error.code,
        subcode: error.error_subcode,
        trace: error.fbtrace_id.map(fit),
        transient: error.is_transient,
    }))
}

/// Meta's texts are a sentence or two.
const MAX_TEXT_BYTES: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> GraphError {
        parse_refusal(status, body.as_bytes(), &AccessToken::parse("EAAB/token").unwrap())
    }

    #[test]
    fn reads_a_key_with_and_without_the_wrapper() {
        let fields = r#"{"business_public_key":"PEM","business_public_key_signature_status":"VALID","id":"1"}"#;
        let key = Some(PublicKeyAtMeta { pem: "PEM".to_owned(), signature_valid: true });

        assert_eq!(parse_public_key(fields.as_bytes()).unwrap(), key);
        assert_eq!(parse_public_key(format!(r#"{{"data":[{fields}]}}"#).as_bytes()).unwrap(), key);
        let mismatch = fields.replace("VALID", "MISMATCH");
        assert!(!parse_public_key(mismatch.as_bytes()).unwrap().unwrap().signature_valid);
        for none in ["{}", r#"{"data":[]}"#, r#"{"data":[{"business_public_key":""}]}"#] {
            assert_eq!(parse_public_key(none.as_bytes()).unwrap(), None, "{none}");
        }
        for bad in [
            "",
            "[]",
            "null",
            r#"{"data":5}"#,
            r#"{"business_public_key_signature_status":"VALID"}"#,
            "<html>",
        ] {
            assert!(
                matches!(parse_public_key(bad.as_bytes()), Err(GraphError::NotUnderstood)),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_upload_is_done_only_when_meta_says_so() {
        assert!(parse_success(br#"{"success":true}"#).is_ok());
        for bad in [&br#"{"success":false}"#[..], b"{}", b"", br#"{"success":"true"}"#] {
            assert!(parse_success(bad).is_err());
        }
    }

    #[test]
    fn a_refusal_comes_through_in_metas_words_but_without_the_token() {
        let error = refusal(
            400,
            r#"{"error":{"message":"Malformed access token EAAB\/token\u001b","type":"OAuthException","code":190,"error_subcode":463,
                "error_user_msg":"Log in again.","fbtrace_id":"Axyz"}}"#,
        );

        assert_eq!(
            error.to_string(),
            "Meta refused: Malformed access token [access token]\\u{1b} Log in again. (OAuthException, code 190, subcode 463, trace Axyz, status 400)"
        );
        assert!(!error.is_retryable());
        assert_eq!(refusal(502, "<html>").to_string(), "Meta answered with status 502");
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        let code = |status, code: i64| {
            refusal(status, &format!(r#"{{"error":{{"message":"m","code":{code}}}}}"#))
                .is_retryable()
        };
        for passing in [1, 2, 4, 17, 613, 80_007] {
            assert!(code(400, passing), "{passing}");
        }
        for lasting in [100, 190, 200, 10, 33] {
            assert!(!code(400, lasting), "{lasting}");
            assert!(code(500, lasting), "a status of 5xx passes");
        }
        assert!(
            refusal(400, r#"{"error":{"message":"m","code":100,"is_transient":true}}"#)
                .is_retryable()
        );
        assert!(refusal(429, "").is_retryable() && refusal(503, "").is_retryable());
        assert!(!refusal(404, "").is_retryable() && !refusal(302, "").is_retryable());
    }

    #[test]
    fn a_long_text_is_cut() {
        let error = refusal(400, &format!(r#"{{"error":{{"message":"{}"}}}}"#, "x".repeat(60_000)));
        assert!(error.to_string().len() < 600);
    }
}
