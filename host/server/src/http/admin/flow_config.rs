//! `/v1/tenants/{tenant}/flows/{flow}/config`.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::{Names, Problem};
use super::desk::{At, JsonAt};
use crate::admin::FlowDesk;
use flowhost_api::{ConfigValueList, SetConfigValue};

pub(super) async fn put(
    Names((_, _, key)): Names<(String, String, String)>,
    JsonAt(desk, new): JsonAt<FlowDesk, SetConfigValue>,
) -> Result<StatusCode, Problem> {
    desk.put_config_value(&key, new).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list(At(desk): At<FlowDesk>) -> Result<Json<ConfigValueList>, Problem> {
    Ok(Json(ConfigValueList { config: desk.list_config_values().await? }))
}

pub(super) async fn delete(
    At(desk): At<FlowDesk>,
    Names((_, _, key)): Names<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    desk.delete_config_value(&key).await?;
    Ok(StatusCode::NO_CONTENT)
}
