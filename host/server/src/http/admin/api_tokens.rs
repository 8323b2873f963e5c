//! `/v1/api-tokens`.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{AdminError, CreateApiToken, NewApiToken};

pub(super) async fn create(
    AtDesk(desk): AtDesk,
    JsonBody(new): JsonBody<CreateApiToken>,
) -> Result<(StatusCode, Json<NewApiToken>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_api_token(new).await?)))
}

pub(super) async fn list(AtDesk(desk): AtDesk) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"api_tokens": desk.list_api_tokens().await?})))
}

pub(super) async fn delete(AtDesk(desk): AtDesk, Names(token): Names<String>) -> Result<StatusCode, Problem> {
    // What is no id names no token.
    let token = token.parse().map_err(|_| AdminError::NotFound("api token"))?;
    desk.delete_api_token(token).await?;
    Ok(StatusCode::NO_CONTENT)
}
