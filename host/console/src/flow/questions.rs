//! What is asked before something is done to a flow.

use maud::{Markup, html};

use super::grants::grant_button;
use super::plan::{FlowJsonPlan, Plan, words};
use super::versions::size;
use crate::parts::{Question, typed_name};
use crate::{Viewer, paths};
use flowhost_api::{CapabilitiesView, ConfigValueView, FlowView, VersionView};

/// Whether to activate a version.
pub fn activate(viewer: &Viewer, tenant: &str, flow: &str, plan: &Plan) -> Markup {
    let path = paths::of_flow(tenant, flow, format_args!("versions/{}/activate", plan.to));
    planned(viewer, tenant, flow, plan, &path, html! {})
}

/// Whether to go back to the version that was active before.
pub fn roll_back(viewer: &Viewer, tenant: &str, flow: &str, plan: &Plan) -> Markup {
    let path = paths::of_flow(tenant, flow, "rollback");
    // What the page named is what is done, whatever else was activated meanwhile.
    let fields = html! { input type="hidden" name="version" value=(plan.to); };
    planned(viewer, tenant, flow, plan, &path, fields)
}

fn planned(
    viewer: &Viewer,
    tenant: &str,
    flow: &str,
    plan: &Plan,
    path: &str,
    fields: Markup,
) -> Markup {
    let back = paths::flow(tenant, flow);
    if !plan.missing.is_empty() {
        return html! {
            section.panel {
                (changes(plan))
                p { "The flow doesn't grant " strong { (words(&plan.missing).join(", ")) } ": version " (plan.to) " can't become active before it does." }
                (grant_button(viewer, tenant, flow, &plan.missing, Some(plan.to)))
                p { a href=(back) { "Leave it as it is" } }
            }
        };
    }
    let button = format!("Activate version {}", plan.to);
    let changes = changes(plan);
    Question { viewer, changes, path, back: &back, button: &button, harms: false, fields }.content()
}

fn changes(plan: &Plan) -> Markup {
    let list = |capabilities: &CapabilitiesView| words(capabilities).join(", ");
    html! {
        p {
            @match plan.from {
                Some(from) if from == plan.to => { "Version " strong { (from) } " is active already." }
                Some(from) => { "Version " strong { (plan.to) } " answers in place of version " strong { (from) } "." }
                None => { "Version " strong { (plan.to) } " is the first to answer." }
            }
            " Requests under way finish with the version that they began with."
        }
        dl.facts {
            @if let Some(note) = &plan.note { dt { "Note" } dd { (note) } }
            dt { "Asks also for" }
            dd { @if plan.asks_more.is_empty() { "nothing" } @else { (list(&plan.asks_more)) } }
            dt { "Asks no more for" }
            dd { @if plan.asks_less.is_empty() { "nothing" } @else { (list(&plan.asks_less)) } }
            dt { "Grants missing" }
            dd { @if plan.missing.is_empty() { "none" } @else { (list(&plan.missing)) } }
            dt { "Flow JSON" }
            dd {
                @match plan.flow_json {
                    FlowJsonPlan::Stays => "stays as it is",
                    FlowJsonPlan::Replaced => "changes: replies are checked against the version's own, which has to be published at Meta too",
                    FlowJsonPlan::First => "the flow gets the version's: replies are checked against it from then on",
                    FlowJsonPlan::None => "none: replies are not checked against one",
                }
            }
        }
    }
}

/// Whether to delete a version.
pub fn delete_version(viewer: &Viewer, tenant: &str, flow: &str, version: &VersionView) -> Markup {
    let number = version.version;
    Question {
        viewer,
        changes: html! {
            p { "Version " strong { (number) } " is deleted, " (size(version.size)) ". Nobody can go back to it then." }
            @if let Some(note) = &version.note { p { "Its note: " (note) } }
        },
        path: &paths::of_flow(tenant, flow, format_args!("versions/{number}/delete")),
        back: &paths::flow(tenant, flow),
        button: "Delete the version",
        harms: true,
        fields: html! {},
    }
    .content()
}

/// Whether to switch a flow off, or on again.
pub fn switch_flow(viewer: &Viewer, tenant: &str, flow: &FlowView) -> Markup {
    let off = if flow.disabled { "false" } else { "true" };
    Question {
        viewer,
        changes: html! {
            @if flow.disabled {
                p { "The endpoint " code { (flow.endpoint_path) } " answers again, on every host." }
            } @else {
                p { "The endpoint " code { (flow.endpoint_path) } " answers 503 on every host from then on. Only who manages the tenant can switch it on again." }
            }
        },
        path: &paths::of_flow(tenant, &flow.name, "switch"),
        back: &paths::flow(tenant, &flow.name),
        button: if flow.disabled { "Switch on" } else { "Switch off" },
        harms: !flow.disabled,
        fields: html! { input type="hidden" name="disabled" value=(off); },
    }
    .content()
}

/// Whether to delete a flow.
pub fn delete_flow(viewer: &Viewer, tenant: &str, flow: &FlowView) -> Markup {
    Question {
        viewer,
        changes: html! {
            p { "The flow " strong { (flow.name) } " is deleted with all its versions, its sessions, its configuration and what its plugin keeps. Its endpoint " code { (flow.endpoint_path) } " answers 404 from then on. Nothing brings it back." }
        },
        path: &paths::of_flow(tenant, &flow.name, "delete"),
        back: &paths::flow(tenant, &flow.name),
        button: "Delete the flow",
        harms: true,
        fields: typed_name(&flow.name),
    }
    .content()
}

/// Whether to delete a setting or a secret.
pub fn delete_config_value(
    viewer: &Viewer,
    tenant: &str,
    flow: &str,
    value: &ConfigValueView,
) -> Markup {
    let what = if value.secret { "secret" } else { "setting" };
    Question {
        viewer,
        changes: html! { p { "The " (what) " " code { (value.key) } " is deleted. The plugin finds none from its next call on." } },
        path: &paths::of_flow(tenant, flow, format_args!("config/{}/delete", value.key)),
        back: &paths::flow(tenant, flow),
        button: "Delete it",
        harms: true,
        fields: html! {},
    }
    .content()
}

/// Whether to delete the Flow JSON of a flow.
pub fn delete_flow_json(viewer: &Viewer, tenant: &str, flow: &FlowView) -> Markup {
    Question {
        viewer,
        changes: html! {
            p { "The Flow JSON " @if let Some(digest) = &flow.flow_json_digest { code { (digest) } } " of the flow and of its active version is deleted. Replies are not checked against one any more. What is published at Meta stays." }
        },
        path: &paths::of_flow(tenant, &flow.name, "flow-json/delete"),
        back: &paths::of_flow(tenant, &flow.name, "flow-json"),
        button: "Delete the Flow JSON",
        harms: true,
        fields: html! {},
    }
    .content()
}
