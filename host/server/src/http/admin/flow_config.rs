//! `/v1/tenants/{tenant}/flows/{flow}/config`.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::SetConfigValue;

pub(super) async fn put(
    AtDesk(desk): AtDesk,
    Names((tenant, flow, key)): Names<(String, String, String)>,
    JsonBody(new): JsonBody<SetConfigValue>,
) -> Result<StatusCode, Problem> {
    desk.put_config_value(&tenant, &flow, &key, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list(AtDesk(desk): AtDesk, Names((tenant, flow)): Names<(String, String)>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"config": desk.list_config_values(&tenant, &flow).await?})))
}

pub(super) async fn delete(
    AtDesk(desk): AtDesk,
    Names((tenant, flow, key)): Names<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    desk.delete_config_value(&tenant, &flow, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
