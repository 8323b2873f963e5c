//! The key pairs of a tenant.

use maud::{Markup, html};

use crate::parts::{Field, Holds, light, link_button, panel, smooth_form, table};
use crate::when::when;
use crate::{Viewer, paths};
use flowhost_api::{ListedKey, Right, UploadView};

pub(super) fn section(viewer: &Viewer, tenant: &str, keys: &[ListedKey]) -> Markup {
    panel(
        "keys",
        "Keys",
        html! {
            @if keys.is_empty() { p { "No key: no request can be opened." } }
            @for key in keys { (one(viewer, tenant, key)) }
            @if viewer.may(Right::Manage) {
                p { (link_button(&paths::of_tenant(tenant, "keys/new"), "Make or import a key")) }
            }
        },
    )
}

fn one(viewer: &Viewer, tenant: &str, key: &ListedKey) -> Markup {
    let ListedKey { key, needs_upload, needs_upload_reason, uploads } = key;
    let is_active = key.state == "active";
    html! {
        article.item {
            h3 { code { (key.fingerprint) } }
            p {
                (light(if is_active { "good" } else { "" }, &key.state))
                @if *needs_upload {
                    " " (light("bad", "Meta needs it"))
                    @if let Some(reason) = needs_upload_reason { ": " (reason) "." }
                }
                " Made " (when(&key.created_at))
                @if let Some(at) = &key.retires_at { ", opens requests until " (when(at)) }
                "."
            }
            @if !uploads.is_empty() { (at_meta(uploads)) }
            details {
                summary { "Public key" }
                pre.long tabindex="0" { (key.public_key_pem) }
            }
            @if viewer.may(Right::Manage) {
                div.buttons {
                    @if is_active {
                        (smooth_form(viewer, &paths::of_tenant(tenant, format_args!("keys/{}/upload", key.id)), html! {
                            button { "Upload to Meta" }
                        }))
                    }
                    (link_button(&paths::of_tenant(tenant, format_args!("keys/{}/retire", key.id)), "Retire"))
                }
            }
        }
    }
}

fn at_meta(uploads: &[UploadView]) -> Markup {
    html! {
        (table("The key at Meta", &["Phone number id", "At Meta", "Uploaded", "Asked", "Detail"], html! {
            @for upload in uploads {
                tr {
                    th scope="row" { (upload.phone_number_id) }
                    td { (light(if upload.status == "valid" { "good" } else { "warn" }, &upload.status)) }
                    td { @if let Some(at) = &upload.uploaded_at { (when(at)) } }
                    td { @if let Some(at) = &upload.checked_at { (when(at)) } }
                    td { @if let Some(detail) = &upload.detail { (detail) } }
                }
            }
        }))
    }
}

/// The page with the forms for a new key. `active` is the fingerprint of the key that it replaces.
pub fn new_key(viewer: &Viewer, tenant: &str, active: Option<&str>) -> Markup {
    let path = paths::of_tenant(tenant, "keys");
    let overlap = |form| {
        Field {
            form,
            name: "retire_previous_after_seconds",
            label: "Seconds for which the key before still opens requests",
            hint: "A day if empty: clients fetch a new key long before that.",
            holds: Holds::Number,
            value: "86400",
            ..Field::default()
        }
        .draw()
    };
    let make = html! {
        (overlap("make"))
        button.primary { "Make a key" }
    };
    let import = html! {
        (Field { form: "import", name: "private_key_pem", label: "Private key", required: true, holds: Holds::Lines,
            hint: "In PEM or in base64 of another form. It is sealed at once and never shown.", ..Field::default() }.draw())
        (Field { form: "import", name: "passphrase", label: "Passphrase", holds: Holds::Secret,
            hint: "If the key is encrypted.", ..Field::default() }.draw())
        (overlap("import"))
        button.primary { "Import the key" }
    };
    html! {
        p {
            "The new key becomes the active one. "
            @if let Some(active) = active { "The active one now, " code { (active) } ", begins to retire. " }
            "Phones use the new key once it is uploaded to Meta."
        }
        (panel("make", "Make one", smooth_form(viewer, &path, make)))
        (panel("import", "Import one", smooth_form(viewer, &path, import)))
    }
}
