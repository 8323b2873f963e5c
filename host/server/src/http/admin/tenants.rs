//! `/v1/tenants`.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{CreateTenant, PatchTenant, TenantView};

pub(super) async fn create(
    AtDesk(desk): AtDesk,
    JsonBody(new): JsonBody<CreateTenant>,
) -> Result<(StatusCode, Json<TenantView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_tenant(new).await?)))
}

pub(super) async fn list(AtDesk(desk): AtDesk) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"tenants": desk.list_tenants().await?})))
}

pub(super) async fn show(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<Json<TenantView>, Problem> {
    Ok(Json(desk.show_tenant(&tenant).await?))
}

pub(super) async fn update(
    AtDesk(desk): AtDesk,
    Names(tenant): Names<String>,
    JsonBody(patch): JsonBody<PatchTenant>,
) -> Result<Json<TenantView>, Problem> {
    Ok(Json(desk.update_tenant(&tenant, patch).await?))
}

pub(super) async fn delete(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<StatusCode, Problem> {
    desk.delete_tenant(&tenant).await?;
    Ok(StatusCode::NO_CONTENT)
}
