//! `/v1/tenants/{tenant}/flows/{flow}/versions`, activation and rollback.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::body::BodyParts;
use super::super::problem::{JsonBody, Names, Problem};
use super::desk::AtDesk;
use crate::admin::{Activated, AdminError, Rehearsed, UploadedVersion};

/// Which version to activate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Activate {
    version: i32,
}

/// What the INIT of a rehearsal carries.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Rehearse {
    data: Map<String, Value>,
}

pub(super) async fn upload(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
    request: Request,
) -> Result<(StatusCode, Json<UploadedVersion>), Problem> {
    // Before the body is read: who may not upload costs nothing.
    let mut upload = desk.begin_upload(&tenant, &flow).await?;
    let mut parts = BodyParts::of(request.into_body(), MAX_COMPONENT_BYTES);
    while let Some(part) = parts.next().await? {
        upload.write(&part).await?;
    }
    Ok((StatusCode::CREATED, Json(desk.upload_version(&tenant, &flow, upload).await?)))
}

pub(super) async fn list(AtDesk(desk): AtDesk, Names((tenant, flow)): Names<(String, String)>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"versions": desk.list_versions(&tenant, &flow).await?})))
}

pub(super) async fn rehearse(
    AtDesk(desk): AtDesk,
    Names((tenant, flow, version)): Names<(String, String, String)>,
    JsonBody(Rehearse { data }): JsonBody<Rehearse>,
) -> Result<Json<Rehearsed>, Problem> {
    // What is no number names no version.
    let version = version.parse().map_err(|_| AdminError::NotFound("version"))?;
    Ok(Json(desk.rehearse(&tenant, &flow, version, data).await?))
}

pub(super) async fn activate(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
    JsonBody(activate): JsonBody<Activate>,
) -> Result<Json<Activated>, Problem> {
    Ok(Json(desk.activate(&tenant, &flow, activate.version).await?))
}

pub(super) async fn rollback(
    AtDesk(desk): AtDesk,
    Names((tenant, flow)): Names<(String, String)>,
) -> Result<Json<Activated>, Problem> {
    Ok(Json(desk.rollback(&tenant, &flow).await?))
}

/// `SANDBOX.md` has it among what an upload may cost.
const MAX_COMPONENT_BYTES: usize = 64 << 20;
