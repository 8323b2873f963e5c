//! `/v1/tenants/{tenant}/flows/{flow}/tokens`.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{MintToken, MintedTokenView};

pub(super) async fn mint(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
    JsonBody(new): JsonBody<MintToken>,
) -> Result<(StatusCode, Json<MintedTokenView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.mint_token(&tenant, &flow, new).await?)))
}
