//! `/v1/tenants/{tenant}/flows/{flow}/versions`, activation and rollback.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;

use super::super::body::BodyParts;
use super::super::problem::Problem;
use super::desk::{At, JsonAt, QueryAt, VersionNumber};
use crate::admin::FlowDesk;
use flowhost_api::{
    Activate, Activated, Rehearse, Rehearsed, UploadQuery, UploadedVersion, VersionList,
};

pub(super) async fn upload(
    QueryAt(desk, query): QueryAt<FlowDesk, UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<UploadedVersion>), Problem> {
    // Before the body is read, so that a refused upload costs nothing.
    let mut upload = desk.begin_upload(query).await?;
    let mut parts = BodyParts::of(request.into_body(), MAX_COMPONENT_BYTES);
    while let Some(part) = parts.next().await? {
        upload.write(&part).await?;
    }
    let uploaded = upload.finish().await?;
    let status = if uploaded.existed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(uploaded)))
}

pub(super) async fn list(At(desk): At<FlowDesk>) -> Result<Json<VersionList>, Problem> {
    Ok(Json(VersionList { versions: desk.list_versions().await? }))
}

pub(super) async fn delete(
    At((desk, VersionNumber(version))): At<(FlowDesk, VersionNumber)>,
) -> Result<StatusCode, Problem> {
    desk.delete_version(version).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn rehearse(
    JsonAt((desk, VersionNumber(version)), Rehearse { data }): JsonAt<
        (FlowDesk, VersionNumber),
        Rehearse,
    >,
) -> Result<Json<Rehearsed>, Problem> {
    Ok(Json(desk.rehearse(version, data).await?))
}

pub(super) async fn activate(
    JsonAt(desk, activate): JsonAt<FlowDesk, Activate>,
) -> Result<Json<Activated>, Problem> {
    Ok(Json(desk.activate(activate.version).await?))
}

pub(super) async fn rollback(At(desk): At<FlowDesk>) -> Result<Json<Activated>, Problem> {
    Ok(Json(desk.rollback().await?))
}

/// `SANDBOX.md` lists it among the costs of an upload.
pub(in super::super) const MAX_COMPONENT_BYTES: usize = 64 << 20;
