//! `…/flows/{flow}/live`: what happens, as a page and as server-sent events that add to it.

use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::super::following::{Follower, event_stream};
use super::figures;
use super::form::{Fields, Sent};
use super::path::{Named, Query};
use super::refusal::Refusal;
use super::said::{said, shown_by};
use super::viewer::Viewing;
use crate::admin::{
    AdminError, LiveExchange, LiveFilter, LiveFollower, LiveLine, LiveNews, LivePage, LivePlace,
    LiveStart, Said,
};
use flowhost_api::Right;
use flowhost_console::live::{self, Live};
use flowhost_console::paths;

/// What to show, as the page's form and links have it: empty texts for what is not set.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct LiveQuery {
    outcome: String,
    version: String,
    session: String,
    /// The place before which the page begins.
    before: Option<String>,
    /// The place and the number of the line after which events begin.
    after: Option<String>,
    line: i64,
    /// The entry of the audit log by which texts are open.
    shown: Option<String>,
    /// Set on a page that stands still.
    still: Option<String>,
    span: Option<String>,
}

/// Names a flow in a path.
pub(super) type FlowPath = Named<(String, String)>;

pub(super) async fn show(
    viewing: Viewing,
    Named((tenant, flow)): FlowPath,
    Query(query): Query<LiveQuery>,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Right::Read).flow(&tenant, &flow).await?;
    let before = query.before.as_deref().map(str::parse).transpose()?;
    let opened_by = query.shown.as_deref();
    let page = desk.show_live(&query.filter()?, before, shown_by(opened_by)).await?;
    let (span, name) = figures::span(query.span.as_deref());
    let figures = desk.figures(span).await?;
    let path = paths::flow(&tenant, &flow);
    let revealed = page.revealed;
    let stands_still = query.still.is_some() || before.is_some();
    let events = (!stands_still).then(|| query.events(&path, &page));
    let may_read_lines = viewing.viewer.may(Right::Deploy) && before.is_none();
    let content = live::content(
        &Live {
            flow: &path,
            filter: query.drawable(),
            span: name,
            figures,
            exchanges: page.exchanges.into_iter().map(exchange).collect(),
            next: page.next.map(|place| place.to_string()),
            looked_back_to: page.looked_back_to,
            unanswered: page.unanswered,
            lines: may_read_lines.then(|| page.lines.into_iter().map(line).collect()),
            opened_by: opened_by.filter(|_| revealed),
            events,
        },
        &viewing.viewer,
    );
    Ok(viewing.page(&format!("{flow}: live"), &above(&tenant, &flow), content))
}

/// Events that add to the lists of a page.
pub(super) async fn events(
    viewing: Viewing,
    Named((tenant, flow)): FlowPath,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Right::Read).flow(&tenant, &flow).await?;
    let start = match resumed(&headers) {
        Some(start) => start,
        None => {
            let exchange = query.after.as_deref().map(str::parse).transpose()?;
            LiveStart { exchange, line: query.line }
        }
    };
    let opened_by = shown_by(query.shown.as_deref());
    let follower = desk.follow_live(query.filter()?, start, opened_by).await?;
    let events = LiveEvents { follower, flow: paths::flow(&tenant, &flow), last: start.exchange };
    Ok(event_stream(String::new(), events, viewing.state.stopping.clone()))
}

/// Notes that the viewer opens what was logged, then shows it.
pub(super) async fn reveal(
    Named((tenant, flow)): FlowPath,
    Query(query): Query<LiveQuery>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Right::Deploy).flow(&tenant, &flow).await?;
    let entry = desk.reveal(Said::Log).await?.to_string();
    let page = format!("{}/live", paths::flow(&tenant, &flow));
    Ok(Redirect::to(&query.drawable().path(&page, &[("shown", &entry)])).into_response())
}

impl LiveQuery {
    fn filter(&self) -> Result<LiveFilter, AdminError> {
        let set = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let version = set(&self.version).map(|version| version.parse()).transpose();
        let session = set(&self.session).map(|session| session.parse()).transpose();
        Ok(LiveFilter {
            outcome: set(&self.outcome),
            version: version.map_err(|_| {
                AdminError::Invalid("version is the number of a version".to_owned())
            })?,
            session: session.map_err(|_| {
                AdminError::Invalid("session is the whole id of a session".to_owned())
            })?,
        })
    }

    fn drawable(&self) -> live::LiveFilter<'_> {
        live::LiveFilter { outcome: &self.outcome, version: &self.version, session: &self.session }
    }

    /// Where the events come from that go on after this page.
    fn events(&self, flow: &str, page: &LivePage) -> String {
        let after = page.exchanges.first().map(|newest| newest.place.to_string());
        let line = page.last_line.to_string();
        let shown = self.shown.as_deref().filter(|_| page.revealed);
        let more = [
            ("after", after.as_deref().unwrap_or_default()),
            ("line", &line),
            ("shown", shown.unwrap_or_default()),
        ];
        self.drawable().path(&format!("{flow}/live/events"), &more)
    }
}

/// A browser that lost its connection says which event it had last.
fn resumed(headers: &HeaderMap) -> Option<LiveStart> {
    let (line, place) = headers.get("last-event-id")?.to_str().ok()?.split_once(' ')?;
    Some(LiveStart { exchange: place.parse().ok(), line: line.parse().ok()? })
}

struct LiveEvents {
    follower: LiveFollower,
    flow: String,
    /// The exchange that was sent last.
    last: Option<LivePlace>,
}

impl Follower for LiveEvents {
    async fn next_events(&mut self) -> Result<String, AdminError> {
        let LiveNews { exchanges, skipped, unanswered, lines } = self.follower.next().await?;
        let mut events = String::new();
        if skipped {
            events += &self.event("skipped", SKIPPED);
        }
        for read in exchanges {
            self.last = Some(read.place);
            let row = live::exchange_row(&self.flow, &exchange(read), &[]);
            events += &self.event("exchange", &row.into_string());
        }
        if let Some(unanswered) = unanswered {
            let rows = live::unanswered_rows(&unanswered);
            events += &self.event("unanswered", &rows.into_string());
        }
        for read in lines {
            let item = live::line_item(&self.flow, &line(read));
            events += &self.event("line", &item.into_string());
        }
        Ok(events)
    }

    async fn is_still_allowed(&self) -> Result<bool, AdminError> {
        self.follower.is_still_allowed().await
    }
}

impl LiveEvents {
    /// One event; its id says where to go on.
    fn event(&self, name: &str, html: &str) -> String {
        let place = self.last.map(|place| place.to_string()).unwrap_or_default();
        let line = self.follower.last_line();
        let lines = html.replace("\r\n", "\n").replace('\r', "\n");
        let data: String = lines.split('\n').map(|line| format!("data: {line}\n")).collect();
        format!("event: {name}\nid: {line} {place}\n{data}\n")
    }
}

fn exchange(read: LiveExchange) -> live::LiveExchange {
    live::LiveExchange { session: read.session.to_string(), view: read.exchange }
}

/// A line for a page.
pub(super) fn line(read: LiveLine) -> live::LiveLine {
    live::LiveLine { view: read.line, text: said(read.text) }
}

/// The pages above those of a flow.
pub(super) fn above<'a>(tenant: &'a str, flow: &'a str) -> [(&'a str, String); 2] {
    [(tenant, paths::tenant(tenant)), (flow, paths::flow(tenant, flow))]
}

const SKIPPED: &str = "More came than is shown here: load the page again to see it.";
