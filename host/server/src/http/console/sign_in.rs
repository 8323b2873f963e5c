//! Signing in with a token or a code, and signing out.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::AdminState;
use super::super::admin::source;
use super::super::body::read;
use super::cookies::{forget_session, set_session};
use super::form::{Fields, Sent, read_form};
use super::path::Query;
use super::refusal::Refusal;
use super::viewer::{JUST_SIGNED_IN, SIGN_IN, let_in};
use crate::admin::{AdminError, Caller};
use flowhost_api::Right;
use flowhost_console::{Notice, sign_in};
use flowhost_protocol::ids::RequestId;
use flowhost_runtime::telemetry::AdminRefusal;

/// What the path for signing in may have.
#[derive(Deserialize)]
pub(super) struct Link {
    code: Option<String>,
    /// Set where somebody who had just signed in came without a cookie.
    lost: Option<String>,
}

/// The page that asks for a token; or signs in, if the link that led here has a code.
pub(super) async fn ask(
    State(state): State<AdminState>,
    Query(link): Query<Link>,
    request: Request,
) -> Result<Response, Refusal> {
    let Some(code) = link.code else {
        let lost = link.lost.map(|_| Notice::Problem(KEPT_NO_COOKIE.to_owned()));
        return Ok(Html(sign_in::sign_in(lost.as_ref())).into_response());
    };
    let Some((operator, leads_to)) = state.admin.redeem_code(&code) else {
        let why = "This link was used already, or is older than a quarter of an hour.";
        return Ok(asked_again(StatusCode::FORBIDDEN, why));
    };
    let cookie = cookie_for(&state, operator, request.extensions().get().copied()).await?;
    // Not a redirect: a browser that came from another site's page would follow it without the cookie.
    Ok((let_in(set_session(&cookie)), Html(sign_in::signed_in(&leads_to))).into_response())
}

/// Exchanges a token for a cookie.
pub(super) async fn sign_in(
    State(state): State<AdminState>,
    request: Request,
) -> Result<Response, Refusal> {
    let (from, id) = (source(&request), request.extensions().get().copied());
    let body = Zeroizing::new(read(request.into_body(), MAX_TOKEN_FORM).await?);
    let fields: Fields = read_form(&body)?;
    let token = fields.into_iter().find(|(name, _)| name == "token").map(|(_, token)| token);
    let token = Zeroizing::new(token.unwrap_or_default());
    match state.admin.authenticate(token.trim()).await? {
        Some(caller) => {
            let cookie = cookie_for(&state, caller, id).await?;
            Ok((let_in(set_session(&cookie)), Redirect::to(JUST_SIGNED_IN)).into_response())
        }
        None => {
            state.metrics.admin_request_refused(AdminRefusal::InvalidToken);
            if let Some(others) = state.failed_attempts.line(from) {
                tracing::warn!(source = %from, others, "an invalid token was shown to the console");
            }
            Ok(match state.failed_attempts.slow_down(from).await {
                Ok(()) => asked_again(
                    StatusCode::UNAUTHORIZED,
                    "No such token: it may be mistyped, expired or revoked.",
                ),
                Err(retry_after) => {
                    let why = "Too many attempts with invalid tokens. Wait a little.";
                    let headers = [(header::RETRY_AFTER, retry_after.as_secs().to_string())];
                    (headers, asked_again(StatusCode::TOO_MANY_REQUESTS, why)).into_response()
                }
            })
        }
    }
}

/// Revokes what the browser holds.
pub(super) async fn sign_out(Sent(viewing, _): Sent<Fields>) -> Result<Response, Refusal> {
    viewing.visitor(Right::Read).desk()?.sign_out().await?;
    Ok((let_in(forget_session()), Redirect::to(SIGN_IN)).into_response())
}

async fn cookie_for(
    state: &AdminState,
    caller: Caller,
    request: Option<RequestId>,
) -> Result<Zeroizing<String>, AdminError> {
    let desk = state.admin.visitor(caller, Right::Read, request).desk()?;
    Ok(Zeroizing::new(desk.sign_in().await?.expose().to_owned()))
}

fn asked_again(status: StatusCode, why: &str) -> Response {
    let notice = Notice::Problem(why.to_owned());
    (status, Html(sign_in::sign_in(Some(&notice)))).into_response()
}

const KEPT_NO_COOKIE: &str = "Your browser kept no cookie, so you are not signed in. Some browsers, Safari among them, keep this one only over HTTPS.";

/// A token has fewer than 100 bytes.
const MAX_TOKEN_FORM: usize = 4096;
