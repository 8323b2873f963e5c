//! The Flow JSON of a flow, with what is found in it beside its lines.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::frame::csrf_field;
use crate::parts::{light, link_button, panel};
use crate::{Viewer, paths};
use flowhost_api::{FindingView, Right};

/// What the page shows.
#[derive(Debug)]
pub struct FlowJsonPage<'a> {
    /// Who looks.
    pub viewer: &'a Viewer,
    /// The slug of the tenant.
    pub tenant: &'a str,
    /// The name of the flow.
    pub flow: &'a str,
    /// The document; `None` if the flow has none.
    pub text: Option<&'a str>,
    /// What is found in it.
    pub findings: &'a [FindingView],
    /// Whether it is the flow's, and not what was sent and refused.
    pub is_stored: bool,
    /// The numbers of the flow's versions, the newest first.
    pub versions: &'a [i32],
    /// The version that was sent for.
    pub chosen: Option<i32>,
}

/// What stands below the heading.
pub fn content(page: &FlowJsonPage<'_>) -> Markup {
    let FlowJsonPage { viewer, text, findings, is_stored, .. } = page;
    html! {
        @match text {
            None => p { "The flow has no Flow JSON: replies are not checked against one." },
            Some(text) => {
                (summary(findings, text))
                @if *is_stored { (buttons(page)) }
                (panel("document", if *is_stored { "Document" } else { "What was sent" }, lines(text, findings)))
            }
        }
        @if viewer.may(Right::Deploy) { (forms(page)) }
    }
}

fn summary(findings: &[FindingView], text: &str) -> Markup {
    let shown = text.lines().take(MOST_LINES).count();
    html! {
        @if findings.is_empty() {
            p { (light("good", "no finding")) }
        } @else {
            (panel("findings", "Findings", html! {
                ul {
                    @for finding in findings {
                        li {
                            (level(finding)) " "
                            @match finding.line {
                                Some(line) if line <= shown => { a href={ "#L" (line) } { "Line " (line) } ": " }
                                Some(line) => { "Line " (line) ": " }
                                None => {}
                            }
                            (message(finding))
                        }
                    }
                }
            }))
        }
    }
}

/// The lines, numbered, each with what is found in it below.
fn lines(text: &str, findings: &[FindingView]) -> Markup {
    let mut by_line: BTreeMap<usize, Vec<&FindingView>> = BTreeMap::new();
    for finding in findings {
        by_line.entry(finding.line.unwrap_or(1)).or_default().push(finding);
    }
    let rest = text.lines().count().saturating_sub(MOST_LINES);
    html! {
        // By keyboard, too, it can be moved sideways.
        div.scroll tabindex="0" role="region" aria-label="Lines" {
            ol.code {
                @for (number, line) in (1..).zip(text.lines().take(MOST_LINES)) {
                    li id={ "L" (number) } {
                        code { (clipped(line)) }
                        @for finding in by_line.get(&number).into_iter().flatten() {
                            p.finding { (level(finding)) " " (message(finding)) }
                        }
                    }
                }
            }
        }
        @if rest > 0 { p.hint { "And " (rest) " more lines." } }
    }
}

fn level(finding: &FindingView) -> Markup {
    light(if finding.level == "error" { "bad" } else { "warn" }, &finding.level)
}

fn message(finding: &FindingView) -> Markup {
    html! {
        (finding.message)
        @if let Some(name) = &finding.name { " (" (name) ")" }
        @if !finding.pointer.is_empty() { " " code.small { (finding.pointer) } }
    }
}

fn clipped(line: &str) -> String {
    match line.char_indices().nth(MOST_CHARS) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], line.len()),
    }
}

fn buttons(page: &FlowJsonPage<'_>) -> Markup {
    let path = |what| paths::of_flow(page.tenant, page.flow, what);
    html! {
        p.buttons {
            (link_button(&path("flow-json/document"), "Download"))
            @if page.viewer.may(Right::Deploy) { (link_button(&path("flow-json/delete"), "Delete")) }
        }
    }
}

/// Its answer may be this page with what is wrong, so it is a form without scripts.
fn forms(page: &FlowJsonPage<'_>) -> Markup {
    let FlowJsonPage { viewer, tenant, flow, text, versions, chosen, .. } = page;
    let prefilled = text.filter(|text| text.len() <= MOST_BYTES_TO_EDIT);
    let too_long = match page.is_stored {
        true => "The document is too long to be edited here: download it.",
        false => {
            "What was sent is too long to be edited here: send it as a file, once it is mended."
        }
    };
    panel(
        "put",
        "Put another",
        html! {
            form.drop method="post" action=(paths::of_flow(tenant, flow, "flow-json"))
                enctype="multipart/form-data" data-drop {
                (csrf_field(viewer))
                div.field {
                    label for="put-version" { "For" }
                    select #put-version name="version" {
                        option value="" { "the flow and its active version, at once" }
                        @for version in *versions {
                            option value=(version) selected[*chosen == Some(*version)] { "version " (version) ", from its activation on" }
                        }
                    }
                }
                div.field {
                    label for="put-file" { "A file" }
                    input #put-file name="file" type="file" accept=".json,application/json" aria-describedby="put-file-hint";
                    p.hint #put-file-hint { "At most 10 MiB. It may be dropped anywhere on this page. If a file is chosen, the text below is not sent." }
                }
                div.field {
                    label for="put-document" { "Or the text" }
                    textarea.code #put-document name="document" rows="20" spellcheck="false" autocomplete="off" { "\n" (prefilled.unwrap_or_default()) }
                    @if text.is_some() && prefilled.is_none() { p.hint { (too_long) } }
                }
                button.primary { "Check and put it" }
            }
        },
    )
}

/// Twenty times what a long Flow has; a browser draws them in a second.
const MOST_LINES: usize = 5_000;

/// Browsers hardly move in longer texts.
pub(super) const MOST_BYTES_TO_EDIT: usize = 2 << 20;

/// A document without line breaks is one line of megabytes.
const MOST_CHARS: usize = 500;
