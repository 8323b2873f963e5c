//! `/v1/tenants/{tenant}/flows/{flow}/flow-json`.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::super::body::read;
use super::super::problem::{Names, Problem};
use super::desk::AtDesk;

pub(super) async fn set(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    // Before the body is read: who may not upload costs nothing.
    let place = desk.begin_flow_json(&tenant, &flow).await?;
    let document = read(request.into_body(), MAX_FLOW_JSON_BYTES).await?;
    desk.set_flow_json(&tenant, &flow, document, place).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn show(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
) -> Result<impl IntoResponse, Problem> {
    let document = desk.show_flow_json(&tenant, &flow).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document))
}

pub(super) async fn destroy(AtDesk(desk): AtDesk, Names((tenant, flow)): Names<(String, String)>) -> Result<StatusCode, Problem> {
    desk.delete_flow_json(&tenant, &flow).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `protocol.md` section 5.
const MAX_FLOW_JSON_BYTES: usize = 10 << 20;
