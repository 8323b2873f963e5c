//! `/v1/tenants/{tenant}/keys`.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::Problem;
use super::desk::{At, JsonAt};
use crate::admin::TenantDesk;
use flowhost_api::{AddKey, KeyView};
use flowhost_protocol::ids::KeyId;

pub(super) async fn create(
    JsonAt(desk, add): JsonAt<TenantDesk, AddKey>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_key(add).await?)))
}

pub(super) async fn delete(
    At((desk, key)): At<(TenantDesk, KeyId)>,
) -> Result<StatusCode, Problem> {
    desk.delete_key(key).await?;
    Ok(StatusCode::NO_CONTENT)
}
