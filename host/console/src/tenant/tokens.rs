//! The API tokens of a tenant.

use maud::{Markup, html};

use crate::frame::form;
use crate::parts::{Field, Holds, choice, folded, link_button, panel, table};
use crate::when::when;
use crate::{Viewer, paths};
use flowhost_api::{ApiTokenView, NewApiToken};

pub(super) fn section(viewer: &Viewer, tenant: &str, tokens: &[ApiTokenView]) -> Markup {
    let roles = [("read", "read: may look"), ("deploy", "deploy: may change and delete flows")];
    let fields = html! {
        (choice("api-token", "role", "Role", &roles, "read"))
        p.hint {
            strong { "read" } " sees the tenant, its flows, figures, sessions and audit log, but nothing that was said or logged. "
            strong { "deploy" } " sees that too and may change the flows: upload and activate versions, set grants, settings "
            "and config values, mint flow tokens, delete sessions and flows, make new ones. It may switch a flow off, but "
            "not on again. Neither may change the tenant, its keys, secrets or tokens."
        }
        (Field { form: "api-token", name: "expires_in_days", label: "Days until it ends", holds: Holds::Number, value: "90",
            hint: "Empty: it ends when it is revoked.", ..Field::default() }.draw())
        button.primary { "Make a token" }
    };
    panel(
        "api-tokens",
        "API tokens",
        html! {
            @if tokens.is_empty() {
                p { "No token reaches this tenant alone." }
            } @else {
                (table("All API tokens", &["Token", "Role", "Made", "Last used", "Ends", ""], html! {
                    @for token in tokens { (row(tenant, token)) }
                }))
            }
            // Its answer is a page of its own, which shows the token: nothing that could be pushed into
            // the browser's history.
            (folded("Make one", form(viewer, &paths::of_tenant(tenant, "api-tokens"), fields)))
        },
    )
}

fn row(tenant: &str, token: &ApiTokenView) -> Markup {
    let path = paths::of_tenant(tenant, format_args!("api-tokens/{}/revoke", token.id));
    html! {
        tr {
            td { code { (token.id) } @if token.for_console { " in a browser" } }
            td { (token.role) }
            td { (when(&token.created_at)) }
            td { @match &token.last_used_at { Some(at) => (when(at)), None => "never" } }
            td { @match &token.expires_at { Some(at) => (when(at)), None => "never" } }
            td { (link_button(&path, "Revoke")) }
        }
    }
}

/// The page that shows a token, this one time.
pub fn made_token(tenant: &str, made: &NewApiToken) -> Markup {
    html! {
        section.panel {
            p { "This is shown once. Whoever has it may do what its role " strong { (made.view.role) } " may." }
            pre.long tabindex="0" { code { (made.token.as_str()) } }
            p { "It is listed as " code { (made.view.id) }
                @match &made.view.expires_at { Some(at) => { " and ends " (when(at)) "." } None => "." } }
            p { a href=(paths::tenant(tenant)) { "I have kept it: back to the tenant" } }
        }
    }
}
