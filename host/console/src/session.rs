//! One session as a conversation, from top to bottom.

use flowhost_api::{ClientErrorView, ExchangeView, Right, SessionDetails};
use flowhost_client::conversation::Conversation;
use flowhost_flow_json::Document;
use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::frame::form;
use crate::live::{LiveLine, line_item, milliseconds, screens};
use crate::parts::{outcome, session_status};
use crate::said::Said;
use crate::when::when;
use crate::{Viewer, phone};

/// What the page shows of a session.
#[derive(Debug)]
pub struct SessionPage<'a> {
    /// The flow's path in the console.
    pub flow: &'a str,
    /// The session, without texts that may be customers'.
    pub details: SessionDetails,
    /// The messages of its client errors, in their order.
    pub messages: Vec<Option<Said>>,
    /// What the plugin logged in it, the oldest first.
    pub log: Vec<LiveLine>,
    /// The reply that is kept, drawn.
    pub reply: Option<KeptReply>,
    /// Whether texts are open.
    pub revealed: bool,
}

/// The reply to the last request.
#[derive(Debug)]
pub struct KeptReply {
    /// The number of its exchange.
    pub number: i64,
    /// What [`drawn`] made of it.
    pub drawn: Markup,
}

/// A reply as the phone would draw it by this Flow JSON, and as JSON. Takes milliseconds for a large
/// document.
pub fn drawn(payload: &[u8], flow_json: Option<&[u8]>) -> Markup {
    let reply: Value = serde_json::from_slice(payload).unwrap_or(Value::Null);
    let readable = serde_json::to_string_pretty(&reply).unwrap_or_default();
    let still = still(&reply, flow_json);
    html! {
        @if let Some(still) = &still {
            div.phone { (still) }
        } @else {
            p.hint { "No Flow JSON says how the phone would draw this." }
        }
        details open[still.is_none()] {
            summary { "The reply as JSON" }
            pre.said tabindex="0" { (readable) }
        }
    }
}

/// `None` if the reply is no screen, or the Flow JSON does not have that screen.
fn still(reply: &Value, flow_json: Option<&[u8]>) -> Option<Markup> {
    let document = Document::parse(flow_json?).ok()?;
    let screen = reply.get("screen")?.as_str()?;
    document.screen(screen)?;
    let empty = Map::new();
    let data = reply.get("data").and_then(Value::as_object).unwrap_or(&empty);
    let mut conversation = Conversation::new(Some(document), "");
    conversation.arrive(screen, data.clone());
    Some(phone::still(&conversation))
}

/// What stands below the heading.
pub fn content(page: &SessionPage<'_>, viewer: &Viewer) -> Markup {
    let session = &page.details.session;
    html! {
        section.panel aria-labelledby="session" {
            h2 #session { "Session " code { (session.id) } }
            p {
                (session_status(&session.status))
                " · " (session.exchanges) @if session.exchanges == 1 { " exchange" } @else { " exchanges" }
                " · began " (when(&session.created_at)) " UTC · its state is kept until " (when(&session.expires_at))
                @if session.shared { " · its token is shared by many, so each exchange stands alone" }
            }
            (opening(page, viewer))
        }
        section aria-labelledby="course" {
            h2 #course { "What happened" }
            @if page.details.history.is_empty() { p.hint { "No exchange is kept." } }
            ol.course {
                @for exchange in &page.details.history { (step(page, exchange)) }
            }
            @if let Some(reply) = kept_alone(page) {
                p.hint { "The exchange of this reply, number " (reply.number) ", is not kept any more:" }
                (reply.drawn)
            }
        }
        (client_errors(page))
        (log(page))
    }
}

/// Says what is kept of what was said, and lets those open it who may.
fn opening(page: &SessionPage<'_>, viewer: &Viewer) -> Markup {
    let path = format!("{}/sessions/{}/reveal", page.flow, page.details.session.id);
    html! {
        p.hint {
            "Of what was said the host keeps the reply to the last request alone, sealed, to answer a repeat of it. "
            "What users sent is never kept."
        }
        @if page.revealed {
            p.hint { "Texts are open for an hour. The audit log says that you opened them." }
        } @else if viewer.may(Right::Deploy) {
            (form(viewer, &path, html! {
                button { "Show what was answered" }
                p.hint { "With it come what was logged and what the phone reported. The audit log will say that you opened them." }
            }))
        } @else {
            p.hint { "Opening it takes the role deploy." }
        }
    }
}

/// Exchanges may go before their session does.
fn kept_alone<'a>(page: &'a SessionPage<'_>) -> Option<&'a KeptReply> {
    let history = &page.details.history;
    let is_there = |reply: &&KeptReply| history.iter().any(|one| one.number == reply.number);
    page.reply.as_ref().filter(|reply| !is_there(reply))
}

fn step(page: &SessionPage<'_>, exchange: &ExchangeView) -> Markup {
    let kept = page.reply.as_ref().filter(|reply| reply.number == exchange.number);
    html! {
        li.panel id={ "exchange-" (exchange.number) } {
            h3 { (exchange.number) ". " (exchange.action) ": " (screens(exchange)) }
            p {
                (outcome(&exchange.outcome))
                " · " @match exchange.plugin_version {
                    Some(version) => { "version " (version) }
                    None => "no version was asked",
                }
                " · " (milliseconds(exchange.duration_ms)) " · " (when(&exchange.created_at)) " UTC"
                @if let Some(request) = &exchange.request_id { " · request " code { (request) } }
            }
            @if let Some(reply) = kept { (reply.drawn) }
        }
    }
}

fn client_errors(page: &SessionPage<'_>) -> Markup {
    let errors = &page.details.client_errors;
    html! {
        @if !errors.is_empty() {
            section aria-labelledby="reported" {
                h2 #reported { "What the phone reported" }
                ul.log {
                    @for (at, error) in errors.iter().enumerate() {
                        (client_error(error, page.messages.get(at).and_then(Option::as_ref)))
                    }
                }
            }
        }
    }
}

fn client_error(error: &ClientErrorView, message: Option<&Said>) -> Markup {
    html! {
        li {
            p {
                (when(&error.created_at)) " " span.light.bad { (error.key) }
                @if let Some(screen) = &error.screen { " on screen " (screen) }
            }
            @if let Some(message) = message { (message.draw()) }
        }
    }
}

fn log(page: &SessionPage<'_>) -> Markup {
    html! {
        @if !page.log.is_empty() {
            section aria-labelledby="logged" {
                h2 #logged { "What the plugin logged, and why calls failed" }
                ol.log { @for line in &page.log { (line_item(page.flow, line)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn page(revealed: bool) -> SessionPage<'static> {
        let details = json!({
            "id": "0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11", "status": "open", "screen": "A", "exchanges": 1,
            "shared": false, "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
            "expires_at": "2026-03-02T12:00:00Z",
            "history": [{
                "number": 1, "action": "INIT", "screen_in": null, "screen_out": "A", "outcome": "screen",
                "duration_ms": 3.21, "plugin_version": 4, "request_id": null, "created_at": "2026-03-01T12:00:00Z",
            }],
            "client_errors": [{ "screen": "<i>", "key": "timeout", "message": null, "created_at": "2026-03-01T12:00:00Z" }],
        });
        SessionPage {
            flow: "/console/tenants/acme/flows/booking",
            details: from_value(details).unwrap(),
            messages: vec![Some(Said::Masked(5))],
            log: Vec::new(),
            reply: revealed.then(|| KeptReply { number: 1, drawn: drawn(REPLY.as_bytes(), None) }),
            revealed,
        }
    }

    fn viewer(most: Right) -> Viewer {
        Viewer { role: "x", most, csrf: "token".to_owned() }
    }

    #[test]
    fn only_who_may_deploy_gets_the_button() {
        let offers = |most, revealed| {
            content(&page(revealed), &viewer(most)).into_string().contains("/reveal\"")
        };

        assert!(offers(Right::Deploy, false));
        assert!(!offers(Right::Read, false));
        assert!(!offers(Right::Operate, true), "it is open already");
    }

    #[test]
    fn a_reply_without_flow_json_is_shown_as_text_and_runs_nothing() {
        let page = content(&page(true), &viewer(Right::Deploy)).into_string();

        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
        assert!(page.contains("1. INIT: – → A") && page.contains("5 characters, masked"), "{page}");
    }

    #[test]
    fn a_reply_is_drawn_if_the_flow_json_has_its_screen() {
        let flow_json = json!({"version": "7.0", "screens": [{
            "id": "A", "title": "Hello", "terminal": true,
            "layout": {"type": "SingleColumnLayout", "children": [{"type": "TextHeading", "text": "Hello"}]},
        }]});
        let document = serde_json::to_vec(&flow_json).unwrap();
        let draws = |reply: &Value| still(reply, Some(&document)).is_some();

        assert!(draws(&json!({"screen": "A", "data": {}})));
        assert!(!draws(&json!({"screen": "B", "data": {}})));
        assert!(!draws(&json!({"error_msg": "over"})));
        assert!(still(&json!({"screen": "A"}), Some(b"{")).is_none());
    }

    const REPLY: &str = r#"{"screen": "A", "data": {"x": "<script>alert(1)</script>"}}"#;
}
