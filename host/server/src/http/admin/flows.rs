//! `/v1/tenants/{tenant}/flows`, and how they do.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{FlowView, PutFlow};

pub(super) async fn list(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"flows": desk.list_flows(&tenant).await?})))
}

pub(super) async fn health(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"flows": desk.show_health(&tenant).await?})))
}

pub(super) async fn show(AtDesk(desk): AtDesk, Names((tenant, flow)): Names<(String, String)>) -> Result<Json<FlowView>, Problem> {
    Ok(Json(desk.show_flow(&tenant, &flow).await?))
}

pub(super) async fn put(
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
    Ok(Json(desk.update_flow(&tenant, &flow, fields).await?))
}

pub(super) async fn delete(AtDesk(desk): AtDesk, Names((tenant, flow)): Names<(String, String)>) -> Result<StatusCode, Problem> {
    desk.delete_flow(&tenant, &flow).await?;
    Ok(StatusCode::NO_CONTENT)
}
