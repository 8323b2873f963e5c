//! The versions of a flow's plugin.

use maud::{Markup, html};

use super::plan::words;
use crate::frame::csrf_field;
use crate::parts::{Field, light, link_button, panel};
use crate::when::when;
use crate::{Viewer, paths};
use flowhost_api::{FlowView, Right, VersionView};

pub(super) fn section(
    viewer: &Viewer,
    tenant: &str,
    flow: &FlowView,
    versions: &[VersionView],
    older_than: Option<i32>,
) -> Markup {
    panel(
        "versions",
        "Versions",
        html! {
            @if viewer.may(Right::Deploy) { (upload_form(viewer, tenant, &flow.name)) }
            @if versions.is_empty() {
                p { "No version yet." }
            } @else {
                @if let Some(previous) = flow.previous_version && viewer.may(Right::Deploy) {
                    p { (link_button(&paths::of_flow(tenant, &flow.name, "rollback"), &format!("Go back to version {previous}"))) }
                }
                ol.list {
                    @for (at, version) in versions.iter().enumerate() {
                        (one(viewer, tenant, &flow.name, version, versions.get(at + 1)))
                    }
                }
                @if let Some(before) = older_than {
                    p { a href={ (paths::flow(tenant, &flow.name)) "?before=" (before) "#versions" } { "Older versions" } }
                }
            }
        },
    )
}

/// Works without scripts; with them it takes files that are dropped onto the page, and shows how
/// far it is.
fn upload_form(viewer: &Viewer, tenant: &str, flow: &str) -> Markup {
    html! {
        form.drop method="post" action=(paths::of_flow(tenant, flow, "versions"))
            enctype="multipart/form-data" data-drop data-upload {
            (csrf_field(viewer))
            // Before the file: the host begins with what it is told of it.
            (Field { form: "upload", name: "note", label: "Note", hint: "One line, may be empty.", ..Field::default() }.draw())
            div.field {
                label for="upload-component" { "Component" }
                input #upload-component name="component" type="file" accept=".wasm,application/wasm" required
                    aria-describedby="upload-component-hint";
                p.hint #upload-component-hint { "What " code { "flowhost plugin build" } " made, at most 64 MiB. It may be dropped anywhere on this page." }
            }
            button.primary { "Upload a version" }
            progress max="100" value="0" hidden aria-label="Uploaded" {}
            p.hint role="status" data-said {}
        }
    }
}

fn one(
    viewer: &Viewer,
    tenant: &str,
    flow: &str,
    version: &VersionView,
    before: Option<&VersionView>,
) -> Markup {
    let path = |what: &str| {
        paths::of_flow(tenant, flow, format_args!("versions/{}/{what}", version.version))
    };
    let asks = words(&version.requests);
    html! {
        li.item {
            h3 {
                "Version " (version.version)
                @if version.active { " " (light("good", "active")) }
            }
            @if let Some(note) = &version.note { p { (note) } }
            p {
                "Asks for " @if asks.is_empty() { "nothing" } @else { (asks.join(", ")) } ". "
                (size(version.size)) ", uploaded " (when(&version.created_at)) ". "
                @if version.flow_json_digest.is_some() { "Has a Flow JSON." } @else { "Has no Flow JSON." }
            }
            @if let Some(before) = before {
                p.hint { "Against version " (before.version) ": " (differences(before, version).join("; ")) "." }
            }
            details {
                summary { "Digests" }
                p { "Component " code { (version.digest) } }
                @if let Some(digest) = &version.flow_json_digest { p { "Flow JSON " code { (digest) } } }
            }
            @if viewer.may(Right::Deploy) {
                p.buttons {
                    (link_button(&path("rehearse"), "Rehearse"))
                    @if !version.active {
                        (link_button(&path("activate"), "Activate"))
                        (link_button(&path("delete"), "Delete"))
                    }
                }
            }
        }
    }
}

/// What differs from the version before.
pub(super) fn differences(before: &VersionView, after: &VersionView) -> Vec<String> {
    let more = words(&after.requests.without(&before.requests));
    let less = words(&before.requests.without(&after.requests));
    let mut found = Vec::new();
    if !more.is_empty() {
        found.push(format!("asks also for {}", more.join(", ")));
    }
    if !less.is_empty() {
        found.push(format!("asks no more for {}", less.join(", ")));
    }
    found.push(
        match (&before.flow_json_digest, &after.flow_json_digest) {
            (before, after) if before == after => "same Flow JSON",
            (None, Some(_)) => "has a Flow JSON",
            (Some(_), None) => "has no Flow JSON",
            _ => "Flow JSON changed",
        }
        .to_owned(),
    );
    if before.digest == after.digest {
        found.push("same component".to_owned());
    }
    found
}

/// A size for people.
pub(super) fn size(bytes: i32) -> String {
    let bytes = f64::from(bytes);
    if bytes < MIB {
        format!("{:.0} KiB", (bytes / 1024.0).ceil())
    } else {
        format!("{:.1} MiB", bytes / MIB)
    }
}

const MIB: f64 = 1024.0 * 1024.0;
