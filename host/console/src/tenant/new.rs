//! A new tenant.

use maud::{Markup, html};

use crate::Viewer;
use crate::parts::{Field, smooth_form};
use flowhost_api::Right;

/// The page that makes one.
pub fn new_tenant(viewer: &Viewer) -> Markup {
    let fields = html! {
        (Field { form: "new", name: "slug", label: "Name in URLs", required: true,
            hint: "1 to 63 characters of a-z, 0-9 and -. It stays.", ..Field::default() }.draw())
        (Field { form: "new", name: "name", label: "Name for people", hint: "The same if empty.", ..Field::default() }.draw())
        (Field { form: "new", name: "waba_id", label: "WhatsApp Business Account", hint: "Meta's id; may be empty.", ..Field::default() }.draw())
        @if viewer.may(Right::Operate) {
            (Field { form: "new", name: "partner", label: "Partner", hint: "The slug of the partner that it belongs to; `default` if empty.", ..Field::default() }.draw())
        }
        button.primary { "Create" }
    };
    html! { section.panel { (smooth_form(viewer, "/console/tenants", fields)) } }
}
