//! `/v1/tenants/{tenant}/flows`, with tokens and sessions.

use axum::Json;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::problem::{JsonBody, Names, Problem, parse_query};
use super::desk::AtDesk;
use crate::admin::{AdminError, FlowView, MintToken, MintedTokenView, PutFlow, SessionDetails, SessionsPage};

pub(super) async fn list(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"flows": desk.list_flows(&tenant).await?})))
}

pub(super) async fn health(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"flows": desk.show_health(&tenant).await?})))
}

pub(super) async fn show(AtDesk(desk): AtDesk, Names((tenant, flow)): Names<(String, String)>) -> Result<Json<FlowView>, Problem> {
    Ok(Json(desk.show_flow(&tenant, &flow).await?))
}

pub(super) async fn replace(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Result<(StatusCode, Json<FlowView>), Problem> {
    Ok(match desk.put_flow(&tenant, &flow, fields).await? {
        PutFlow::Created(flow) => (StatusCode::CREATED, Json(flow)),
        PutFlow::Replaced(flow) => (StatusCode::OK, Json(flow)),
    })
}

pub(super) async fn update(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Result<Json<FlowView>, Problem> {
    Ok(Json(desk.patch_flow(&tenant, &flow, fields).await?))
}

pub(super) async fn destroy(AtDesk(desk): AtDesk, Names((tenant, flow)): Names<(String, String)>) -> Result<StatusCode, Problem> {
    desk.delete_flow(&tenant, &flow).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn mint_token(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
    JsonBody(new): JsonBody<MintToken>,
) -> Result<(StatusCode, Json<MintedTokenView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.mint_token(&tenant, &flow, new).await?)))
}

pub(super) async fn list_sessions(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<SessionsPage>, Problem> {
    Ok(Json(desk.list_sessions(&tenant, &flow, parse_query(query.as_deref())?).await?))
}

pub(super) async fn show_session(
    AtDesk(desk): AtDesk,
    Names((tenant, flow, session)): Names<(String, String, String)>,
) -> Result<Json<SessionDetails>, Problem> {
    // What is no id names no session.
    let session = session.parse().map_err(|_| AdminError::NotFound("session"))?;
    Ok(Json(desk.show_session(&tenant, &flow, session).await?))
}
