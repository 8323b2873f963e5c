//! Settings and secrets for a flow's plugin.

use maud::{Markup, html};

use crate::parts::{Field, Holds, folded, light, link_button, panel, smooth_form, table};
use crate::when::when;
use crate::{Viewer, paths};
use flowhost_api::{ConfigValueView, Right};

pub(super) fn section(
    viewer: &Viewer,
    tenant: &str,
    flow: &str,
    config: &[ConfigValueView],
) -> Markup {
    let path = paths::of_flow(tenant, flow, "config");
    panel(
        "config",
        "Configuration of the plugin",
        html! {
            @if config.is_empty() {
                p { "No setting and no secret." }
            } @else {
                @let head = ["Key", "Value", "May be sent to", "Set", ""];
                @let head = if viewer.may(Right::Deploy) { &head[..] } else { &head[..4] };
                (table("Configuration", head, html! {
                    @for value in config { (row(viewer, tenant, flow, value)) }
                }))
            }
            @if viewer.may(Right::Deploy) {
                (folded("Set a setting", smooth_form(viewer, &path, setting())))
                (folded("Set a secret", smooth_form(viewer, &path, secret())))
            }
        },
    )
}

fn row(viewer: &Viewer, tenant: &str, flow: &str, value: &ConfigValueView) -> Markup {
    html! {
        tr {
            th scope="row" { code { (value.key) } }
            td {
                @match &value.value {
                    Some(text) if text.len() > SHOWN_AT_ONCE => (folded("Show", html! { pre.long tabindex="0" { (text) } })),
                    Some(text) => pre.long tabindex="0" { (text) },
                    None => (light("", "secret")),
                }
            }
            td { (value.hosts.join(", ")) }
            td { (when(&value.updated_at)) }
            @if viewer.may(Right::Deploy) {
                td { (link_button(&paths::of_flow(tenant, flow, format_args!("config/{}/delete", value.key)), "Delete")) }
            }
        }
    }
}

fn setting() -> Markup {
    html! {
        (key("setting"))
        (Field { form: "setting", name: "value", label: "Value", holds: Holds::Lines, hint: "At most 16 KiB. The plugin reads it.", ..Field::default() }.draw())
        button.primary { "Set the setting" }
    }
}

fn secret() -> Markup {
    html! {
        (key("secret"))
        (Field { form: "secret", name: "value", label: "Value", holds: Holds::Lines, required: true,
            hint: "At most 16 KiB. It is sealed at once and never shown; the plugin has it sent, and never reads it.", ..Field::default() }.draw())
        (Field { form: "secret", name: "hosts", label: "Hosts that it may be sent to", holds: Holds::Lines, required: true,
            hint: "One a line, as api.example.com or api.example.com:8443.", ..Field::default() }.draw())
        input type="hidden" name="secret" value="true";
        button.primary { "Set the secret" }
    }
}

fn key(form: &str) -> Markup {
    Field {
        form,
        name: "key",
        label: "Key",
        required: true,
        hint: "1 to 64 letters, digits, '-', '_' and '.'.",
        ..Field::default()
    }
    .draw()
}

/// Bytes of a value that a table has room for.
const SHOWN_AT_ONCE: usize = 200;
