//! `/v1/tenants/{tenant}/flows`, and the flows' health.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::super::problem::{Names, Problem};
use super::desk::{At, JsonAt};
use crate::admin::{FlowDesk, PutFlow, TenantDesk};
use flowhost_api::{FlowHealthList, FlowList, FlowView};

pub(super) async fn list(At(desk): At<TenantDesk>) -> Result<Json<FlowList>, Problem> {
    Ok(Json(FlowList { flows: desk.list_flows().await? }))
}

pub(super) async fn health(At(desk): At<TenantDesk>) -> Result<Json<FlowHealthList>, Problem> {
    Ok(Json(FlowHealthList { flows: desk.show_health().await? }))
}

pub(super) async fn show(At(desk): At<FlowDesk>) -> Result<Json<FlowView>, Problem> {
    Ok(Json(desk.show_flow().await?))
}

/// Takes the tenant's desk, because the flow need not exist yet.
pub(super) async fn put(
    Names((_, flow)): Names<(String, String)>,
    JsonAt(desk, fields): JsonAt<TenantDesk, Map<String, Value>>,
) -> Result<(StatusCode, Json<FlowView>), Problem> {
    Ok(match desk.put_flow(&flow, fields).await? {
        PutFlow::Created(flow) => (StatusCode::CREATED, Json(flow)),
        PutFlow::Replaced(flow) => (StatusCode::OK, Json(flow)),
    })
}

pub(super) async fn update(
    JsonAt(desk, fields): JsonAt<FlowDesk, Map<String, Value>>,
) -> Result<Json<FlowView>, Problem> {
    Ok(Json(desk.update_flow(fields).await?))
}

pub(super) async fn delete(At(desk): At<FlowDesk>) -> Result<StatusCode, Problem> {
    desk.delete_flow().await?;
    Ok(StatusCode::NO_CONTENT)
}
