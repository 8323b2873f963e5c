//! `/v1/tenants/{tenant}/app-secret`.

use axum::http::StatusCode;

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::NewAppSecret;

pub(super) async fn put(
    AtDesk(desk): AtDesk,
    Names(tenant): Names<String>,
    JsonBody(new): JsonBody<NewAppSecret>,
) -> Result<StatusCode, Problem> {
    desk.put_app_secret(&tenant, new).await?;
    Ok(StatusCode::NO_CONTENT)
}
