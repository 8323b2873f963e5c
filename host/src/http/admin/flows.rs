//! `/v1/tenants/{tenant}/flows`, with sessions.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::AdminState;
use super::super::problem::{JsonBody, Names, Problem};
use crate::admin::{AdminError, FlowView, PutFlow, SessionDetails, SessionQuery, SessionsPage};

pub(super) async fn list(State(state): State<AdminState>, Names(tenant): Names<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"flows": state.admin.list_flows(&tenant).await?})))
}

pub(super) async fn show(
    State(state): State<AdminState>,
    Names((tenant, flow)): Names<(String, String)>,
) -> Result<Json<FlowView>, Problem> {
    Ok(Json(state.admin.show_flow(&tenant, &flow).await?))
}

pub(super) async fn replace(
    State(state): State<AdminState>,
    Names((tenant, flow)): Names<(String, String)>,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Result<(StatusCode, Json<FlowView>), Problem> {
    Ok(match state.admin.put_flow(&tenant, &flow, fields).await? {
        PutFlow::Created(flow) => (StatusCode::CREATED, Json(flow)),
        PutFlow::Replaced(flow) => (StatusCode::OK, Json(flow)),
    })
}

pub(super) async fn update(
    State(state): State<AdminState>,
    Names((tenant, flow)): Names<(String, String)>,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Result<Json<FlowView>, Problem> {
    Ok(Json(state.admin.patch_flow(&tenant, &flow, fields).await?))
}

pub(super) async fn destroy(
    State(state): State<AdminState>,
    Names((tenant, flow)): Names<(String, String)>,
) -> Result<StatusCode, Problem> {
    state.admin.delete_flow(&tenant, &flow).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_sessions(
    State(state): State<AdminState>,
    Names((tenant, flow)): Names<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<SessionsPage>, Problem> {
    let query: SessionQuery = serde_urlencoded::from_str(query.as_deref().unwrap_or_default())
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the query can't be read: {error}")))?;
    Ok(Json(state.admin.list_sessions(&tenant, &flow, query).await?))
}

pub(super) async fn show_session(
    State(state): State<AdminState>,
    Names((tenant, flow, session)): Names<(String, String, String)>,
) -> Result<Json<SessionDetails>, Problem> {
    // What is no id names no session.
    let session = session.parse().map_err(|_| AdminError::NotFound("session"))?;
    Ok(Json(state.admin.show_session(&tenant, &flow, session).await?))
}
