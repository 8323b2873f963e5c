//! `/v1/tenants/{tenant}/flows/{flow}/sessions`.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::Problem;
use super::desk::{At, JsonAt, QueryAt};
use crate::admin::FlowDesk;
use flowhost_api::{DeleteSession, SessionDetails, SessionQuery, SessionsPage};
use flowhost_protocol::ids::SessionId;

pub(super) async fn list(
    QueryAt(desk, query): QueryAt<FlowDesk, SessionQuery>,
) -> Result<Json<SessionsPage>, Problem> {
    Ok(Json(desk.list_sessions(query).await?))
}

pub(super) async fn show(
    At((desk, session)): At<(FlowDesk, SessionId)>,
) -> Result<Json<SessionDetails>, Problem> {
    Ok(Json(desk.show_session(session).await?))
}

pub(super) async fn delete(
    JsonAt(desk, which): JsonAt<FlowDesk, DeleteSession>,
) -> Result<StatusCode, Problem> {
    desk.delete_session(which).await?;
    Ok(StatusCode::NO_CONTENT)
}
