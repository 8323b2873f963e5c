//! `/v1/api-tokens`.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::Problem;
use super::desk::{At, JsonAt};
use crate::admin::Desk;
use flowhost_api::{ApiTokenList, CreateApiToken, NewApiToken};
use flowhost_protocol::ids::ApiTokenId;

pub(super) async fn create(
    JsonAt(desk, new): JsonAt<Desk, CreateApiToken>,
) -> Result<(StatusCode, Json<NewApiToken>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_api_token(new).await?)))
}

pub(super) async fn list(At(desk): At<Desk>) -> Result<Json<ApiTokenList>, Problem> {
    Ok(Json(ApiTokenList { api_tokens: desk.list_api_tokens().await? }))
}

pub(super) async fn delete(
    At((desk, token)): At<(Desk, ApiTokenId)>,
) -> Result<StatusCode, Problem> {
    desk.delete_api_token(token).await?;
    Ok(StatusCode::NO_CONTENT)
}
