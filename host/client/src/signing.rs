//! The two HMACs of Meta's side: the signature header over a body and the JWT over a flow token.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The app secret of the Meta app that the flow is connected to. Wiped on drop, and not shown by
/// `Debug`.
#[derive(Clone)]
pub(super) struct SigningSecret(Zeroizing<String>);

impl SigningSecret {
    /// Takes the secret as Meta's dashboard shows it: the HMAC key is its text, not its hex-decoded
    /// bytes.
    pub(super) fn new(secret: &str) -> SigningSecret {
        SigningSecret(Zeroizing::new(secret.to_owned()))
    }

    /// The value of the `X-Hub-Signature-256` header for these body bytes.
    pub(super) fn header(&self, body: &[u8]) -> String {
        let hex: String = self.mac(body).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256={hex}")
    }

    /// The JWT (HS256) that newer clients send along as `flow_token_signature`.
    pub(super) fn flow_token_jwt(&self, flow_token: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "typ": "JWT"}).to_string());
        let claims = URL_SAFE_NO_PAD.encode(json!({"flow_token": flow_token}).to_string());
        let signed = format!("{header}.{claims}");
        let mac = URL_SAFE_NO_PAD.encode(self.mac(signed.as_bytes()));
        format!("{signed}.{mac}")
    }

    fn mac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn signs_the_vectors_as_meta_does() {
        let exchanges: Value = serde_json::from_str(EXCHANGES).unwrap();
        let secret = SigningSecret::new(exchanges["app_secret"].as_str().unwrap());
        let ping = &exchanges["vectors"][0];

        assert_eq!(ping["name"], "ping");
        assert_eq!(
            secret.header(ping["body"].as_str().unwrap().as_bytes()),
            ping["signature"].as_str().unwrap()
        );
    }

    #[test]
    fn signs_a_flow_token_as_the_vectors_do() {
        let vectors: Value = serde_json::from_str(FLOW_TOKEN_SIGNATURES).unwrap();
        let secret = SigningSecret::new(vectors["app_secret"].as_str().unwrap());

        let jwt = secret.flow_token_jwt(vectors["flow_token"].as_str().unwrap());

        assert_eq!(vectors["vectors"][0]["name"], "valid");
        assert_eq!(jwt, vectors["vectors"][0]["jwt"].as_str().unwrap());
    }

    const EXCHANGES: &str = include_str!("../../../tests/fixtures/vectors/exchanges.json");
    const FLOW_TOKEN_SIGNATURES: &str =
        include_str!("../../../tests/fixtures/vectors/flow_token_signatures.json");
}
