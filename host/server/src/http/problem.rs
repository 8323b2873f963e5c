//! Errors of the admin API as `application/problem+json` (RFC 9457), and extractors that fail with
//! them.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::body::{BodyError, read};
use super::error::{status_of_admin, status_of_body};
use crate::admin::AdminError;
use flowhost_api as api;
use flowhost_flow_json::{Finding, Findings, Level};
use flowhost_protocol::flow::json_text;
use flowhost_runtime::telemetry;

/// An error for the caller.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    findings: Option<Findings>,
}

impl Problem {
    /// A problem with that status; `detail` says what is wrong and what to do.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), findings: None }
    }

    /// Its status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong and what to do.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let status = status_of_admin(&error);
        // What only has to wait is in the metrics, and anybody could fill the log with it.
        if status.is_server_error() && error.retry_after().is_none() {
            tracing::error!(status = status.as_u16(), error = %telemetry::chain(&error), "an operation failed");
        }
        let detail = error.to_string();
        let findings =
            if let AdminError::FlowJson(findings) = error { Some(findings) } else { None };
        Self { findings, ..Self::new(status, detail) }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let detail = match error {
            BodyError::Broken => "the body did not arrive whole",
            BodyError::NoMemory => "the host has no memory for another body now; try again",
            BodyError::TooLarge => {
                "the body is too large: 64 MiB for a component, 10 MiB for a Flow JSON, 1 MiB for anything else"
            }
            BodyError::TooSlow => "the body did not come in time",
        };
        Self::new(status_of_body(&error), detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = api::Problem {
            kind: "about:blank".to_owned(),
            title: Some(self.status.canonical_reason().unwrap_or("Error").to_owned()),
            status: self.status.as_u16(),
            detail: Some(self.detail),
            findings: self.findings.as_ref().map(finding_views),
        };
        (
            self.status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            Json(document).into_response().into_body(),
        )
            .into_response()
    }
}

/// Findings as the API shows them.
pub(super) fn finding_views(findings: &Findings) -> Vec<api::FindingView> {
    let view = |Finding { level, pointer, position, name, message }: &Finding| api::FindingView {
        level: if *level == Level::Error { "error" } else { "note" }.to_owned(),
        pointer: pointer.clone(),
        line: position.map(|position| position.line),
        column: position.map(|position| position.column),
        name: name.map(str::to_owned),
        message: message.clone(),
    };
    findings.iter().map(view).collect()
}

/// Reads a JSON body. An empty one reads as `{}`; an unknown field is an error that names it. A
/// text with U+0000, which the database would refuse, or with half of a surrogate pair is an error.
pub(super) async fn read_json<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let bytes = read(body, MAX_JSON_BYTES).await?;
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    if let Some(escape) = std::str::from_utf8(text).ok().and_then(json_text::first_not_text) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, no_text(escape)));
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        match error.inner().classify() {
            Category::Data => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            _ => Problem::new(
                StatusCode::BAD_REQUEST,
                format!("the body is not JSON: {}", error.inner()),
            ),
        }
    })?;
    json.end().map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}"))
    })?;
    Ok(read)
}

/// The names in a path. A name that is not UTF-8, or has U+0000 in it, which the database would
/// refuse, matches nothing.
pub(super) struct Names<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Names<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing = || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path");
        if parts.uri.path().contains(ENCODED_NUL) {
            return Err(nothing());
        }
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(names)| Self(names)).map_err(|_| nothing())
    }
}

/// The parameters of a query. An error names an unknown one.
pub(super) fn parse_query<T: DeserializeOwned>(query: Option<&str>) -> Result<T, Problem> {
    let query = query.unwrap_or_default();
    if query.contains(ENCODED_NUL) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "the query has U+0000 in it (%00)"));
    }
    serde_urlencoded::from_str(query).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, format!("the query can't be read: {error}"))
    })
}

fn no_text(escape: &str) -> String {
    let what = if escape == r"\u0000" { "U+0000" } else { "half of a surrogate pair" };
    format!("the body has {escape} in one of its texts: {what} is not taken")
}

/// U+0000 in a URL, where it can't be written in any other way.
const ENCODED_NUL: &str = "%00";

/// Settings and keys are a few KiB.
const MAX_JSON_BYTES: usize = 1 << 20;
