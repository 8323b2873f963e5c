//! `/v1/tenants/{tenant}/flows/{flow}/tokens`.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::Problem;
use super::desk::JsonAt;
use crate::admin::FlowDesk;
use flowhost_api::{MintToken, MintedTokenView};

pub(super) async fn mint(
    JsonAt(desk, new): JsonAt<FlowDesk, MintToken>,
) -> Result<(StatusCode, Json<MintedTokenView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.mint_token(new).await?)))
}
