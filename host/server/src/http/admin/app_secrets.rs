//! `/v1/tenants/{tenant}/app-secret`.

use axum::http::StatusCode;

use super::super::problem::Problem;
use super::desk::JsonAt;
use crate::admin::TenantDesk;
use flowhost_api::NewAppSecret;

pub(super) async fn put(
    JsonAt(desk, new): JsonAt<TenantDesk, NewAppSecret>,
) -> Result<StatusCode, Problem> {
    desk.put_app_secret(new).await?;
    Ok(StatusCode::NO_CONTENT)
}
