//! `/v1/tenants`.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::Problem;
use super::desk::{At, JsonAt};
use crate::admin::{Desk, TenantDesk, TenantToDelete};
use flowhost_api::{CreateTenant, PatchTenant, TenantList, TenantView};

pub(super) async fn create(
    JsonAt(desk, new): JsonAt<Desk, CreateTenant>,
) -> Result<(StatusCode, Json<TenantView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_tenant(new).await?)))
}

pub(super) async fn list(At(desk): At<Desk>) -> Result<Json<TenantList>, Problem> {
    Ok(Json(TenantList { tenants: desk.list_tenants().await? }))
}

pub(super) async fn show(At(desk): At<TenantDesk>) -> Json<TenantView> {
    Json(desk.show_tenant())
}

pub(super) async fn update(
    JsonAt(desk, patch): JsonAt<TenantDesk, PatchTenant>,
) -> Result<Json<TenantView>, Problem> {
    Ok(Json(desk.update_tenant(patch).await?))
}

pub(super) async fn delete(At(tenant): At<TenantToDelete>) -> Result<StatusCode, Problem> {
    tenant.delete_tenant().await?;
    Ok(StatusCode::NO_CONTENT)
}
