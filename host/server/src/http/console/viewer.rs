//! Who looks at a page: a caller, by the cookie of its browser.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::super::AdminState;
use super::cookies::{notice_of, session_of, set_notice};
use super::refusal::{Refusal, is_for_part};
use crate::admin::{Caller, Visitor};
use flowhost_api::Right;
use flowhost_console::{Notice, Page, Viewer};
use flowhost_protocol::crypto::TokenDigest;
use flowhost_protocol::ids::RequestId;

/// Lets a request through whose cookie is good. Others are sent to the page for signing in.
pub(super) async fn require_cookie(
    State(state): State<AdminState>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(cookie) = session_of(request.headers()) else { return to_sign_in(&request) };
    match state.admin.authenticate_browser(&cookie).await {
        // The address that asks for the cookie is not one to come back to.
        Ok(Some(_)) if *request.uri() == *JUST_SIGNED_IN => {
            Redirect::to("/console").into_response()
        }
        Ok(Some(caller)) => {
            request.extensions_mut().insert(SignedIn { caller, csrf: csrf_of(&cookie) });
            next.run(request).await
        }
        Ok(None) => to_sign_in(&request),
        Err(error) => Refusal::from(error).into_response(),
    }
}

fn to_sign_in(request: &Request) -> Response {
    if is_for_part(request.headers()) {
        return (StatusCode::UNAUTHORIZED, [("hx-redirect", SIGN_IN)]).into_response();
    }
    match *request.method() {
        Method::GET | Method::HEAD if *request.uri() == *JUST_SIGNED_IN => {
            Redirect::to("/console/sign-in?lost=1").into_response()
        }
        Method::GET | Method::HEAD => Redirect::to(SIGN_IN).into_response(),
        _ => Refusal::new(
            StatusCode::UNAUTHORIZED,
            "You are not signed in any more: nothing was done. Sign in at /console/sign-in.",
        )
        .into_response(),
    }
}

/// What a page's forms carry: only who has the cookie can know it, and it tells nothing about the
/// cookie.
pub(super) fn csrf_of(cookie: &str) -> String {
    hex::encode(TokenDigest::of(&format!("csrf:{cookie}")).0)
}

#[derive(Clone)]
struct SignedIn {
    caller: Caller,
    csrf: String,
}

/// Who looks, and how to answer them.
pub(super) struct Viewing {
    /// The parts of the host.
    pub(super) state: AdminState,
    /// Who looks, for pages.
    pub(super) viewer: Viewer,
    caller: Caller,
    request: Option<RequestId>,
    notice: Option<Notice>,
}

impl Viewing {
    /// The caller at the admin API's door, for an operation that needs this right.
    pub(super) fn visitor(&self, right: Right) -> Visitor {
        self.state.admin.visitor(self.caller, right, self.request)
    }

    /// A page with what the one before left to say.
    pub(super) fn page(
        &self,
        title: &str,
        above: &[(&str, String)],
        content: maud::Markup,
    ) -> Html<String> {
        let (viewer, notice) = (Some(&self.viewer), self.notice.as_ref());
        Html(Page { title, above, viewer, notice, content }.draw())
    }

    /// The same, with this to say first.
    pub(super) fn saying(self, notice: Notice) -> Self {
        Self { notice: Some(notice), ..self }
    }

    /// Sends the browser on to a page that says first that this was done.
    pub(super) fn done(path: &str, what: &str) -> Response {
        let mut response = Redirect::to(path).into_response();
        response.headers_mut().append(header::SET_COOKIE, set_notice(what));
        response
    }
}

impl FromRequestParts<AdminState> for Viewing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self, Refusal> {
        let signed_in = parts.extensions.get::<SignedIn>().cloned();
        let SignedIn { caller, csrf } = signed_in.ok_or_else(|| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "this route lets nobody in")
        })?;
        let viewer = Viewer { role: caller.role(), most: caller.most(), csrf };
        let request = parts.extensions.get().copied();
        let notice = notice_of(&parts.headers).map(Notice::Done);
        Ok(Self { state: state.clone(), viewer, caller, request, notice })
    }
}

/// A caller that has just shown that it may come in.
pub(super) fn let_in(cookie: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([(header::SET_COOKIE, cookie)])
}

pub(super) const SIGN_IN: &str = "/console/sign-in";

/// Where signing in leads to.
pub(super) const JUST_SIGNED_IN: &str = "/console?signed-in=1";
