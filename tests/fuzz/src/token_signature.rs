//! `flow_token_signature`: a JWT that `sessions::token_signature_holds` accepts is signed under
//! HS256 with a valid secret and claims the request's token.
//!
//! Input, one of: a flow token, a line feed and a JWT; `+`, a byte each for the secret that signs
//! and for where the JWT is damaged (0 is nowhere), and three lines: flow token, header, claims.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flowhost_exchange::sessions::token_signature_holds;
use flowhost_protocol::crypto::AppSecret;
use flowhost_protocol::flow::{Action, Exchange, FlowToken};
use serde_json::json;
use serde_json::value::RawValue;

use crate::oracle::{
    app_secrets, choose_secret, hmac_sha256, signed_by_a_valid_secret, split_line,
};

/// Returns whether the host accepted the JWT for the token.
///
/// If the host accepts a JWT that the protocol refuses, or refuses WhatsApp's own form for this
/// token.
pub fn check(data: &[u8]) -> bool {
    let (token, jwt) = match data.split_first() {
        Some((b'+', rest)) => signed(rest).unwrap_or_default(),
        _ => {
            let (token, jwt) = split_line(data);
            (text(token), text(jwt))
        }
    };
    let [current, previous] = app_secrets();
    let holds = holds(&[&current, &previous], &token, &jwt);
    if holds {
        assert_genuine(&token, &jwt);
    }
    assert!(!self::holds(&[], &token, &jwt), "a tenant without a secret accepts nothing");
    assert_takes_whatsapps_own_form(&token);
    holds
}

fn holds(secrets: &[&AppSecret], token: &str, jwt: &str) -> bool {
    let exchange = Exchange {
        action: Action::Init,
        screen: None,
        data: "{}".to_owned(),
        flow_token: FlowToken::new(token.to_owned()),
        version: "4.0".to_owned(),
        flow_token_signature: Some(jwt.to_owned()),
    };
    token_signature_holds(secrets, &exchange)
}

fn assert_genuine(token: &str, jwt: &str) {
    let (signed, mac) = jwt.rsplit_once('.').expect("a JWT has three parts");
    let (header, claims) = signed.split_once('.').expect("a JWT has three parts");
    let decode = |part: &str| {
        URL_SAFE_NO_PAD.decode(part).expect("a JWT's parts are base64url without padding")
    };
    assert_eq!(member(&decode(header), "alg"), "HS256");
    assert_eq!(member(&decode(claims), "flow_token"), token);
    assert!(
        signed_by_a_valid_secret(signed.as_bytes(), &decode(mac)),
        "no valid secret signed this"
    );
}

/// The text of a member of an object. Other members may be anything, even numbers that no type
/// holds.
fn member(object: &[u8], name: &str) -> String {
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_slice(object).expect("header and claims are JSON objects");
    serde_json::from_str(members[name].get()).expect("the member is text")
}

/// A JWT as WhatsApp makes it is accepted for its own token and no other, under its own secret and
/// no other.
fn assert_takes_whatsapps_own_form(token: &str) {
    let [current, previous] = app_secrets();
    let header = json!({"alg": "HS256", "typ": "JWT"}).to_string();
    let jwt = jwt(choose_secret(0), &header, &json!({"flow_token": token}).to_string());
    // An empty token counts as no token.
    assert_eq!(holds(&[&current], token, &jwt), !token.is_empty());
    assert!(!holds(&[&current], &format!("{token}x"), &jwt));
    assert!(!holds(&[&previous], token, &jwt));
}

fn signed(input: &[u8]) -> Result<(String, String)> {
    let mut input = Unstructured::new(input);
    let (secret, damage): (u8, u8) = input.arbitrary()?;
    let (token, rest) = split_line(input.take_rest());
    let (header, claims) = split_line(rest);
    let mut jwt = jwt(choose_secret(secret), &text(header), &text(claims));
    if damage > 0 {
        jwt.remove(usize::from(damage) % jwt.len());
    }
    Ok((text(token), jwt))
}

fn jwt(secret: &str, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mac = hmac_sha256(secret.as_bytes(), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
