//! Who changed what of a tenant.

use maud::{Markup, html};
use serde_json::Value;

use crate::when::when;
use crate::{parts, paths};
use flowhost_api::{AuditEntryView, AuditPage};

/// A page of all changes.
pub fn changes(tenant: &str, page: &AuditPage) -> Markup {
    html! {
        section.panel {
            (table(&page.entries))
            @if let Some(before) = &page.next_before {
                p { a href=(paths::of_tenant(tenant, format_args!("changes?before={before}"))) { "Older" } }
            }
        }
    }
}

pub(super) fn table(entries: &[AuditEntryView]) -> Markup {
    html! {
        @if entries.is_empty() {
            p { "No change." }
        } @else {
            (parts::table("Changes", &["When", "Who", "What", "Of", "How"], html! {
                @for entry in entries { (row(entry)) }
            }))
        }
    }
}

fn row(entry: &AuditEntryView) -> Markup {
    html! {
        tr {
            td { (when(&entry.at)) }
            td {
                (entry.actor.role)
                @if let Some(token) = &entry.actor.api_token { " " code.small { (token) } }
            }
            td { (entry.action) }
            td { @if let Some(target) = &entry.target { (target) } }
            td {
                @if entry.before.is_some() || entry.after.is_some() {
                    details {
                        summary { "Show" }
                        (shown("before", entry.before.as_ref()))
                        (shown("after", entry.after.as_ref()))
                    }
                }
            }
        }
    }
}

fn shown(label: &str, value: Option<&Value>) -> Markup {
    html! {
        @if let Some(value) = value {
            p.hint { (label) }
            pre.long tabindex="0" { (format!("{value:#}")) }
        }
    }
}
