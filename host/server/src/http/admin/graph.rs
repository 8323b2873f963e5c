//! `/v1/tenants/{tenant}/graph`, and the upload of keys.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{AdminError, GraphAccessView, SetGraphAccess, UploadKey};

pub(super) async fn set(
    AtDesk(desk): AtDesk,
    Names(tenant): Names<String>,
    JsonBody(new): JsonBody<SetGraphAccess>,
) -> Result<StatusCode, Problem> {
    desk.set_graph_access(&tenant, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn show(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<Json<GraphAccessView>, Problem> {
    Ok(Json(desk.show_graph_access(&tenant).await?))
}

pub(super) async fn forget(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<StatusCode, Problem> {
    desk.forget_graph_access(&tenant).await?;
    Ok(StatusCode::NO_CONTENT)
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
