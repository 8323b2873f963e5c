//! What a flow grants to its plugin.

use maud::{Markup, html};

use super::plan::{granted, words};
use crate::parts::{Field, Holds, folded, panel, smooth_form, tick};
use crate::{Viewer, paths};
use flowhost_api::{CapabilitiesView, FlowView, Right};

pub(super) fn section(viewer: &Viewer, tenant: &str, flow: &FlowView) -> Markup {
    let granted = granted(flow);
    let fields = html! {
        (Field { form: "grant", name: "http", label: "Hosts to send requests to", holds: Holds::Lines,
            hint: "One a line, as api.example.com or api.example.com:8443.", ..Field::default() }.draw())
        (tick("grant", "store", "store: keep values that outlive a session"))
        (tick("grant", "media", "media: fetch users' files"))
        input type="hidden" name="deed" value="grant";
        button.primary { "Grant" }
    };
    let path = paths::of_flow(tenant, &flow.name, "grants");
    panel(
        "grants",
        "Grants",
        html! {
            @if granted.is_empty() {
                p { "Nothing is granted: the plugin reaches nobody outside." }
            } @else {
                ul.list {
                    @for one in each(&granted) {
                        li.aside {
                            code { (words(&one).join(", ")) }
                            @if viewer.may(Right::Deploy) {
                                (smooth_form(viewer, &path, html! { (hidden("deny", &one)) button { "Deny " span.unseen { (words(&one).join(", ")) } } }))
                            }
                        }
                    }
                }
            }
            @if viewer.may(Right::Deploy) { (folded("Grant more", smooth_form(viewer, &path, fields))) }
        },
    )
}

/// What the active version asks for and doesn't get.
pub(super) fn missing(viewer: &Viewer, tenant: &str, flow: &FlowView) -> Markup {
    html! {
        @if !flow.missing_grants.is_empty() {
            (panel("missing", "Missing grants", html! {
                p { "The active version asks for " strong { (words(&flow.missing_grants).join(", ")) } ", which the flow doesn't grant: the plugin gets an error there." }
                @if viewer.may(Right::Deploy) { (grant_button(viewer, tenant, &flow.name, &flow.missing_grants, None)) }
            }))
        }
    }
}

/// A button that grants this. With a version, the page that follows asks whether to activate it.
pub(super) fn grant_button(
    viewer: &Viewer,
    tenant: &str,
    flow: &str,
    what: &CapabilitiesView,
    version: Option<i32>,
) -> Markup {
    smooth_form(
        viewer,
        &paths::of_flow(tenant, flow, "grants"),
        html! {
            (hidden("grant", what))
            @if let Some(version) = version { input type="hidden" name="version" value=(version); }
            button { "Grant " (words(what).join(", ")) }
        },
    )
}

fn hidden(deed: &str, what: &CapabilitiesView) -> Markup {
    html! {
        input type="hidden" name="deed" value=(deed);
        input type="hidden" name="http" value=(what.http.join(" "));
        @if what.store { input type="hidden" name="store" value="true"; }
        @if what.media { input type="hidden" name="media" value="true"; }
    }
}

/// Each capability alone.
fn each(all: &CapabilitiesView) -> Vec<CapabilitiesView> {
    let http = all
        .http
        .iter()
        .map(|host| CapabilitiesView { http: vec![host.clone()], ..CapabilitiesView::default() });
    let store = all.store.then(|| CapabilitiesView { store: true, ..CapabilitiesView::default() });
    let media = all.media.then(|| CapabilitiesView { media: true, ..CapabilitiesView::default() });
    http.chain(store).chain(media).collect()
}
