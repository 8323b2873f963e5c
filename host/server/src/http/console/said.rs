//! Texts that may be customers', and the entry of the audit log by which they are open.

use crate::admin::SaidText;
use flowhost_console::Said;
use flowhost_protocol::ids::AuditId;

/// A text for a page.
pub(super) fn said(text: SaidText) -> Said {
    match text {
        SaidText::Open(text) => Said::Open(text),
        SaidText::Masked(count) => Said::Masked(count),
    }
}

/// The entry that a link names. Whatever else the link has opens nothing.
pub(super) fn shown_by(link: Option<&str>) -> Option<AuditId> {
    link?.parse().ok()
}
