//! `/v1/tenants/{tenant}/flows/{flow}/flow-json`.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::body::read;
use super::super::problem::{Problem, finding_views};
use super::desk::{At, VersionNumber};
use crate::admin::FlowDesk;
use flowhost_api::FlowJsonNotes;

pub(super) async fn put(At(desk): At<FlowDesk>, request: Request) -> Result<Response, Problem> {
    take(desk, None, request).await
}

pub(super) async fn put_for_version(
    At((desk, VersionNumber(version))): At<(FlowDesk, VersionNumber)>,
    request: Request,
) -> Result<Response, Problem> {
    take(desk, Some(version), request).await
}

async fn take(
    desk: FlowDesk,
    plugin_version: Option<i32>,
    request: Request,
) -> Result<Response, Problem> {
    let wants_notes = wants_notes(request.headers());
    // Before the body is read, so that a refused upload costs nothing.
    let upload = desk.begin_flow_json(plugin_version)?;
    let document = read(request.into_body(), MAX_FLOW_JSON_BYTES).await?;
    let notes = upload.finish(document).await?;
    Ok(if wants_notes {
        (
            [(PREFERENCE_APPLIED, REPRESENTATION)],
            Json(FlowJsonNotes { notes: finding_views(&notes) }),
        )
            .into_response()
    } else {
        StatusCode::NO_CONTENT.into_response()
    })
}

/// Whether the caller prefers an answer with the notes on the document (RFC 7240) to an empty 204.
fn wants_notes(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences
        .flat_map(|value| value.split(','))
        .any(|preference| preference.trim().eq_ignore_ascii_case(REPRESENTATION))
}

pub(super) async fn show(At(desk): At<FlowDesk>) -> Result<impl IntoResponse, Problem> {
    Ok(([(header::CONTENT_TYPE, "application/json")], desk.show_flow_json().await?))
}

pub(super) async fn delete(At(desk): At<FlowDesk>) -> Result<StatusCode, Problem> {
    desk.delete_flow_json().await?;
    Ok(StatusCode::NO_CONTENT)
}

const PREFERENCE_APPLIED: &str = "preference-applied";
const REPRESENTATION: &str = "return=representation";

/// `protocol.md` section 5.
pub(in super::super) const MAX_FLOW_JSON_BYTES: usize = 10 << 20;
