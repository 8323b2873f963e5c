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
            p {
                "Version " (version) " gets an INIT as if a user opened the Flow, and no request after it. "
                "Nothing is stored; outbound requests are sent."
            }
            (form(viewer, &path, fields))
        }))
        (panel("on-a-phone", "Try it on a phone", html! {
            p { "A phone goes on from screen to screen, and stores nothing either." }
            (form(viewer, &paths::of_flow(tenant, flow, "phone"), html! {
                button name="line" value=(version) { "Open a phone" }
            }))
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

#[cfg(test)]
mod tests {
    use flowhost_api::Right;

    use super::*;

    #[test]
    fn the_page_leads_to_a_phone_that_rehearses_the_version() {
        let viewer = Viewer { role: "deploy", most: Right::Deploy, csrf: "c".to_owned() };
        let drawn = rehearsal(&viewer, "acme", "booking", 3, "", None).into_string();

        let (_, form) =
            drawn.split_once("action=\"/console/tenants/acme/flows/booking/phone\"").unwrap();
        assert!(form.contains("name=\"line\" value=\"3\""), "{drawn}");
        assert!(drawn.contains("no request after it"), "{drawn}");
    }
}
