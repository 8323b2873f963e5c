//! `/v1/tenants/{tenant}/flows/{flow}/store`.

use axum::Json;

use super::super::problem::Problem;
use super::desk::JsonAt;
use crate::admin::FlowDesk;
use flowhost_api::{StoreKeyList, StoreKeysQuery, StoreValueQuery, StoreValueView};

pub(super) async fn keys(
    JsonAt(desk, query): JsonAt<FlowDesk, StoreKeysQuery>,
) -> Result<Json<StoreKeyList>, Problem> {
    Ok(Json(desk.list_store_keys(query).await?))
}

pub(super) async fn value(
    JsonAt(desk, query): JsonAt<FlowDesk, StoreValueQuery>,
) -> Result<Json<StoreValueView>, Problem> {
    Ok(Json(desk.show_store_value(query).await?))
}
