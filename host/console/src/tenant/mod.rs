//! A tenant: its flows, keys, secrets, tokens and switches.

mod access;
mod audit;
mod keys;
mod new;
mod questions;
mod settings;
mod tokens;

use maud::{Markup, html};

pub use self::audit::changes;
pub use self::keys::new_key;
pub use self::new::new_tenant;
pub use self::questions::{
    delete_graph_access, delete_tenant, retire_key, revoke_token, switch_tenant,
};
pub use self::tokens::made_token;

use crate::parts::{Field, folded, light, link_button, panel, smooth_form, table};
use crate::{Viewer, paths};
use flowhost_api::{
    ApiTokenView, AuditPage, FlowHealth, FlowView, GraphAccessView, ListedKey, Right, TenantView,
    Timestamp,
};

/// What the page of a tenant shows.
#[derive(Debug)]
pub struct TenantPage<'a> {
    /// Who looks.
    pub viewer: &'a Viewer,
    /// The tenant.
    pub tenant: TenantView,
    /// By name.
    pub flows: Vec<FlowView>,
    /// One for each flow.
    pub health: Vec<FlowHealth>,
    /// The newest first.
    pub keys: Vec<ListedKey>,
    /// Its access to Meta's Graph API.
    pub graph: GraphAccessView,
    /// Whether it has an app secret.
    pub has_app_secret: bool,
    /// Until when the app secret before is valid, if it still is.
    pub previous_app_secret_until: Option<Timestamp>,
    /// Its API tokens; empty for who may not see them.
    pub api_tokens: Vec<ApiTokenView>,
    /// The newest changes.
    pub audit: AuditPage,
}

/// What stands below the heading.
pub fn content(page: &TenantPage<'_>) -> Markup {
    let TenantPage { viewer, tenant, .. } = page;
    html! {
        (head(tenant))
        (flows(page))
        (keys::section(viewer, &tenant.slug, &page.keys))
        (access::app_secret(page))
        (access::graph(viewer, &tenant.slug, &page.graph))
        (settings::section(viewer, tenant))
        @if viewer.may(Right::Manage) {
            (tokens::section(viewer, &tenant.slug, &page.api_tokens))
            (switches(tenant))
        }
        (panel("changes", "Last changes", html! {
            (audit::table(&page.audit.entries))
            @if page.audit.next_before.is_some() {
                p { a href=(paths::of_tenant(&tenant.slug, "changes")) { "All changes" } }
            }
        }))
    }
}

fn head(tenant: &TenantView) -> Markup {
    html! {
        p {
            code { (tenant.slug) } " of partner " code { (tenant.partner) }
            @if let Some(waba_id) = &tenant.waba_id { ", WhatsApp Business Account " code { (waba_id) } }
            ". "
            @if tenant.disabled { (light("bad", "switched off")) }
        }
    }
}

fn flows(page: &TenantPage<'_>) -> Markup {
    let TenantPage { viewer, tenant, flows, health, .. } = page;
    panel(
        "flows",
        "Flows",
        html! {
            @if flows.is_empty() {
                p { "No flow yet." }
            } @else {
                (table("All flows", &["Flow", "State", "Active version", "Warnings"], html! {
                    @for (flow, health) in flows.iter().zip(health).take(MOST_FLOWS) {
                        tr {
                            th scope="row" { a href=(paths::flow(&tenant.slug, &flow.name)) { (flow.name) } }
                            td { (state(&health.status)) }
                            td { @match flow.active_version { Some(version) => (version), None => "none" } }
                            td { (health.warnings.len()) }
                        }
                    }
                }))
                @if flows.len() > MOST_FLOWS {
                    p.hint { "And " (flows.len() - MOST_FLOWS) " more, which " code { "flowhost flow list " (tenant.slug) } " lists." }
                }
            }
            @if viewer.may(Right::Deploy) {
                (folded("Make one", smooth_form(viewer, &paths::of_tenant(&tenant.slug, "flows"), html! {
                    (Field {
                        form: "flow", name: "name", label: "Name", required: true,
                        hint: "1 to 63 characters of a-z, 0-9 and -. It is part of the URL that Meta calls.",
                        ..Field::default()
                    }.draw())
                    button.primary { "Make the flow" }
                })))
            }
        },
    )
}

/// The state of a flow as a traffic light.
pub(crate) fn state(status: &str) -> Markup {
    match status {
        "ok" => light("good", "works"),
        "warning" => light("warn", "warnings"),
        "disabled" => light("bad", "switched off"),
        "no-plugin" => light("", "no active version"),
        other => light("", other),
    }
}

fn switches(tenant: &TenantView) -> Markup {
    let path = |what| paths::of_tenant(&tenant.slug, what);
    panel(
        "switches",
        "Kill switch",
        html! {
            @if tenant.disabled {
                p { "Switched off: all endpoints of the tenant answer 503." }
                p { (link_button(&path("switch"), "Switch on")) }
            } @else {
                p { "Switched on." }
                p { (link_button(&path("switch"), "Switch off")) }
            }
            p { a href=(path("delete")) { "Delete the tenant" } }
        },
    )
}

/// More than people look through.
const MOST_FLOWS: usize = 500;

#[cfg(test)]
mod tests;
