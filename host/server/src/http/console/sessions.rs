//! `…/flows/{flow}/sessions`, and one of them.

use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::counted::counted;
use super::form::{Fields, Sent};
use super::live::{FlowPath, above, line};
use super::path::{Named, Query};
use super::refusal::Refusal;
use super::said::{said, shown_by};
use super::viewer::Viewing;
use crate::admin::{AdminError, FlowDesk, KeptReply, Said, SessionCourse};
use flowhost_api::{Right, SessionQuery};
use flowhost_console::paths;
use flowhost_console::session::{self, DrawnReply, ROOM_FOR_REPLIES, SessionPage, draw_replies};
use flowhost_console::sessions::{self, Sessions};
use flowhost_protocol::ids::SessionId;

/// Which sessions to list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    status: String,
    before: Option<SessionId>,
}

/// What the page of a session shows of what was said.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CourseQuery {
    /// The entry of the audit log by which texts are open.
    shown: Option<String>,
    /// The number before which replies are drawn.
    before: Option<i64>,
}

pub(super) async fn list(
    viewing: Viewing,
    Named((tenant, flow)): FlowPath,
    Query(query): Query<ListQuery>,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Right::Read).flow(&tenant, &flow).await?;
    let status = Some(query.status.clone()).filter(|status| !status.is_empty());
    let asked = SessionQuery { status, limit: None, before: query.before };
    let page = desk.list_sessions(asked).await?;
    let content = sessions::content(&Sessions {
        flow: &paths::flow(&tenant, &flow),
        status: &query.status,
        sessions: page.sessions,
        next: page.next_before.map(|before| before.to_string()),
        is_first: query.before.is_none(),
    });
    Ok(viewing.page(&format!("{flow}: sessions"), &above(&tenant, &flow), content))
}

pub(super) async fn show(
    viewing: Viewing,
    Named((tenant, flow, session)): Named<(String, String, String)>,
    Query(query): Query<CourseQuery>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Right::Read).flow(&tenant, &flow).await?;
    let opened_by = shown_by(query.shown.as_deref());
    // What is opened is drawn by Flow JSON, so it has room first, and keeps it until the page is read.
    let room = match opened_by {
        Some(_) => Some(desk.room_for_flow_json().await?),
        None => None,
    };
    let course = desk.show_course(parse(&session)?, opened_by, query.before).await?;
    let SessionCourse { details, messages, log, replies, older_before, revealed } = course;
    let path = paths::flow(&tenant, &flow);
    let page = SessionPage {
        flow: &path,
        details,
        messages: messages.into_iter().map(|message| message.map(said)).collect(),
        log: log.into_iter().map(line).collect(),
        keeps_replies: desk.keeps_replies(),
        replies: drawn(&desk, replies).await?,
        older_before,
        is_older: revealed && query.before.is_some(),
        opened_by: query.shown.as_deref().filter(|_| revealed),
    };
    let content = session::content(&page, &viewing.viewer);
    let [tenants, of_flow] = above(&tenant, &flow);
    let above = [tenants, of_flow, ("sessions", format!("{path}/sessions"))];
    let Html(page) = viewing.page("Session", &above, content);
    Ok(match room {
        Some(room) => Html(counted(page, room)).into_response(),
        None => Html(page).into_response(),
    })
}

/// Notes that the viewer opens what was said in a session, then shows it.
pub(super) async fn reveal(
    Named((tenant, flow, session)): Named<(String, String, String)>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Right::Deploy).flow(&tenant, &flow).await?;
    let session = parse(&session)?;
    let entry = desk.reveal(Said::Session(session)).await?;
    let path = format!("{}/sessions/{session}?shown={entry}", paths::flow(&tenant, &flow));
    Ok(Redirect::to(&path).into_response())
}

/// Draws replies off the async threads, those of one version after those of another, so that there is
/// one Flow JSON at a time, which may be large. The newest get the room that a page has.
async fn drawn(
    desk: &FlowDesk,
    mut replies: Vec<KeptReply>,
) -> Result<Vec<DrawnReply>, AdminError> {
    let (mut all, mut room, mut versions) = (Vec::new(), ROOM_FOR_REPLIES, 0);
    while let Some(version) = replies.first().map(|reply| reply.version) {
        let (of_version, others) = replies.into_iter().partition(|reply| reply.version == version);
        replies = others;
        versions += 1;
        if versions > VERSIONS_OF_A_PAGE {
            room = 0;
        }
        let flow_json = if room > 0 { desk.flow_json_of(version).await? } else { None };
        let draw = move || draw_of_version(&of_version, flow_json.as_deref(), room);
        let (some, left) = desk.drawing(draw).await?;
        all.extend(some);
        room = left;
    }
    Ok(all)
}

/// Returns the room that is left, too.
fn draw_of_version(
    replies: &[KeptReply],
    flow_json: Option<&[u8]>,
    mut room: usize,
) -> (Vec<DrawnReply>, usize) {
    let replies = replies.iter().map(|reply| session::KeptReply {
        number: reply.number,
        payload: &reply.payload,
        is_refusal: reply.is_refusal,
    });
    (draw_replies(replies, flow_json, &mut room), room)
}

fn parse(session: &str) -> Result<SessionId, AdminError> {
    session.parse().map_err(|_| AdminError::NotFound("session"))
}

/// Each has a Flow JSON of up to 10 MiB to be read. Conversations have seen two at the very most.
const VERSIONS_OF_A_PAGE: usize = 4;
