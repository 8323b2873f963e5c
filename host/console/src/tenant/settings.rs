//! Name, rate and retention of a tenant.

use maud::{Markup, html};

use crate::parts::{Field, Holds, folded, panel, smooth_form};
use crate::{Viewer, paths};
use flowhost_api::{Right, TenantView};

pub(super) fn section(viewer: &Viewer, tenant: &TenantView) -> Markup {
    panel(
        "settings",
        "Settings",
        html! {
            dl.facts {
                dt { "Requests a second, at each host" }
                dd { @match tenant.requests_per_second { Some(rate) => (rate), None => "no limit" } }
                @for (_, label, days) in retention(tenant) {
                    dt { (label) }
                    dd { (days) " days" }
                }
            }
            @if viewer.may(Right::Manage) {
                (folded("Change them", smooth_form(viewer, &paths::of_tenant(&tenant.slug, "settings"), fields(tenant))))
            }
        },
    )
}

fn fields(tenant: &TenantView) -> Markup {
    let rate = tenant.requests_per_second.map(|rate| rate.to_string()).unwrap_or_default();
    html! {
        (Field { form: "tenant", name: "name", label: "Name", required: true, value: &tenant.name, ..Field::default() }.draw())
        (Field { form: "tenant", name: "waba_id", label: "WhatsApp Business Account",
            value: tenant.waba_id.as_deref().unwrap_or_default(), hint: "Meta's id; may be empty.", ..Field::default() }.draw())
        (Field { form: "tenant", name: "requests_per_second", label: "Requests a second, at each host", value: &rate,
            holds: Holds::Number, hint: "Empty: no limit.", ..Field::default() }.draw())
        @for (name, label, days) in retention(tenant) {
            @let days = days.to_string();
            (Field { form: "tenant", name, label, value: &days, holds: Holds::Number, hint: "Days. Empty: the default.", ..Field::default() }.draw())
        }
        button.primary { "Save" }
    }
}

/// Names as in forms, what people call them, and days.
fn retention(tenant: &TenantView) -> [(&'static str, &'static str, u32); 4] {
    let kept = &tenant.retention;
    [
        ("sessions_days", "Sessions are kept after their end", kept.sessions_days),
        ("exchanges_days", "Exchanges are kept", kept.exchanges_days),
        ("plugin_log_days", "Log lines of plugins are kept", kept.plugin_log_days),
        ("answered_days", "Digests of answered requests are kept", kept.answered_days),
    ]
}
