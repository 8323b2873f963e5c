//! What a tenant shares with Meta: the app secret, and access to the Graph API.

use maud::{Markup, html};

use super::TenantPage;
use crate::parts::{Field, Holds, folded, light, link_button, panel, smooth_form};
use crate::when::when;
use crate::{Viewer, paths};
use flowhost_api::{GraphAccessView, Right};

pub(super) fn app_secret(page: &TenantPage<'_>) -> Markup {
    let TenantPage { viewer, tenant, has_app_secret, previous_app_secret_until, .. } = page;
    let fields = html! {
        (Field { form: "app-secret", name: "secret", label: "App secret", required: true, holds: Holds::Secret,
            hint: "As Meta's App Dashboard shows it. It is sealed at once and never shown.", ..Field::default() }.draw())
        (Field { form: "app-secret", name: "keep_previous_for_seconds", holds: Holds::Number, value: "3600",
            label: "Seconds for which the one before stays valid", ..Field::default() }.draw())
        button.primary { "Set the app secret" }
    };
    panel(
        "app-secret",
        "App secret",
        html! {
            p {
                @if *has_app_secret {
                    (light("good", "set"))
                    @if let Some(until) = previous_app_secret_until { " The one before is valid until " (when(until)) "." }
                } @else {
                    (light("bad", "not set")) " Requests can't be told from forged ones: they are refused."
                }
            }
            @if viewer.may(Right::Manage) {
                @let path = paths::of_tenant(&tenant.slug, "app-secret");
                (folded("Set it", smooth_form(viewer, &path, fields)))
            }
        },
    )
}

pub(super) fn graph(viewer: &Viewer, tenant: &str, access: &GraphAccessView) -> Markup {
    let GraphAccessView { phone_number_ids, has_access_token } = access;
    let numbers = phone_number_ids.join("\n");
    let fields = html! {
        (Field { form: "graph", name: "access_token", label: "Access token", required: true, holds: Holds::Secret,
            hint: "The token of a system user. It is sealed at once and never shown.", ..Field::default() }.draw())
        (Field { form: "graph", name: "phone_number_ids", label: "Phone number ids", holds: Holds::Lines, value: &numbers,
            hint: "Meta's ids, one a line; not the numbers themselves.", ..Field::default() }.draw())
        button.primary { "Set the access" }
    };
    panel(
        "graph",
        "Access to Meta's Graph API",
        html! {
            p {
                @if *has_access_token { (light("good", "token set")) } @else { (light("", "no token")) }
                " Phone numbers: "
                @if phone_number_ids.is_empty() { "none" }
                @for (at, id) in phone_number_ids.iter().enumerate() { @if at > 0 { ", " } code { (id) } }
                ". With it, the host uploads keys to Meta and asks how they are there."
            }
            @if viewer.may(Right::Manage) {
                (folded("Set it", smooth_form(viewer, &paths::of_tenant(tenant, "graph"), fields)))
                @if *has_access_token {
                    p { (link_button(&paths::of_tenant(tenant, "graph/delete"), "Delete the access")) }
                }
            }
        },
    )
}
