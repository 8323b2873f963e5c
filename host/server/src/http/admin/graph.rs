//! `/v1/tenants/{tenant}/graph`, and keys with their status at Meta.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::Problem;
use super::desk::{At, JsonAt};
use crate::admin::TenantDesk;
use flowhost_api::{GraphAccessView, KeyList, SetGraphAccess, UploadKey, UploadList};
use flowhost_protocol::ids::KeyId;

pub(super) async fn put(
    JsonAt(desk, new): JsonAt<TenantDesk, SetGraphAccess>,
) -> Result<StatusCode, Problem> {
    desk.put_graph_access(new).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn show(At(desk): At<TenantDesk>) -> Result<Json<GraphAccessView>, Problem> {
    Ok(Json(desk.show_graph_access().await?))
}

pub(super) async fn delete(At(desk): At<TenantDesk>) -> Result<StatusCode, Problem> {
    desk.delete_graph_access().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_keys(At(desk): At<TenantDesk>) -> Result<Json<KeyList>, Problem> {
    Ok(Json(KeyList { keys: desk.list_keys().await? }))
}

pub(super) async fn upload_key(
    JsonAt((desk, key), upload): JsonAt<(TenantDesk, KeyId), UploadKey>,
) -> Result<Json<UploadList>, Problem> {
    Ok(Json(UploadList { uploads: desk.upload_key(key, upload).await? }))
}
