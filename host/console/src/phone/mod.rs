//! A phone on a page: a screen of a Flow as a WhatsApp client draws it, and what a browser sends
//! back of it.
//!
//! [`screen`] and [`still`] draw what is inside a phone. Around it the page puts
//! `<div id="phone" class="phone">`, which [`frame`] makes; with `light` or `dark` among its classes
//! the phone has these colours whatever the browser prefers. With htmx every answer to the form
//! replaces the whole `#phone`.
//!
//! What the Flow JSON and the endpoint say is untrusted. Texts are escaped, pictures are `data:` URIs
//! of checked types, colours and sizes are read before they become attributes of their own, because
//! pages have no inline styles, and links lead to web pages only.

mod answer;
mod apply;
mod choices;
mod field;
mod files;
mod inside;
mod item;
pub mod page;
mod plays;
mod posted;
pub mod start;
mod still_field;
mod text;
mod transcript;

use std::cell::Cell;
use std::collections::HashSet;

use flowhost_client::conversation::{Conversation, Field, FieldKind, Footer, Screen};
use maud::{Markup, html};
use serde_json::Value;

pub use self::answer::answer;
pub use self::apply::apply;
pub use self::plays::Plays;
pub use self::posted::file_field;
pub use self::transcript::ExchangeView;

/// What the form in a phone needs besides the screen.
#[derive(Clone, Copy, Debug)]
pub struct PhoneForm<'a> {
    /// The path that it posts to.
    pub action: &'a str,
    /// What every form sends along, so that no other site can send one.
    pub csrf: &'a str,
    /// Why the last step was refused: the reasons of
    /// [`Step::Refused`](flowhost_client::conversation::Step::Refused).
    pub problems: &'a [String],
    /// Whether the plugin can fetch the files that are picked; if not, the fields say so.
    pub files_can_be_fetched: bool,
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
    html! { div #phone class=(theme.class()) { (inside) } }
}

/// The screen that is shown, to fill in: one form whose fields are named `field.NAME`, and whose
/// buttons are named `do` with the value `press`, `back`, `close`, `enter`, `follow.N` or `remove.ID`.
/// On a screen that takes files it is sent in parts, with the files in parts named `file.NAME`.
pub fn screen(conversation: &Conversation, form: &PhoneForm<'_>) -> Markup {
    let Some(screen) = conversation.screen() else { return nothing_yet() };
    let pen = Pen { conversation, form: Some(form), links: Cell::new(0) };
    let takes_files =
        screen.fields().any(|field| field.enabled && matches!(field.kind, FieldKind::Media { .. }));
    let encoding = takes_files.then_some("multipart/form-data");
    html! {
        form #phone-form .phone-screen method="post" action=(form.action) novalidate autocomplete="off"
            enctype=[encoding] hx-encoding=[encoding]
            hx-post=(form.action) hx-target="#phone" hx-swap="outerHTML" hx-sync="this:replace" hx-trigger=(TRIGGERS) {
            input type="hidden" name="csrf" value=(form.csrf);
            input type="hidden" name="screen" value=(screen.name);
            // What the Enter key does is what the first button does.
            button name="do" value="enter" hidden {}
            (bar(&screen, Some(conversation.can_go_back())))
            div .phone-content {
                (problems(&screen, &pen, form.problems))
                (pen.content(&screen))
                (end(&screen))
                noscript { button .phone-update name="do" value="enter" { "Update" } }
            }
            (foot(&screen, &pen))
        }
    }
}

/// The screen that is shown, with nothing to press: for the history of a session. A page may have
/// many.
pub fn still(conversation: &Conversation) -> Markup {
    let Some(screen) = conversation.screen() else { return nothing_yet() };
    let pen = Pen { conversation, form: None, links: Cell::new(0) };
    html! {
        div .phone-screen.still {
            (bar(&screen, None))
            div .phone-content { (pen.content(&screen)) (end(&screen)) }
            (foot(&screen, &pen))
        }
    }
}

/// What draws the components of a screen.
struct Pen<'a> {
    conversation: &'a Conversation,
    /// `None` if there is nothing to press.
    form: Option<&'a PhoneForm<'a>>,
    /// How many links have been drawn.
    links: Cell<usize>,
}

impl Pen<'_> {
    fn is_live(&self) -> bool {
        self.form.is_some()
    }

    fn content(&self, screen: &Screen) -> Markup {
        html! {
            @if self.conversation.knows_screens() {
                @for item in &screen.items { (self.item(item)) }
            } @else {
                (self.blind(screen))
            }
        }
    }

    /// The screen without a Flow JSON: its data, and a place for what the user submits. htmx keeps
    /// what was typed there as long as the screen is shown.
    fn blind(&self, screen: &Screen) -> Markup {
        let id = field::id(&screen.name);
        let data = Value::Object(self.conversation.data().clone());
        html! {
            p .phone-caption { "Without a Flow JSON the screen's data is all that is known of it." }
            pre .phone-data { (format!("{data:#}")) }
            @if self.is_live() {
                div .phone-box {
                    label for=(id) { "What the user submits, as JSON" }
                    textarea id=(id) name=(posted::DATA) rows="6" spellcheck="false" placeholder="{}" hx-preserve {}
                }
            }
        }
    }

    /// What is wrong with the value of a field, if it is to be said already: after the button was
    /// pressed, or of something that was typed.
    fn complaint(&self, field: &Field) -> Option<String> {
        let form = self.form?;
        let value = self.conversation.value(&field.name);
        let complaint = field.check(value).err()?;
        let was_pressed =
            || field.problem(value).is_some_and(|problem| form.problems.contains(&problem));
        (field.enabled && (is_done(field, value) || was_pressed())).then_some(complaint)
    }
}

impl Theme {
    /// What it is called in queries; that of the browser is in none.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Browser => None,
            Self::Dark => Some("dark"),
            Self::Light => Some("light"),
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Browser => "phone",
            Self::Dark => "phone dark",
            Self::Light => "phone light",
        }
    }
}

/// Whether a value is not one that the user is still about to complete.
fn is_done(field: &Field, value: Option<&Value>) -> bool {
    match (&field.kind, value) {
        (FieldKind::DateRange(_), value) => {
            posted::drawn(field, value).iter().all(|day| !day.is_empty())
        }
        (FieldKind::Text { .. } | FieldKind::Date(_) | FieldKind::Media { .. }, Some(value)) => {
            !field.is_empty(value)
        }
        _ => false,
    }
}

fn nothing_yet() -> Markup {
    html! { div .phone-screen { p .phone-empty { "No screen is shown yet." } } }
}

/// The title between the buttons for going back, if that is possible, and closing. `None` draws no
/// buttons.
fn bar(screen: &Screen, can_go_back: Option<bool>) -> Markup {
    let title = if screen.title.is_empty() { &screen.name } else { &screen.title };
    html! {
        div .phone-bar {
            @match can_go_back {
                None => { p .phone-title { (title) } }
                Some(can_go_back) => {
                    @if can_go_back {
                        button #phone-back name="do" value="back" aria-label="Back" { "‹" }
                    }
                    h2 .phone-title { (title) }
                    button #phone-close name="do" value="close" aria-label="Close" { "×" }
                }
            }
        }
    }
}

/// What stands at the end of a screen of which not all is there.
fn end(screen: &Screen) -> Markup {
    html! { @if screen.is_cut { p .phone-caption { "This screen is larger than a phone could show." } } }
}

/// Problems that no field says of itself, or that there are some.
fn problems(screen: &Screen, pen: &Pen<'_>, problems: &[String]) -> Markup {
    let said: HashSet<String> = screen
        .fields()
        .filter_map(|field| field.problem(pen.conversation.value(&field.name)))
        .collect();
    let others: Vec<&String> = problems.iter().filter(|problem| !said.contains(*problem)).collect();
    html! {
        @if !problems.is_empty() {
            div .phone-problems role="alert" {
                @for problem in &others { p { (problem) } }
                @if others.is_empty() { p { "Check what is marked below." } }
            }
        }
    }
}

fn foot(screen: &Screen, pen: &Pen<'_>) -> Markup {
    let is_blind = !pen.conversation.knows_screens();
    html! {
        div .phone-foot {
            @match &screen.footer {
                Some(footer) => (button(footer, screen, pen)),
                None if is_blind && pen.is_live() => {
                    button #phone-press .phone-press name="do" value="press" { "Submit" }
                }
                None => {}
            }
        }
    }
}

/// The button. One that would be refused, because a field is not filled in as it must be, looks as a
/// phone shows it, but can be pressed to learn why.
fn button(footer: &Footer, screen: &Screen, pen: &Pen<'_>) -> Markup {
    let is_early = screen
        .fields()
        .filter(|field| field.enabled)
        .any(|field| field.check(pen.conversation.value(&field.name)).is_err());
    html! {
        @if footer.captions().next().is_some() {
            div .phone-captions {
                span { (footer.left) }
                span { (footer.center) }
                span { (footer.right) }
            }
        }
        @if pen.is_live() {
            button #phone-press .phone-press .early[is_early] name="do" value="press"
                disabled[!footer.enabled] { (footer.label) }
        } @else {
            p .phone-press.off[!footer.enabled] { (footer.label) }
        }
    }
}

/// A field is sent a moment after it was changed, so that a tap on a button at once is sent alone.
/// Browsers report a date after each digit.
const TRIGGERS: &str =
    "submit, change delay:200ms target:.phone-now, change delay:1500ms target:.phone-later";

#[cfg(test)]
mod tests;
