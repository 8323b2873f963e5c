//! Who may call the admin API.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::super::AdminState;
use super::super::problem::Problem;

/// The operator's token, as a hash only. Where there is none, nobody may call.
#[derive(Debug)]
pub struct AdminAuth {
    operator: Option<[u8; 32]>,
}

impl AdminAuth {
    /// `operator_token` is the one that `FLOWHOST_ADMIN_TOKEN` or the data folder gives.
    pub fn new(operator_token: Option<&str>) -> Self {
        Self { operator: operator_token.map(hash) }
    }

    /// Compares hashes, in constant time: neither the token's length nor its beginning can be found out.
    fn admits(&self, token: &str) -> bool {
        self.operator.is_some_and(|operator| hash(token).ct_eq(&operator).into())
    }
}

/// Lets a request with a valid bearer token through.
pub(super) async fn require_token(State(state): State<AdminState>, request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = authorization.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match token {
        Some((_, token)) if state.auth.admits(token.trim()) => next.run(request).await,
        _ => {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "send a valid token as `Authorization: Bearer TOKEN`");
            ([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response()
        }
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_the_token_and_nothing_else() {
        let auth = AdminAuth::new(Some("token"));
        assert!(auth.admits("token"));
        for wrong in ["", "toke", "token ", "Token"] {
            assert!(!auth.admits(wrong), "{wrong:?}");
        }
        assert!(!AdminAuth::new(None).admits(""));
    }
}
