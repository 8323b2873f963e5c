//! `…/flows/{flow}/sessions`, and one of them.

use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::form::{Fields, Sent};
use super::live::{FlowPath, above, line};
use super::path::{Named, Query};
use super::refusal::Refusal;
use super::said::{said, shown_by};
use super::viewer::Viewing;
use crate::admin::{AdminError, KeptReply, Said, SessionCourse};
use flowhost_api::{Right, SessionQuery};
use flowhost_console::paths;
use flowhost_console::session::{self, SessionPage};
use flowhost_console::sessions::{self, Sessions};
use flowhost_protocol::ids::SessionId;

/// Which sessions to list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    status: String,
    before: Option<SessionId>,
}

/// By which entry of the audit log texts are open.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ShownBy {
    shown: Option<String>,
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
    Query(query): Query<ShownBy>,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Right::Read).flow(&tenant, &flow).await?;
    let opened_by = shown_by(query.shown.as_deref());
    let course = desk.show_course(parse(&session)?, opened_by).await?;
    let SessionCourse { details, messages, log, reply, revealed } = course;
    let path = paths::flow(&tenant, &flow);
    let page = SessionPage {
        flow: &path,
        details,
        messages: messages.into_iter().map(|message| message.map(said)).collect(),
        log: log.into_iter().map(line).collect(),
        reply: match reply {
            Some(reply) => Some(drawn(reply).await?),
            None => None,
        },
        revealed,
    };
    let content = session::content(&page, &viewing.viewer);
    let [tenants, of_flow] = above(&tenant, &flow);
    let above = [tenants, of_flow, ("sessions", format!("{path}/sessions"))];
    Ok(viewing.page("Session", &above, content))
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

/// Draws a reply off the async threads: a Flow JSON may be large.
async fn drawn(reply: KeptReply) -> Result<session::KeptReply, AdminError> {
    let number = reply.number;
    let draw = move || session::drawn(&reply.payload, reply.flow_json.as_deref());
    let drawn = tokio::task::spawn_blocking(draw).await;
    let drawn = drawn.map_err(|error| AdminError::Interrupted(error.to_string()))?;
    Ok(session::KeptReply { number, drawn })
}

fn parse(session: &str) -> Result<SessionId, AdminError> {
    session.parse().map_err(|_| AdminError::NotFound("session"))
}
