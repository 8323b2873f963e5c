//! `/v1/partners`.

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{CreatePartner, PartnerView, PatchPartner};

pub(super) async fn create(
    AtDesk(desk): AtDesk,
    JsonBody(new): JsonBody<CreatePartner>,
) -> Result<(StatusCode, Json<PartnerView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_partner(new).await?)))
}

pub(super) async fn list(AtDesk(desk): AtDesk) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"partners": desk.list_partners().await?})))
}

pub(super) async fn show(AtDesk(desk): AtDesk, Names(partner): Names<String>) -> Result<Json<PartnerView>, Problem> {
    Ok(Json(desk.show_partner(&partner).await?))
}

pub(super) async fn update(
    AtDesk(desk): AtDesk,
    Names(partner): Names<String>,
    JsonBody(patch): JsonBody<PatchPartner>,
) -> Result<Json<PartnerView>, Problem> {
    Ok(Json(desk.update_partner(&partner, patch).await?))
}

pub(super) async fn delete(AtDesk(desk): AtDesk, Names(partner): Names<String>) -> Result<StatusCode, Problem> {
    desk.delete_partner(&partner).await?;
    Ok(StatusCode::NO_CONTENT)
}
