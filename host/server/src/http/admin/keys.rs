//! `/v1/tenants/{tenant}/keys`.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{AddKey, AdminError, KeyView};

pub(super) async fn create(
    AtDesk(desk): AtDesk,
    Names(tenant): Names<String>,
    JsonBody(add): JsonBody<AddKey>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_key(&tenant, add).await?)))
}

pub(super) async fn delete(AtDesk(desk): AtDesk, Names((tenant, key)): Names<(String, String)>) -> Result<StatusCode, Problem> {
    // What is no id names no key.
    let key = key.parse().map_err(|_| AdminError::NotFound("key"))?;
    desk.delete_key(&tenant, key).await?;
    Ok(StatusCode::NO_CONTENT)
}
