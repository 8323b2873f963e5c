//! Versions uploaded, tried, activated and deleted.

use axum::extract::Request;
use axum::http::{HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::admin::MAX_COMPONENT_BYTES;
use super::super::form::{Fields, Sent};
use super::super::multipart::FileForm;
use super::super::path::Named;
use super::super::refusal::{Refusal, is_for_part};
use super::super::viewer::Viewing;
use super::below;
use crate::admin::{AdminError, FlowDesk};
use flowhost_api::{Route, UploadQuery, UploadedVersion};
use flowhost_console::flow::Plan;
use flowhost_console::{flow, paths};

/// Takes a version as a form. A script that shows how far it is asks for the path of the next page
/// and not for the page, which would lose its notice.
pub(super) async fn upload(
    Named((tenant, name)): Named<(String, String)>,
    viewing: Viewing,
    request: Request,
) -> Result<Response, Refusal> {
    // Before the body is read, so that a refused upload costs nothing.
    let desk = viewing.visitor(Route::UploadVersion.right()).flow(&tenant, &name).await?;
    let by_script = is_for_part(request.headers());
    let mut form = FileForm::of(&viewing, request).await?;
    let mut note = None;
    while let Some(mut part) = form.next().await? {
        match part.name() {
            "note" => note = Some(part.text().await?).filter(|note| !note.trim().is_empty()),
            "component" => {
                form.let_come(&mut part, MAX_COMPONENT_BYTES);
                let query = UploadQuery { note, ..UploadQuery::default() };
                let mut upload = desk.begin_upload(query).await?;
                while let Some(bytes) = part.next().await? {
                    upload.write(&bytes).await?;
                }
                let said = said(&upload.finish().await?);
                return Ok(next_page(&paths::flow(&tenant, &name), &said, by_script));
            }
            _ => (),
        }
    }
    Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "No component was sent."))
}

fn said(uploaded: &UploadedVersion) -> String {
    let stored = format!("Version {} was uploaded.", uploaded.version);
    match &uploaded.lost_manifest {
        Some(lost) => format!("{stored} It asks for nothing: {lost}"),
        None if !uploaded.manifest => {
            format!("{stored} It has no manifest, so it asks for nothing.")
        }
        None => format!("{stored} Rehearse it, then activate it."),
    }
}

fn next_page(path: &str, said: &str, by_script: bool) -> Response {
    let mut response = Viewing::done(path, said);
    if by_script {
        let (mut head, _) = response.into_parts();
        if let Some(location) = head.headers.remove("location") {
            head.headers.insert(HeaderName::from_static("hx-redirect"), location);
        }
        head.status = StatusCode::NO_CONTENT;
        response = (head, ()).into_response();
    }
    response
}

pub(super) async fn ask_rehearsal(
    Named((tenant, name, version)): Named<(String, String, i32)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::RehearseVersion.right()).flow(&tenant, &name).await?;
    desk.show_version(version).await?;
    let content = flow::rehearsal(&viewing.viewer, &tenant, &name, version, "", None);
    Ok(below(&viewing, &tenant, &name, &format!("Rehearse version {version}"), content))
}

#[derive(Deserialize)]
pub(super) struct Rehearsal {
    #[serde(default)]
    data: String,
}

pub(super) async fn rehearse(
    Named((tenant, name, version)): Named<(String, String, i32)>,
    Sent(viewing, Rehearsal { data }): Sent<Rehearsal>,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::RehearseVersion.right()).flow(&tenant, &name).await?;
    let outcome = desk.rehearse(version, parse_data(&data)?).await?;
    let content = flow::rehearsal(&viewing.viewer, &tenant, &name, version, &data, Some(&outcome));
    Ok(below(&viewing, &tenant, &name, &format!("Rehearse version {version}"), content))
}

fn parse_data(text: &str) -> Result<Map<String, Value>, Refusal> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text).map_err(|error| {
        let why = format!("The data is no JSON object: {error}");
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why)
    })
}

pub(super) async fn ask_activation(
    Named((tenant, name, version)): Named<(String, String, i32)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::ActivateVersion.right()).flow(&tenant, &name).await?;
    let plan = find(&desk, version).await?;
    let content = flow::activate(&viewing.viewer, &tenant, &name, &plan);
    Ok(below(&viewing, &tenant, &name, &format!("Activate version {version}"), content))
}

pub(super) async fn activate(
    Named((tenant, name, version)): Named<(String, String, i32)>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::ActivateVersion.right()).flow(&tenant, &name).await?;
    desk.activate(version).await?;
    Ok(Viewing::done(&paths::flow(&tenant, &name), &format!("Version {version} answers now.")))
}

pub(super) async fn ask_rollback(
    Named((tenant, name)): Named<(String, String)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::RollBack.right()).flow(&tenant, &name).await?;
    let previous = desk.show_flow().await?.previous_version;
    let plan = find(&desk, previous.ok_or_else(nothing_before)?).await?;
    let content = flow::roll_back(&viewing.viewer, &tenant, &name, &plan);
    Ok(below(&viewing, &tenant, &name, &format!("Go back to version {}", plan.to), content))
}

/// The version that the page named.
#[derive(Deserialize)]
pub(super) struct Back {
    version: i32,
}

pub(super) async fn roll_back(
    Named((tenant, name)): Named<(String, String)>,
    Sent(viewing, Back { version }): Sent<Back>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::RollBack.right()).flow(&tenant, &name).await?;
    let previous = desk.show_flow().await?.previous_version;
    if previous.ok_or_else(nothing_before)? != version {
        let why = "another version was activated meanwhile: nothing was done; look and try again";
        return Err(AdminError::Conflict(why.to_owned()).into());
    }
    let activated = desk.rollback().await?;
    let said = format!("Version {} answers again.", activated.active_version);
    Ok(Viewing::done(&paths::flow(&tenant, &name), &said))
}

pub(super) async fn ask_delete(
    Named((tenant, name, version)): Named<(String, String, i32)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::DeleteVersion.right()).flow(&tenant, &name).await?;
    let found = desk.show_version(version).await?;
    let content = flow::delete_version(&viewing.viewer, &tenant, &name, &found);
    Ok(below(&viewing, &tenant, &name, &format!("Delete version {version}"), content))
}

pub(super) async fn delete(
    Named((tenant, name, version)): Named<(String, String, i32)>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::DeleteVersion.right()).flow(&tenant, &name).await?;
    desk.delete_version(version).await?;
    Ok(Viewing::done(&paths::flow(&tenant, &name), &format!("Version {version} was deleted.")))
}

/// What the activation of a version would change. Fails if there is no such version.
async fn find(desk: &FlowDesk, version: i32) -> Result<Plan, AdminError> {
    let (flow, to) = (desk.show_flow().await?, desk.show_version(version).await?);
    let active = match flow.active_version {
        Some(active) => Some(desk.show_version(active).await?),
        None => None,
    };
    Ok(Plan::of(&flow, active.as_ref(), &to))
}

fn nothing_before() -> AdminError {
    AdminError::Conflict("no version was active before this one".to_owned())
}
