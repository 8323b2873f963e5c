//! `/v1/api-tokens` and `/v1/audit`.

use axum::Json;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::problem::{JsonBody, Names, Problem, parse_query};
use super::desk::AtDesk;
use crate::admin::{AdminError, AuditPage, CreateApiToken, NewApiToken};

pub(super) async fn create_token(
    AtDesk(desk): AtDesk,
    JsonBody(new): JsonBody<CreateApiToken>,
) -> Result<(StatusCode, Json<NewApiToken>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_api_token(new).await?)))
}

pub(super) async fn list_tokens(AtDesk(desk): AtDesk) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"api_tokens": desk.list_api_tokens().await?})))
}

pub(super) async fn revoke_token(AtDesk(desk): AtDesk, Names(token): Names<String>) -> Result<StatusCode, Problem> {
    // What is no id names no token.
    let token = token.parse().map_err(|_| AdminError::NotFound("api token"))?;
    desk.delete_api_token(token).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list_audit(AtDesk(desk): AtDesk, RawQuery(query): RawQuery) -> Result<Json<AuditPage>, Problem> {
    Ok(Json(desk.list_audit(parse_query(query.as_deref())?).await?))
}
