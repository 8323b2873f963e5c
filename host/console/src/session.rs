//! One session as a conversation, from top to bottom.

use flowhost_api::{ClientErrorView, ExchangeView, Right, SessionDetails};
use flowhost_flow_json::Document;
use maud::{Markup, html};
use serde_json::Value;

use crate::flow::KEEP_REPLIES;
use crate::frame::form;
use crate::live::{LiveLine, line_item, milliseconds, screens};
use crate::parts::{outcome, session_status};
use crate::said::Said;
use crate::url::with_query;
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
    /// Whether the flow keeps the replies of its sessions, or the last one alone.
    pub keeps_replies: bool,
    /// Replies that are kept, drawn.
    pub replies: Vec<DrawnReply>,
    /// The number before which there are more, if there are.
    pub older_before: Option<i64>,
    /// Whether newer ones than these may be there.
    pub is_older: bool,
    /// The entry of the audit log by which texts are open, if they are.
    pub opened_by: Option<&'a str>,
}

/// A reply that is kept.
pub struct KeptReply<'a> {
    /// The number of its exchange.
    pub number: i64,
    /// Its JSON.
    pub payload: &'a [u8],
    /// Whether it came with status 427.
    pub is_refusal: bool,
}

/// A reply as a page shows it.
#[derive(Debug)]
pub struct DrawnReply {
    /// The number of its exchange.
    pub number: i64,
    /// `None` if the page is too full for it.
    pub drawn: Option<Markup>,
}

/// How much of a page replies may take, in bytes.
pub const ROOM_FOR_REPLIES: usize = 4 << 20;

/// Draws replies that were written for one Flow JSON, as far as there is room for them. Reads
/// the whole document.
pub fn draw_replies<'a>(
    replies: impl IntoIterator<Item = KeptReply<'a>>,
    flow_json: Option<&[u8]>,
    room: &mut usize,
) -> Vec<DrawnReply> {
    let document = flow_json.and_then(|text| Document::parse(text).ok());
    let draw = |reply: KeptReply<'_>| {
        let drawn = (*room > 0).then(|| drawn(&reply, document.as_ref()));
        *room = room.saturating_sub(drawn.as_ref().map_or(0, |drawn| drawn.0.len()));
        DrawnReply { number: reply.number, drawn }
    };
    replies.into_iter().map(draw).collect()
}

/// A reply as the phone would draw it, and as JSON.
fn drawn(reply: &KeptReply<'_>, document: Option<&Document>) -> Markup {
    let value: Value = serde_json::from_slice(reply.payload).unwrap_or(Value::Null);
    let answer = phone::answer(&value, reply.is_refusal, document);
    html! {
        @if let Some(answer) = &answer {
            (answer)
        } @else {
            p.hint { "No Flow JSON says how the phone would draw this." }
        }
        details open[answer.is_none()] {
            summary { "The reply as JSON" }
            pre.said tabindex="0" { (readable(reply.payload, &value)) }
        }
    }
}

/// Indented, unless that could make it many times as long: each of its values on a line of its own.
fn readable(payload: &[u8], value: &Value) -> String {
    if payload.len() > MOST_INDENTED_BYTES {
        return String::from_utf8_lossy(payload).into_owned();
    }
    serde_json::to_string_pretty(value).unwrap_or_default()
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
            (pages(page))
            @for reply in kept_alone(page) {
                p.hint #{ "exchange-" (reply.number) } {
                    "The exchange of this reply, number " (reply.number) ", is not kept any more:"
                }
                (kept(page, reply))
            }
            ol.course {
                @for exchange in &page.details.history { (step(page, exchange)) }
            }
        }
        (client_errors(page))
        (log(page))
    }
}

/// Says what is kept of what was said, and lets those open it who may.
fn opening(page: &SessionPage<'_>, viewer: &Viewer) -> Markup {
    let path = format!("{}/sessions/{}/reveal", page.flow, page.details.session.id);
    let setting = html! { a href={ (page.flow) "#settings" } { (KEEP_REPLIES) } };
    html! {
        p.hint {
            @if page.keeps_replies {
                "Of what was said the host keeps the last 50 replies, sealed, since the flow's setting " (setting)
                " says so. "
            } @else {
                "Of what was said the host keeps the reply to the last request alone, sealed, to answer a repeat of it; "
                "the flow's setting " (setting) " lets it keep the replies before as well. "
            }
            "What users sent is never kept."
        }
        @if page.opened_by.is_some() {
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

/// The way to replies that are not on this page.
fn pages(page: &SessionPage<'_>) -> Markup {
    html! {
        @if page.is_older || page.older_before.is_some() {
            p.pages {
                @if let Some(before) = page.older_before {
                    a href=(before_path(page, before)) { "Draw those before number " (before) }
                }
                @if page.is_older { a href=(path(page, "")) { "Draw the newest" } }
            }
        }
    }
}

/// The page, where the replies before this number are drawn.
fn before_path(page: &SessionPage<'_>, number: i64) -> String {
    path(page, &number.to_string())
}

fn path(page: &SessionPage<'_>, before: &str) -> String {
    let path = format!("{}/sessions/{}", page.flow, page.details.session.id);
    let shown = page.opened_by.unwrap_or_default();
    with_query(&path, &[("shown", shown), ("before", before)])
}

/// Replies whose exchange is gone: exchanges may go before their session does.
fn kept_alone<'a>(page: &'a SessionPage<'_>) -> impl Iterator<Item = &'a DrawnReply> {
    let history = &page.details.history;
    let is_alone = |reply: &&DrawnReply| !history.iter().any(|one| one.number == reply.number);
    let mut alone: Vec<_> = page.replies.iter().filter(is_alone).collect();
    alone.sort_by_key(|reply| reply.number);
    alone.into_iter()
}

fn kept(page: &SessionPage<'_>, reply: &DrawnReply) -> Markup {
    html! {
        @if let Some(drawn) = &reply.drawn {
            (drawn)
        } @else {
            p.hint {
                "This page is too full for what was answered. "
                a href=(before_path(page, reply.number + 1)) { "Draw it first" }
            }
        }
    }
}

fn step(page: &SessionPage<'_>, exchange: &ExchangeView) -> Markup {
    let reply = page.replies.iter().find(|reply| reply.number == exchange.number);
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
            @if let Some(reply) = reply { (kept(page, reply)) }
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

/// In the worst case this becomes a hundred times as long, with a line for each value.
const MOST_INDENTED_BYTES: usize = 16 << 10;

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
            keeps_replies: false,
            replies: if revealed { draw(&[1], ROOM_FOR_REPLIES) } else { Vec::new() },
            older_before: None,
            is_older: false,
            opened_by: revealed.then_some("0192f0e4"),
        }
    }

    fn draw(numbers: &[i64], mut room: usize) -> Vec<DrawnReply> {
        let payload = REPLY.as_bytes();
        let reply = |number: &i64| KeptReply { number: *number, payload, is_refusal: false };
        draw_replies(numbers.iter().map(reply), None, &mut room)
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
    fn each_reply_is_at_its_exchange_and_those_without_one_come_first() {
        let mut page = page(true);
        page.replies = draw(&[3, 1, 2], ROOM_FOR_REPLIES);
        let drawn = content(&page, &viewer(Right::Deploy)).into_string();

        let places: Vec<_> =
            ["number 2, is not kept", "number 3, is not kept", "id=\"exchange-1\""]
                .map(|part| drawn.find(part).unwrap())
                .to_vec();
        assert!(places.is_sorted(), "{drawn}");
        assert_eq!(drawn.matches("The reply as JSON").count(), 3);
    }

    #[test]
    fn a_page_that_is_full_leads_to_the_rest() {
        let mut page = page(true);
        page.replies = draw(&[2, 1], 1);
        (page.older_before, page.is_older) = (Some(7), true);
        let drawn = content(&page, &viewer(Right::Deploy)).into_string();

        assert_eq!(drawn.matches("The reply as JSON").count(), 1, "the first takes all the room");
        for link in [
            "?shown=0192f0e4&amp;before=2\"",
            "?shown=0192f0e4&amp;before=7\"",
            "?shown=0192f0e4\"",
        ] {
            assert!(drawn.contains(link), "{link}: {drawn}");
        }
    }

    #[test]
    fn a_reply_of_many_values_does_not_get_a_line_for_each() {
        let payload = format!("[{}0]", "[0],".repeat(MOST_INDENTED_BYTES));
        let shown = readable(payload.as_bytes(), &Value::Null);

        assert_eq!(shown, payload);
        assert!(readable(b"[0]", &json!([0])).contains('\n'));
    }

    #[test]
    fn the_page_says_what_is_kept_and_names_the_setting() {
        for (keeps_replies, part) in
            [(true, "the last 50 replies"), (false, "the last request alone")]
        {
            let page = SessionPage { keeps_replies, ..page(false) };
            let drawn = content(&page, &viewer(Right::Read)).into_string();
            assert!(
                drawn.contains(part) && drawn.contains("settings\">Replies that are kept</a>"),
                "{drawn}"
            );
        }
    }

    const REPLY: &str = r#"{"screen": "A", "data": {"x": "<script>alert(1)</script>"}}"#;
}
