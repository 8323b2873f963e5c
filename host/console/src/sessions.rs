//! A flow's sessions.

use flowhost_api::SessionView;
use maud::{Markup, html};

use crate::live::short;
use crate::parts::session_status;
use crate::url::with_query;
use crate::when::when;

/// A page of sessions.
#[derive(Debug)]
pub struct Sessions<'a> {
    /// The flow's path in the console.
    pub flow: &'a str,
    /// The status that is asked for; empty for all.
    pub status: &'a str,
    /// The newest first.
    pub sessions: Vec<SessionView>,
    /// The session before which the next page begins.
    pub next: Option<String>,
    /// Whether this is the first page.
    pub is_first: bool,
}

/// What stands below the heading.
pub fn content(page: &Sessions<'_>) -> Markup {
    let path = format!("{}/sessions", page.flow);
    let list =
        |more: &[(&str, &str)]| with_query(&path, &[&[("status", page.status)], more].concat());
    html! {
        form.panel.filter method="get" action=(path) {
            div {
                label for="status" { "Status" }
                select #status name="status" {
                    option value="" { "all" }
                    @for status in STATUSES { option value=(status) selected[page.status == status] { (status) } }
                }
            }
            div.buttons { button.primary { "Show" } }
        }
        @if page.sessions.is_empty() {
            p { "No session is kept that fits." }
        } @else {
            div.scroll.panel tabindex="0" role="region" aria-label="Sessions" {
                table {
                    thead {
                        tr {
                            @for head in ["Session", "Status", "Screen", "Exchanges", "Began (UTC)", "Last exchange"] {
                                th scope="col" { (head) }
                            }
                        }
                    }
                    tbody { @for session in &page.sessions { (row(&path, session)) } }
                }
            }
        }
        nav.pages aria-label="Pages of sessions" {
            @if !page.is_first { a href=(list(&[])) { "Newest sessions" } }
            @if let Some(next) = &page.next { a rel="next" href=(list(&[("before", next)])) { "Older sessions" } }
        }
    }
}

fn row(path: &str, session: &SessionView) -> Markup {
    let id = session.id.to_string();
    html! {
        tr {
            th scope="row" { a href={ (path) "/" (id) } title=(id) { (short(&id)) } }
            td { (session_status(&session.status)) @if session.shared { div.hint { "its token is shared by many" } } }
            td { (session.screen.as_deref().unwrap_or("–")) }
            td { (session.exchanges) }
            td { (when(&session.created_at)) }
            td { (when(&session.updated_at)) }
        }
    }
}

/// As the API spells them.
const STATUSES: [&str; 4] = ["open", "completed", "rejected", "expired"];
