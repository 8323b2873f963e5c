//! `/v1/tenants`, with keys and app secrets.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{AddKey, AdminError, CreateTenant, KeyView, NewAppSecret, PatchTenant, TenantView};

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
    Ok(Json(desk.patch_tenant(&tenant, patch).await?))
}

pub(super) async fn destroy(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<StatusCode, Problem> {
    desk.delete_tenant(&tenant).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn add_key(
    AtDesk(desk): AtDesk,
    Names(tenant): Names<String>,
    JsonBody(add): JsonBody<AddKey>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.add_key(&tenant, add).await?)))
}

pub(super) async fn list_keys(AtDesk(desk): AtDesk, Names(tenant): Names<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"keys": desk.list_keys(&tenant).await?})))
}

pub(super) async fn delete_key(AtDesk(desk): AtDesk, Names((tenant, key)): Names<(String, String)>) -> Result<StatusCode, Problem> {
    // What is no id names no key.
    let key = key.parse().map_err(|_| AdminError::NotFound("key"))?;
    desk.delete_key(&tenant, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_app_secret(
    AtDesk(desk): AtDesk,
    Names(tenant): Names<String>,
    JsonBody(new): JsonBody<NewAppSecret>,
) -> Result<StatusCode, Problem> {
    desk.set_app_secret(&tenant, new).await?;
    Ok(StatusCode::NO_CONTENT)
}
