//! What a page says that can't be shown, or a form that was not taken.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::super::body::BodyError;
use super::super::problem::Problem;
use crate::admin::AdminError;
use flowhost_console::Notice;
use flowhost_console::error::error;

/// Why something is not shown or not done.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    why: String,
    retry_after: Option<Duration>,
    /// How many of the pages above, from the tenant's down, are there at the most.
    known_above: usize,
}

impl Refusal {
    /// A refusal with that status; `why` says what is wrong and what to do.
    pub(super) fn new(status: StatusCode, why: impl Into<String>) -> Self {
        let known_above = if status == StatusCode::NOT_FOUND { 0 } else { usize::MAX };
        Self { status, why: why.into(), retry_after: None, known_above }
    }

    pub(super) fn not_taken() -> Self {
        let why = "There is no page at this address: a form is sent there. Go back to the page with the form.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, why)
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
    }
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        let retry_after = error.retry_after();
        let known_above = match error {
            AdminError::NotFound("tenant") => 0,
            AdminError::NotFound("flow") => 1,
            _ => usize::MAX,
        };
        Self { retry_after, known_above, ..Problem::from(error).into() }
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Problem::from(error).into()
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::new(problem.status(), problem.detail())
    }
}

/// [`draw`] writes the body, since it knows what kind of answer was asked for.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Draws refusals: as a page, or for htmx as a notice, which goes to the top of the page that asked.
pub(super) async fn draw(request: Request, next: Next) -> Response {
    let for_part = is_for_part(request.headers());
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let Some(refusal) = response.extensions().get::<Refusal>().cloned() else {
        return response;
    };
    let Refusal { status, why, known_above, .. } = refusal;
    let (mut head, _) = response.into_parts();
    let body = if for_part {
        Notice::Problem(why).draw().into_string()
    } else {
        error(status.canonical_reason().unwrap_or("Error"), &why, &path, known_above)
    };
    let (drawn, body) = (status, Html(body)).into_response().into_parts();
    head.headers.extend(drawn.headers);
    if for_part {
        // The page that asked stays, and so does its address.
        head.headers.insert("hx-push-url", HeaderValue::from_static("false"));
    }
    Response::from_parts(head, body)
}

/// Whether htmx asks, for a part of a page.
pub(super) fn is_for_part(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}
