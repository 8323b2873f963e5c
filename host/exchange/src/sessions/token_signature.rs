//! `flow_token_signature`: a JWT in which WhatsApp signs a flow token with the app secret
//! (`protocol.md` section 3).

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use flowhost_protocol::crypto::AppSecret;
use flowhost_protocol::flow::Exchange;

/// Whether the exchange's signature is an HS256 JWT by one of the secrets and names the exchange's
/// token.
pub fn token_signature_holds(secrets: &[&AppSecret], exchange: &Exchange) -> bool {
    let (Some(jwt), Some(token)) = (&exchange.flow_token_signature, &exchange.flow_token) else {
        return false;
    };
    secrets.iter().any(|secret| signs(secret, jwt, token.expose()))
}

fn signs(secret: &AppSecret, jwt: &str, token: &str) -> bool {
    let mut validation = Validation::new(Algorithm::HS256);
    // WhatsApp sets no expiry. The session's lifetime limits the token.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = decode::<Claims>(jwt, &DecodingKey::from_secret(secret.expose()), &validation);
    claims.is_ok_and(|data| data.claims.flow_token == token)
}

#[derive(Clone, Deserialize)]
struct Claims {
    flow_token: String,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use flowhost_protocol::flow::{Action, FlowToken};

    #[test]
    fn agrees_with_the_outside_judge_on_every_signature() {
        let path = format!(
            "{}/../../tests/fixtures/vectors/flow_token_signatures.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let judge: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let secrets = [
            AppSecret::new(text(&judge["app_secret"])),
            AppSecret::new(text(&judge["old_app_secret"])),
        ];
        let cases = judge["vectors"].as_array().unwrap();
        assert_eq!(cases.len(), 13);
        for case in cases {
            let exchange = exchange(Some(text(&case["jwt"])), &text(&judge["flow_token"]));
            let holds = token_signature_holds(&[&secrets[0], &secrets[1]], &exchange);
            assert_eq!(holds, case["ok"].as_bool().unwrap(), "{}", case["name"]);
        }
    }

    #[test]
    fn no_signature_holds_for_nothing() {
        assert!(!token_signature_holds(&[&AppSecret::new("s")], &exchange(None, "t")));
    }

    fn exchange(jwt: Option<String>, token: &str) -> Exchange {
        Exchange {
            action: Action::Init,
            screen: None,
            data: "{}".to_owned(),
            flow_token: FlowToken::new(token.to_owned()),
            version: "4.0".to_owned(),
            flow_token_signature: jwt,
        }
    }
}
