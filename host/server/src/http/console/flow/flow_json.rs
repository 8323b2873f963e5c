//! The Flow JSON of a flow.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::super::super::admin::MAX_FLOW_JSON_BYTES;
use super::super::super::body::BodyError;
use super::super::super::problem::finding_views;
use super::super::counted::counted;
use super::super::form::{Fields, Sent, typed};
use super::super::multipart::FileForm;
use super::super::path::Named;
use super::super::refusal::Refusal;
use super::super::viewer::Viewing;
use super::below;
use crate::admin::{AdminError, FlowDesk, off_the_async_threads};
use flowhost_api::{FindingView, Route};
use flowhost_console::flow::json::{FlowJsonPage, content};
use flowhost_console::{Notice, flow, paths};
use flowhost_runtime::tenant_limits::Permit;

pub(super) async fn show(
    Named((tenant, name)): Named<(String, String)>,
    viewing: Viewing,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::ShowFlowJson.right()).flow(&tenant, &name).await?;
    // First, so that those who wait hold no document.
    let room = desk.room_for_flow_json().await?;
    let versions = numbers(&desk).await?;
    let (text, findings) = match desk.review_flow_json().await? {
        Some((text, findings)) => (Some(text), finding_views(&findings)),
        None => (None, Vec::new()),
    };
    let shown = Shown { tenant, name, text, findings, is_stored: true, versions, chosen: None };
    Ok(shown.draw(viewing, room).await?)
}

/// Takes a Flow JSON as a file or as a text. The answer to one that is refused is the page with what
/// was sent, and what is wrong beside its lines.
pub(super) async fn put(
    Named((tenant, name)): Named<(String, String)>,
    viewing: Viewing,
    request: Request,
) -> Result<Response, Refusal> {
    // Before the body is read, so that a refused upload costs nothing.
    let desk = viewing.visitor(Route::PutFlowJson.right()).flow(&tenant, &name).await?;
    let mut form = FileForm::of(&viewing, request).await?;
    let version = match form.next().await? {
        Some(part) if part.name() == "version" => parse_version(&part.text().await?)?,
        _ => return Err(nothing_sent()),
    };
    let versions = numbers(&desk).await?;
    let upload = desk.clone().begin_flow_json(version)?;
    let document = document(&mut form).await?;
    match upload.finish(document.clone()).await {
        Ok(notes) => {
            let path = paths::of_flow(&tenant, &name, "flow-json");
            Ok(Viewing::done(&path, &taken(version, notes.iter().count())))
        }
        Err(AdminError::FlowJson(findings)) => {
            let room = desk.room_for_flow_json().await?;
            let (text, findings) = (Some(document), finding_views(&findings));
            let chosen = version;
            let shown = Shown { tenant, name, text, findings, is_stored: false, versions, chosen };
            let why = "The Flow JSON was not taken: see what is wrong with it.".to_owned();
            let page = shown.draw(viewing.saying(Notice::Problem(why)), room).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What a page shows, of which the document may be large.
struct Shown {
    tenant: String,
    name: String,
    text: Option<Vec<u8>>,
    findings: Vec<FindingView>,
    /// Whether it is the flow's, and not what was sent and refused.
    is_stored: bool,
    versions: Vec<i32>,
    /// The version that was sent for.
    chosen: Option<i32>,
}

impl Shown {
    /// Draws the page off the async threads. It has its room until it is sent.
    async fn draw(self, viewing: Viewing, room: Permit) -> Result<Response, AdminError> {
        let Html(page) = off_the_async_threads(move || self.page(&viewing)).await?;
        Ok(Html(counted(page, room)).into_response())
    }

    fn page(self, viewing: &Viewing) -> Html<String> {
        let Self { tenant, name, text, findings, is_stored, versions, chosen } = self;
        let text = text.as_deref().map(String::from_utf8_lossy);
        let page = FlowJsonPage {
            viewer: &viewing.viewer,
            tenant: &tenant,
            flow: &name,
            text: text.as_deref(),
            findings: &findings,
            is_stored,
            versions: &versions,
            chosen,
        };
        below(viewing, &tenant, &name, "Flow JSON", content(&page))
    }
}

/// The file, or if none was chosen, the text.
async fn document(form: &mut FileForm) -> Result<Vec<u8>, Refusal> {
    while let Some(mut part) = form.next().await? {
        match part.name() {
            "file" => {
                form.let_come(&mut part, MAX_FLOW_JSON_BYTES);
                let file = part.bytes().await?;
                if !file.is_empty() {
                    return Ok(file);
                }
            }
            "document" => {
                // Each line ends with one character more than it will.
                form.let_come(&mut part, 2 * MAX_FLOW_JSON_BYTES);
                let text = typed(&part.text().await?);
                if text.len() > MAX_FLOW_JSON_BYTES {
                    return Err(BodyError::TooLarge.into());
                }
                return Ok(text.into_bytes());
            }
            _ => (),
        }
    }
    Err(nothing_sent())
}

fn taken(version: Option<i32>, notes: usize) -> String {
    let of = match version {
        Some(version) => format!("The Flow JSON of version {version} was put."),
        None => "The Flow JSON was put.".to_owned(),
    };
    match notes {
        0 => of,
        1 => format!("{of} There is a note on it."),
        notes => format!("{of} There are {notes} notes on it."),
    }
}

/// The document as a file, byte for byte.
pub(super) async fn download(
    Named((tenant, name)): Named<(String, String)>,
    viewing: Viewing,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::ShowFlowJson.right()).flow(&tenant, &name).await?;
    let room = desk.room_for_flow_json().await?;
    let file = format!("attachment; filename=\"{name}.json\"");
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, counted(desk.show_flow_json().await?, room)).into_response())
}

pub(super) async fn ask_delete(
    Named((tenant, name)): Named<(String, String)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::DeleteFlowJson.right()).flow(&tenant, &name).await?;
    let shown = desk.show_flow().await?;
    if shown.flow_json_digest.is_none() {
        return Err(AdminError::NotFound("Flow JSON").into());
    }
    let content = flow::delete_flow_json(&viewing.viewer, &tenant, &shown);
    Ok(below(&viewing, &tenant, &name, "Delete the Flow JSON", content))
}

pub(super) async fn delete(
    Named((tenant, name)): Named<(String, String)>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::DeleteFlowJson.right()).flow(&tenant, &name).await?;
    desk.delete_flow_json().await?;
    let path = paths::of_flow(&tenant, &name, "flow-json");
    Ok(Viewing::done(&path, "The Flow JSON was deleted."))
}

async fn numbers(desk: &FlowDesk) -> Result<Vec<i32>, AdminError> {
    let (newest, _) = desk.page_of_versions(None).await?;
    Ok(newest.into_iter().map(|version| version.version).collect())
}

fn parse_version(text: &str) -> Result<Option<i32>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| AdminError::NotFound("version").into())
}

fn nothing_sent() -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "No Flow JSON was sent.")
}
