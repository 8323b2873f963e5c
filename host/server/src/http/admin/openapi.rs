//! `/v1/openapi.json`: the description of this API.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;

use super::desk::At;
use crate::admin::Desk;
use flowhost_api::openapi_document;

pub(super) async fn show(At(_desk): At<Desk>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi_document().to_string());
