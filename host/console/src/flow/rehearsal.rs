//! Trying a version without storing anything.

use maud::{Markup, html};

use crate::frame::form;
use crate::parts::{Field, Holds, panel};
use crate::{Viewer, paths};
use flowhost_api::Rehearsed;

/// The page that tries a version: the form, and what came of it. `data` is what was sent.
pub fn rehearsal(
    viewer: &Viewer,
    tenant: &str,
    flow: &str,
    version: i32,
    data: &str,
    outcome: Option<&Rehearsed>,
) -> Markup {
    let path = paths::of_flow(tenant, flow, format_args!("versions/{version}/rehearse"));
    let fields = html! {
        (Field { form: "rehearsal", name: "data", label: "Data of the message that opens the Flow", holds: Holds::Lines, value: data,
            hint: "A JSON object, or empty.", ..Field::default() }.draw())
        button.primary { "Send an INIT" }
    };
    html! {
        @if let Some(outcome) = outcome { (result(version, outcome)) }
        (panel("rehearsal", "Try it", html! {
            p { "Version " (version) " gets an INIT as if a user opened the Flow. Nothing is stored." }
            (form(viewer, &path, fields))
        }))
        p { a href=(paths::flow(tenant, flow)) { "Back to the flow" } }
    }
}

fn result(version: i32, Rehearsed { screen, log }: &Rehearsed) -> Markup {
    panel(
        "outcome",
        "What came of it",
        html! {
            p {
                "Version " (version) " answers: "
                @match screen { Some(screen) => { "screen " code { (screen) } "." } None => "the conversation ends." }
            }
            @if log.is_empty() {
                p { "It logged nothing." }
            } @else {
                p { "It logged:" }
                pre.long tabindex="0" { @for line in log { (line) "\n" } }
            }
        },
    )
}
