//! Authenticates callers of the admin API by bearer token. Failed attempts are slowed down, each
//! source on its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::AdminState;
use super::super::problem::Problem;
use flowhost_runtime::telemetry::AdminRefusal;

/// Lets a request with a valid bearer token through, with its caller in the extensions.
pub(super) async fn require_token(
    State(state): State<AdminState>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(token) = bearer(request.headers()) else {
        state.metrics.admin_request_refused(AdminRefusal::NoToken);
        return refused();
    };
    match state.admin.authenticate(token).await {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(None) => {
            let source = source(&request);
            state.metrics.admin_request_refused(AdminRefusal::InvalidToken);
            match state.failed_attempts.line(source) {
                Some(others) => {
                    tracing::warn!(%source, others, "an invalid token was shown to the admin API")
                }
                None => tracing::debug!(%source, "an invalid token was shown to the admin API"),
            }
            match state.failed_attempts.slow_down(source).await {
                Ok(()) => refused(),
                Err(retry_after) => {
                    let problem = Problem::new(
                        StatusCode::TOO_MANY_REQUESTS,
                        "too many attempts with invalid tokens",
                    );
                    ([(header::RETRY_AFTER, retry_after.as_secs().to_string())], problem)
                        .into_response()
                }
            }
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refused() -> Response {
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "send a valid token as `Authorization: Bearer TOKEN`",
    );
    ([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response()
}

/// The address of the peer. Behind a proxy that is the proxy's, because anybody can forge the
/// header that a proxy adds.
pub(in super::super) fn source(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip())
}
