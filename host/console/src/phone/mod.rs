//! A phone on a page: a screen of a Flow as a WhatsApp client draws it, and what a browser sends
//! back of it.
//!
//! [`screen`] and [`still`] draw what is inside a phone. Around it the page puts
//! `<div id="phone" class="phone">`, which [`frame`] makes; with `light` or `dark` among its classes
//! the phone has these colours whatever the browser prefers. With htmx every answer to the form
//! replaces the whole `#phone`.

use flowhost_client::conversation::{Conversation, Step};
use maud::{Markup, html};

/// What the form in a phone needs besides the screen.
#[derive(Clone, Copy, Debug)]
pub struct PhoneForm<'a> {
    /// The path that it posts to.
    pub action: &'a str,
    /// What every form sends along, so that no other site can send one.
    pub csrf: &'a str,
    /// Why the last step was refused: the reasons of [`Step::Refused`].
    pub problems: &'a [String],
}

/// The colours of a phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Those that the browser prefers.
    #[default]
    Browser,
    /// Dark ones.
    Dark,
    /// Light ones.
    Light,
}

/// The phone around what is inside it. There is one on a page.
pub fn frame(theme: Theme, inside: &Markup) -> Markup {
    let class = match theme {
        Theme::Browser => "phone",
        Theme::Dark => "phone dark",
        Theme::Light => "phone light",
    };
    html! { div #phone class=(class) { (inside) } }
}

/// The screen that is shown, to fill in: one form whose fields are named `field.NAME`, and whose
/// buttons are named `do` with the value `press`, `back`, `close`, `enter` or `follow.N`.
pub fn screen(conversation: &Conversation, form: &PhoneForm<'_>) -> Markup {
    html! {
        form method="post" action=(form.action) {
            input type="hidden" name="csrf" value=(form.csrf);
            (still(conversation))
            @for problem in form.problems { p { (problem) } }
            button name="do" value="press" { "Go on" }
        }
    }
}

/// The screen that is shown, with nothing to press: for the history of a session. A page may have
/// many.
pub fn still(conversation: &Conversation) -> Markup {
    let shown = conversation.screen();
    html! { p { (shown.map(|screen| screen.title).unwrap_or_default()) } }
}

/// Does what was posted with the form of [`screen`]: enters the fields that were changed, and then
/// what `do` says. `close` is the caller's: it does nothing here.
pub fn apply(conversation: &mut Conversation, posted: &[(String, String)]) -> Step {
    match posted.iter().rev().find(|(name, _)| name == "do").map(|(_, value)| value.as_str()) {
        Some("press") => conversation.press(),
        Some("back") => conversation.back(),
        _ => Step::Nothing,
    }
}
