//! `/v1/partners`.

use axum::Json;
use axum::http::StatusCode;

use super::super::problem::{Names, Problem};
use super::desk::{At, JsonAt};
use crate::admin::Desk;
use flowhost_api::{CreatePartner, PartnerList, PartnerView, PatchPartner};

pub(super) async fn create(
    JsonAt(desk, new): JsonAt<Desk, CreatePartner>,
) -> Result<(StatusCode, Json<PartnerView>), Problem> {
    Ok((StatusCode::CREATED, Json(desk.create_partner(new).await?)))
}

pub(super) async fn list(At(desk): At<Desk>) -> Result<Json<PartnerList>, Problem> {
    Ok(Json(PartnerList { partners: desk.list_partners().await? }))
}

pub(super) async fn show(
    At(desk): At<Desk>,
    Names(partner): Names<String>,
) -> Result<Json<PartnerView>, Problem> {
    Ok(Json(desk.show_partner(&partner).await?))
}

pub(super) async fn update(
    Names(partner): Names<String>,
    JsonAt(desk, patch): JsonAt<Desk, PatchPartner>,
) -> Result<Json<PartnerView>, Problem> {
    Ok(Json(desk.update_partner(&partner, patch).await?))
}

pub(super) async fn delete(
    At(desk): At<Desk>,
    Names(partner): Names<String>,
) -> Result<StatusCode, Problem> {
    desk.delete_partner(&partner).await?;
    Ok(StatusCode::NO_CONTENT)
}
