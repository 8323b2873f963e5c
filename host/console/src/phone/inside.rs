//! What is inside the phone: a screen with what lies over it, or what stands in its place.

use flowhost_client::Shows;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::page::PhonePage;
use super::{PhoneForm, screen};

pub(super) fn inside(page: &PhonePage<'_>) -> Markup {
    html! {
        // They lie over the end of the screen, above its button.
        div.snackbars {
            @if page.waits {
                p.snackbar role="status" {
                    "The phone is still waiting for its answer. " a href=(page.path()) { "Look again" }
                }
            }
            @if let Some(text) = page.handset.snackbar() {
                p.snackbar role="status" { (text) }
            }
            @if let Some(address) = page.handset.web_page() {
                p.snackbar role="status" { "The phone opens " code { (address) } }
            }
        }
        @match page.handset.shows() {
            Shows::Disabled(text) => (disabled(text)),
            Shows::Ended(params) => (ended(page, params.as_ref())),
            Shows::Message => (message(page, html! {})),
            Shows::Screen => (shown(page)),
            Shows::Unopened(lines) => (unopened(page, lines)),
        }
    }
}

fn shown(page: &PhonePage<'_>) -> Markup {
    let form = PhoneForm {
        action: &page.path(),
        csrf: &page.viewer.csrf,
        problems: page.handset.refusals(),
        files_can_be_fetched: page.files_can_be_fetched,
    };
    screen(page.handset.conversation(), &form)
}

fn disabled(text: &str) -> Markup {
    html! {
        div.phone-chat {
            (refusal(text))
            button.phone-press disabled { "Open the form" }
        }
    }
}

/// What the chat says of a message whose button is disabled.
pub(super) fn refusal(text: &str) -> Markup {
    html! {
        p.bubble role="status" { (text) }
        p.bubble { "The button of the message is disabled for good: the flow token is over." }
    }
}

fn ended(page: &PhonePage<'_>, params: Option<&Map<String, Value>>) -> Markup {
    message(page, end(params))
}

/// What the chat says of a Flow that is closed.
pub(super) fn end(params: Option<&Map<String, Value>>) -> Markup {
    html! {
        p.bubble role="status" {
            "The Flow is closed. "
            @if params.is_some() { "The chat gets:" } @else { "The chat gets no message." }
        }
        @if let Some(params) = params { pre.bubble tabindex="0" { (pretty(params)) } }
    }
}

fn unopened(page: &PhonePage<'_>, lines: &[String]) -> Markup {
    message(
        page,
        html! {
            div.bubble role="alert" {
                strong { "The Flow does not open." }
                @for line in lines { p { (line) } }
            }
        },
    )
}

/// The chat, with the message whose button opens the Flow.
fn message(page: &PhonePage<'_>, above: Markup) -> Markup {
    html! {
        div.phone-chat {
            (above)
            (page.form(html! { button.phone-press name="do" value="again" { "Open the Flow" } }))
        }
    }
}

fn pretty(map: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(map).unwrap_or_default()
}
