//! `/v1/tenants`, with keys and app secrets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::AdminState;
use super::super::problem::{JsonBody, Names, Problem};
use crate::admin::{AddKey, AdminError, CreateTenant, KeyView, NewAppSecret, PatchTenant, TenantView};

pub(super) async fn create(
    State(state): State<AdminState>,
    JsonBody(new): JsonBody<CreateTenant>,
) -> Result<(StatusCode, Json<TenantView>), Problem> {
    Ok((StatusCode::CREATED, Json(state.admin.create_tenant(new).await?)))
}

pub(super) async fn list(State(state): State<AdminState>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"tenants": state.admin.list_tenants().await?})))
}

pub(super) async fn show(State(state): State<AdminState>, Names(tenant): Names<String>) -> Result<Json<TenantView>, Problem> {
    Ok(Json(state.admin.show_tenant(&tenant).await?))
}

pub(super) async fn update(
    State(state): State<AdminState>,
    Names(tenant): Names<String>,
    JsonBody(patch): JsonBody<PatchTenant>,
) -> Result<Json<TenantView>, Problem> {
    Ok(Json(state.admin.patch_tenant(&tenant, patch).await?))
}

pub(super) async fn destroy(State(state): State<AdminState>, Names(tenant): Names<String>) -> Result<StatusCode, Problem> {
    state.admin.delete_tenant(&tenant).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn add_key(
    State(state): State<AdminState>,
    Names(tenant): Names<String>,
    JsonBody(add): JsonBody<AddKey>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    Ok((StatusCode::CREATED, Json(state.admin.add_key(&tenant, add).await?)))
}

pub(super) async fn list_keys(State(state): State<AdminState>, Names(tenant): Names<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"keys": state.admin.list_keys(&tenant).await?})))
}

pub(super) async fn delete_key(
    State(state): State<AdminState>,
    Names((tenant, key)): Names<(String, String)>,
) -> Result<StatusCode, Problem> {
    // What is no id names no key.
    let key = key.parse().map_err(|_| AdminError::NotFound("key"))?;
    state.admin.delete_key(&tenant, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_app_secret(
    State(state): State<AdminState>,
    Names(tenant): Names<String>,
    JsonBody(new): JsonBody<NewAppSecret>,
) -> Result<StatusCode, Problem> {
    state.admin.set_app_secret(&tenant, new).await?;
    Ok(StatusCode::NO_CONTENT)
}
