//! `/v1/tenants/{tenant}/graph`, and keys with how they stand there.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{AdminError, GraphAccessView, SetGraphAccess, UploadKey};

pub(super) async fn put(
    AtDesk(desk): AtDesk,
    Names(tenant): Names<String>,
    JsonBody(new): JsonBody<SetGraphAccess>,
) -> Result<StatusCode, Problem> {
    desk.put_graph_access(&tenant, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn show(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<Json<GraphAccessView>, Problem> {
    Ok(Json(desk.show_graph_access(&tenant).await?))
}

pub(super) async fn delete(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<StatusCode, Problem> {
    desk.delete_graph_access(&tenant).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_keys(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"keys": desk.list_keys(&tenant).await?})))
}

pub(super) async fn upload_key(
    AtDesk(desk): AtDesk,
    Names((tenant, key)): Names<(String, String)>,
    JsonBody(upload): JsonBody<UploadKey>,
) -> Result<Json<Value>, Problem> {
    // What is no id names no key.
    let key = key.parse().map_err(|_| AdminError::NotFound("key"))?;
    Ok(Json(json!({"uploads": desk.upload_key(&tenant, key, upload).await?})))
}
