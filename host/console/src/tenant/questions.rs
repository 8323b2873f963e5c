//! What is asked before something is done to a tenant.

use maud::{Markup, html};

use crate::parts::{Question, typed_name};
use crate::{Viewer, paths};
use flowhost_api::{ApiTokenView, FlowView, GraphAccessView, ListedKey, TenantView};

/// Whether to switch a tenant off, or on again. `flows` are the tenant's.
pub fn switch_tenant(viewer: &Viewer, tenant: &TenantView, flows: &[FlowView]) -> Markup {
    let answering = flows.iter().filter(|flow| !flow.disabled).count();
    let changes = html! {
        @if tenant.disabled {
            p { "The endpoints of " strong { (tenant.name) } " answer again, on every host: " (answering) " of its flows are not switched off themselves." }
        } @else {
            p { "All endpoints of " strong { (tenant.name) } " answer 503 on every host from then on, and conversations stop where they are. It has " (flows.len()) " flows." }
        }
    };
    let off = if tenant.disabled { "false" } else { "true" };
    Question {
        viewer,
        changes,
        path: &paths::of_tenant(&tenant.slug, "switch"),
        back: &paths::tenant(&tenant.slug),
        button: if tenant.disabled { "Switch on" } else { "Switch off" },
        harms: !tenant.disabled,
        fields: html! { input type="hidden" name="disabled" value=(off); },
    }
    .content()
}

/// Whether to delete a tenant.
pub fn delete_tenant(viewer: &Viewer, tenant: &TenantView, flows: &[FlowView]) -> Markup {
    let changes = html! {
        p { strong { (tenant.name) } " is destroyed with all that it owns: its keys, secrets and tokens, and "
            (flows.len()) " flows with their versions and sessions. Its data key goes first, so no copy of the database can be opened either. Nothing brings it back." }
    };
    Question {
        viewer,
        changes,
        path: &paths::of_tenant(&tenant.slug, "delete"),
        back: &paths::tenant(&tenant.slug),
        button: "Delete the tenant",
        harms: true,
        fields: typed_name(&tenant.slug),
    }
    .content()
}

/// Whether to retire a key for good.
pub fn retire_key(viewer: &Viewer, tenant: &str, key: &ListedKey) -> Markup {
    let key = &key.key;
    let changes = html! {
        p { "The key " code { (key.fingerprint) } ", which is " strong { (key.state) } ", is deleted." }
        @if key.state == "active" {
            p { "It is the one that phones use now. Requests that are encrypted to it can't be opened from then on, until another key is active here and at Meta." }
        } @else if key.state == "retiring" {
            p { "Requests of clients that have not fetched the new key yet can't be opened from then on." }
        } @else {
            p { "It opens nothing any more." }
        }
    };
    Question {
        viewer,
        changes,
        path: &paths::of_tenant(tenant, format_args!("keys/{}/retire", key.id)),
        back: &paths::tenant(tenant),
        button: "Retire the key",
        harms: true,
        fields: html! {},
    }
    .content()
}

/// Whether to delete the access to the Graph API.
pub fn delete_graph_access(viewer: &Viewer, tenant: &str, access: &GraphAccessView) -> Markup {
    let changes = html! {
        p { "The access token is deleted, and with it the list of "
            (access.phone_number_ids.len()) " phone numbers. Keys that Meta has stay there; the host does not ask for them any more." }
    };
    Question {
        viewer,
        changes,
        path: &paths::of_tenant(tenant, "graph/delete"),
        back: &paths::tenant(tenant),
        button: "Delete the access",
        harms: true,
        fields: html! {},
    }
    .content()
}

/// Whether to revoke a token.
pub fn revoke_token(viewer: &Viewer, tenant: &str, token: &ApiTokenView) -> Markup {
    let changes = html! {
        p { "The token " code { (token.id) } " of role " strong { (token.role) } " is revoked, and so are those that were made with it: no host takes them from then on." }
        @if token.for_console { p { "A browser holds it: whoever uses that has to sign in again." } }
    };
    Question {
        viewer,
        changes,
        path: &paths::of_tenant(tenant, format_args!("api-tokens/{}/revoke", token.id)),
        back: &paths::tenant(tenant),
        button: "Revoke the token",
        harms: true,
        fields: html! {},
    }
    .content()
}
