//! A flow: its versions, settings, grants, configuration and Flow JSON.

mod config;
mod grants;
pub mod json;
mod plan;
mod questions;
mod rehearsal;
mod settings;
mod versions;

use maud::{Markup, html};

pub use self::plan::Plan;
pub use self::questions::{
    activate, delete_config_value, delete_flow, delete_flow_json, delete_version, roll_back,
    switch_flow,
};
pub use self::rehearsal::rehearsal;
pub(crate) use self::settings::KEEP_REPLIES;
pub use self::settings::changed_settings;

use crate::parts::{light, link_button, panel};
use crate::tenant::state;
use crate::when::when;
use crate::{Viewer, paths, plot};
use flowhost_api::{ConfigValueView, FlowFigures, FlowView, FlowWarning, Right, VersionView};

/// What the page of a flow shows.
#[derive(Debug)]
pub struct FlowPage<'a> {
    /// Who looks.
    pub viewer: &'a Viewer,
    /// The slug of its tenant.
    pub tenant: &'a str,
    /// The flow.
    pub flow: FlowView,
    /// How it does, as [`flowhost_api::FlowHealth`] has it.
    pub status: String,
    /// The newest first, as many as fit on a page.
    pub versions: Vec<VersionView>,
    /// The version before which there are more.
    pub older_than: Option<i32>,
    /// By key.
    pub config: Vec<ConfigValueView>,
    /// What its exchanges come to.
    pub figures: FlowFigures,
    /// What the span of the figures is, for links: `hour` or `day`.
    pub span: &'a str,
}

/// What stands below the heading.
pub fn content(page: &FlowPage<'_>) -> Markup {
    let FlowPage { viewer, tenant, flow, versions, .. } = page;
    html! {
        (head(page))
        (warnings(&flow.warnings))
        (grants::missing(viewer, tenant, flow))
        (figures(page))
        (versions::section(viewer, tenant, flow, versions, page.older_than))
        (grants::section(viewer, tenant, flow))
        (config::section(viewer, tenant, &flow.name, &page.config))
        (settings::section(viewer, tenant, flow))
        @if viewer.may(Right::Deploy) { (switches(viewer, tenant, flow)) }
    }
}

fn head(page: &FlowPage<'_>) -> Markup {
    let FlowPage { tenant, flow, status, .. } = page;
    let path = |what| paths::of_flow(tenant, &flow.name, what);
    html! {
        p {
            (state(status)) " "
            @match flow.active_version {
                Some(version) => { "Version " strong { (version) } " answers at " code { (flow.endpoint_path) } "." }
                None => { "No version answers yet at " code { (flow.endpoint_path) } "." }
            }
        }
        nav.buttons aria-label="Of this flow" {
            (link_button(&path("live"), "Live"))
            (link_button(&path("sessions"), "Sessions"))
            @if page.viewer.may(Right::Deploy) { (link_button(&path("phone"), "Phone")) }
            (link_button(&path("flow-json"), "Flow JSON"))
        }
    }
}

fn figures(page: &FlowPage<'_>) -> Markup {
    let path = paths::flow(page.tenant, &page.flow.name);
    let span = |name: &str, words: &str| {
        let current = (page.span == name).then_some("true");
        html! { a href={ (path) "?span=" (name) } aria-current=[current] { (words) } }
    };
    panel(
        "figures",
        "Exchanges",
        html! {
            p.hint { (span("hour", "Last hour")) " · " (span("day", "Last day")) }
            (plot::of(&page.figures))
        },
    )
}

fn warnings(warnings: &[FlowWarning]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            (panel("warnings", "Warnings", html! {
                ul {
                    @for warning in warnings {
                        li {
                            (light("warn", &warning.kind)) " " (warning.message)
                            span.hint { " First " (when(&warning.first_seen_at)) ", last " (when(&warning.last_seen_at)) "." }
                        }
                    }
                }
            }))
        }
    }
}

/// Who may not manage the tenant may switch a flow off, and not on again.
fn switches(viewer: &Viewer, tenant: &str, flow: &FlowView) -> Markup {
    let path = |what| paths::of_flow(tenant, &flow.name, what);
    let may_all = viewer.may(Right::Manage);
    panel(
        "switches",
        "Kill switch",
        html! {
            @if flow.disabled {
                p { "Switched off: the endpoint answers 503." }
                @if may_all {
                    p { (link_button(&path("switch"), "Switch on")) }
                } @else {
                    p.hint { "Whoever manages the tenant can switch it on." }
                }
            } @else {
                p { "Switched on." }
                p { (link_button(&path("switch"), "Switch off")) }
            }
            @if may_all || !flow.disabled { p { a href=(path("delete")) { "Delete the flow" } } }
        },
    )
}

#[cfg(test)]
mod tests;
