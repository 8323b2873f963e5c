//! What several pages draw in the same way: panels, fields of forms, questions before something
//! is done that can't be undone easily.

use maud::{Markup, html};

use crate::Viewer;
use crate::frame::{csrf_field, form};

/// A part of a page with a heading.
pub(crate) fn panel(id: &str, title: &str, content: Markup) -> Markup {
    html! {
        section.panel aria-labelledby=(id) {
            h2 id=(id) { (title) }
            (content)
        }
    }
}

/// A state in a word, with the colour of a traffic light: `good`, `warn`, `bad`, or none.
pub(crate) fn light(colour: &str, word: &str) -> Markup {
    html! { span class={ "light " (colour) } { (word) } }
}

/// How an exchange ended.
pub(crate) fn outcome(outcome: &str) -> Markup {
    let colour = match outcome {
        "screen" | "completed" => "good",
        "failed" => "bad",
        _ => "warn",
    };
    light(colour, outcome)
}

/// The status of a session.
pub(crate) fn session_status(status: &str) -> Markup {
    let colour = match status {
        "open" | "completed" => "good",
        "rejected" => "bad",
        _ => "",
    };
    light(colour, status)
}

/// The level of a line of a log.
pub(crate) fn level(level: &str) -> Markup {
    let colour = match level {
        "error" => "bad",
        "warn" => "warn",
        _ => "",
    };
    light(colour, level)
}

/// A link that looks like a button, to a page with a form.
pub(crate) fn link_button(path: &str, text: &str) -> Markup {
    html! { a.button href=(path) { (text) } }
}

/// A table with a name, which keyboards can move sideways where it is too wide. An empty text in
/// `head` stands for a column of buttons.
pub(crate) fn table(name: &str, head: &[&str], rows: Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            table {
                thead {
                    tr {
                        @for column in head {
                            @if column.is_empty() { td {} } @else { th scope="col" { (column) } }
                        }
                    }
                }
                tbody { (rows) }
            }
        }
    }
}

/// A form whose answer replaces this page where scripts run, so that a refusal leaves what was
/// typed. Not for forms whose answer is a page of its own.
pub(crate) fn smooth_form(viewer: &Viewer, path: &str, fields: Markup) -> Markup {
    html! {
        form method="post" action=(path) hx-boost="true" { (csrf_field(viewer)) (fields) }
    }
}

/// A form behind a line that opens it, so that a page is not full of forms.
pub(crate) fn folded(summary: &str, content: Markup) -> Markup {
    html! {
        details {
            summary { (summary) }
            (content)
        }
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Holds {
    /// One line.
    #[default]
    Line,
    /// Several lines.
    Lines,
    /// A whole number.
    Number,
    /// One line that nobody may read from the screen.
    Secret,
}

/// A field with its label.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Field<'a> {
    /// The form that it is in, which makes its id the page's only one.
    pub(crate) form: &'a str,
    /// Its name in the form.
    pub(crate) name: &'a str,
    /// What people call it.
    pub(crate) label: &'a str,
    /// What else there is to know.
    pub(crate) hint: &'a str,
    /// What it holds.
    pub(crate) holds: Holds,
    /// What stands in it.
    pub(crate) value: &'a str,
    /// Whether it can't stay empty.
    pub(crate) required: bool,
}

impl Field<'_> {
    /// The field as it stands in a form.
    pub(crate) fn draw(self) -> Markup {
        let Self { form, name, label, hint, holds, value, required } = self;
        let id = format!("{form}-{name}");
        let described = (!hint.is_empty()).then(|| format!("{id}-hint"));
        let kind = match holds {
            Holds::Number => "number",
            Holds::Secret => "password",
            Holds::Line | Holds::Lines => "text",
        };
        html! {
            div.field {
                label for=(id) { (label) }
                @if holds == Holds::Lines {
                    textarea id=(id) name=(name) rows="3" required[required] autocomplete="off"
                        spellcheck="false" aria-describedby=[&described] { "\n" (value) }
                } @else {
                    input id=(id) name=(name) type=(kind) value=(value) required[required]
                        autocomplete="off" spellcheck="false" aria-describedby=[&described];
                }
                @if let Some(described) = &described { p.hint id=(described) { (hint) } }
            }
        }
    }
}

/// A field with some things to choose from: what is sent, and what people read.
pub(crate) fn choice(
    form: &str,
    name: &str,
    label: &str,
    options: &[(&str, &str)],
    chosen: &str,
) -> Markup {
    let id = format!("{form}-{name}");
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(name) {
                @for (value, text) in options {
                    option value=(value) selected[*value == chosen] { (text) }
                }
            }
        }
    }
}

/// A field to tick.
pub(crate) fn tick(form: &str, name: &str, label: &str) -> Markup {
    let id = format!("{form}-{name}");
    html! {
        div.tick {
            input id=(id) name=(name) type="checkbox" value="true";
            label for=(id) { (label) }
        }
    }
}

/// A question before something is done: the page of a path whose POST does it.
#[derive(Debug)]
pub struct Question<'a> {
    /// Who is asked.
    pub viewer: &'a Viewer,
    /// What would change.
    pub changes: Markup,
    /// Where to send the answer.
    pub path: &'a str,
    /// The page to go back to.
    pub back: &'a str,
    /// What the button says.
    pub button: &'a str,
    /// Whether something ends with it, or is gone.
    pub harms: bool,
    /// Fields of the answer, besides the button.
    pub fields: Markup,
}

impl Question<'_> {
    /// What stands below the heading.
    pub fn content(self) -> Markup {
        let Self { viewer, changes, path, back, button, harms, fields } = self;
        html! {
            section.panel {
                (changes)
                (form(viewer, path, html! {
                    (fields)
                    p.buttons {
                        button class=(if harms { "danger" } else { "primary" }) { (button) }
                        a.button href=(back) { "Leave it as it is" }
                    }
                }))
            }
        }
    }
}

/// Asks for a name to be typed, so that nobody deletes the wrong thing.
pub(crate) fn typed_name(what: &str) -> Markup {
    let label = format!("Type {what} to go on");
    Field { form: "confirm", name: "name", label: &label, required: true, ..Field::default() }
        .draw()
}
