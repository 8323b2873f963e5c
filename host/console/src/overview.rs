//! All tenants, each with a traffic light and what is behind it.

use maud::{Markup, html};

use crate::parts::{light, link_button};
use flowhost_api::{KeyAtMeta, TenantOverview};

/// A page of tenants.
#[derive(Debug)]
pub struct Overview<'a> {
    /// What was searched for.
    pub search: &'a str,
    /// By slug.
    pub tenants: Vec<TenantOverview>,
    /// Whether this is the first page.
    pub is_first: bool,
    /// The path of the next page.
    pub next: Option<String>,
    /// Whether the viewer may make a tenant.
    pub may_create: bool,
}

/// How a tenant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Light {
    Works,
    Look,
    Broken,
    Off,
}

impl Light {
    fn draw(self) -> Markup {
        match self {
            Self::Works => light("good", "works"),
            Self::Look => light("warn", "look at it"),
            Self::Broken => light("bad", "broken"),
            Self::Off => light("", "switched off"),
        }
    }
}

/// What stands below the heading.
pub fn content(overview: &Overview<'_>) -> Markup {
    html! {
        form.panel.search role="search" method="get" action="/console" {
            div {
                label for="q" { "Part of a tenant's name or slug" }
                // Asks as you type. Without scripts the button does.
                input #q name="q" type="search" value=(overview.search) maxlength="100" autocomplete="off"
                    hx-get="/console" hx-trigger="input changed delay:300ms, search" hx-target="#tenants"
                    hx-select="#tenants" hx-swap="outerHTML" hx-sync="this:replace";
            }
            button { "Search" }
        }
        @if overview.may_create { p { (link_button("/console/new-tenant", "New tenant")) } }
        div #tenants {
            p.hint role="status" { (found(overview)) }
            @if !overview.tenants.is_empty() { (table(&overview.tenants)) }
            nav.pages aria-label="Pages of tenants" {
                @if !overview.is_first { a href=(first_page(overview.search)) { "First page" } }
                @if let Some(next) = &overview.next { a href=(next) rel="next" { "Next page" } }
            }
        }
    }
}

fn found(overview: &Overview<'_>) -> String {
    let shown = match overview.tenants.len() {
        0 => "No tenant".to_owned(),
        1 => "1 tenant".to_owned(),
        count => format!("{count} tenants"),
    };
    let of = match overview.search {
        "" => String::new(),
        search => format!(" with “{search}” in the name or slug"),
    };
    let more = if overview.next.is_some() { ", and there are more" } else { "" };
    format!("{shown}{of}{more}.")
}

fn first_page(search: &str) -> String {
    match search {
        "" => "/console".to_owned(),
        search => format!("/console?q={}", crate::url::encoded(search)),
    }
}

fn table(tenants: &[TenantOverview]) -> Markup {
    html! {
        div.scroll.panel tabindex="0" role="region" aria-label="Tenants" {
            table {
                thead {
                    tr {
                        th scope="col" { "Tenant" }
                        th scope="col" { "State" }
                        th scope="col" { "Key at Meta" }
                        th scope="col" { "App secret" }
                        th scope="col" { "Flows" }
                        th scope="col" { "Failures in the last hour" }
                    }
                }
                tbody { @for tenant in tenants { (row(tenant)) } }
            }
        }
    }
}

fn row(tenant: &TenantOverview) -> Markup {
    let (light, reasons) = judge(tenant);
    html! {
        tr {
            th scope="row" {
                a href={ "/console/tenants/" (tenant.slug) } { (tenant.name) }
                div.hint { (tenant.slug) " · partner " (tenant.partner) }
            }
            td {
                (light.draw())
                @if !reasons.is_empty() { ul.reasons { @for reason in &reasons { li { (reason) } } } }
            }
            td { (key_in_words(&tenant.key)) }
            td { @if tenant.app_secret { "set" } @else { "not set" } }
            td { (flows_in_words(tenant)) }
            td { (failures_in_words(tenant)) }
        }
    }
}

/// A tenant's light, and why it is not the best one.
fn judge(tenant: &TenantOverview) -> (Light, Vec<String>) {
    let mut reasons: Vec<(Light, String)> = Vec::new();
    let mut because = |light, reason: &str| reasons.push((light, reason.to_owned()));
    if tenant.disabled {
        because(Light::Off, "It or its partner is switched off: requests get 503.");
    }
    if !tenant.app_secret {
        because(Light::Broken, "Without the app secret every request is refused.");
    }
    match &tenant.key {
        KeyAtMeta::Reported(error) => {
            because(Light::Broken, &format!("A phone reported {error} of the public key."))
        }
        KeyAtMeta::Status("missing" | "other-key" | "mismatch") => {
            because(Light::Broken, "Meta does not have the active key with its signature.")
        }
        KeyAtMeta::Status("failed") => because(Light::Look, "Meta could not be asked for the key."),
        KeyAtMeta::Status(_) | KeyAtMeta::Unasked => {}
    }
    if tenant.unloadable > 0 {
        because(Light::Broken, "An active version can't be loaded.");
    }
    if tenant.flows == 0 {
        because(Light::Look, "It has no flow yet.");
    }
    if tenant.flows_without_version > 0 {
        because(Light::Look, "A flow has no active version.");
    }
    if tenant.failed_exchanges > 0 || tenant.unanswered > 0 {
        because(
            Light::Look,
            "Something failed in the last hour: the live pages of its flows have what.",
        );
    }
    let light = reasons.iter().map(|(light, _)| *light).max().unwrap_or(Light::Works);
    (light, reasons.into_iter().map(|(_, reason)| reason).collect())
}

fn key_in_words(key: &KeyAtMeta) -> String {
    match key {
        KeyAtMeta::Reported(error) => format!("reported: {error}"),
        KeyAtMeta::Status("valid") => "VALID".to_owned(),
        KeyAtMeta::Status("mismatch") => "MISMATCH".to_owned(),
        KeyAtMeta::Status("other-key") => "another key".to_owned(),
        KeyAtMeta::Status("missing") => "none uploaded".to_owned(),
        KeyAtMeta::Status("failed") => "unknown: Meta could not be asked".to_owned(),
        KeyAtMeta::Status(_) => "unknown: not asked yet".to_owned(),
        KeyAtMeta::Unasked => "unknown: no access to the Graph API".to_owned(),
    }
}

fn flows_in_words(tenant: &TenantOverview) -> String {
    let mut words = counted(tenant.flows);
    for (count, what) in [
        (tenant.flows_off, "switched off"),
        (tenant.flows_without_version, "without an active version"),
        (i64::try_from(tenant.unloadable).unwrap_or(i64::MAX), "not loadable here"),
    ] {
        if count > 0 {
            words += &format!(", {} {what}", counted(count));
        }
    }
    words
}

fn failures_in_words(tenant: &TenantOverview) -> String {
    match (tenant.failed_exchanges, tenant.unanswered) {
        (0, 0) => "none".to_owned(),
        (failed, 0) => format!("{} with a reply", counted(failed)),
        (0, unanswered) => format!("{} without a reply", counted(unanswered)),
        (failed, unanswered) => {
            format!("{} with a reply, {} without", counted(failed), counted(unanswered))
        }
    }
}

/// The desk counts no further.
fn counted(count: i64) -> String {
    if count >= MOST_COUNTED { "1,000 or more".to_owned() } else { count.to_string() }
}

const MOST_COUNTED: i64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> TenantOverview {
        TenantOverview {
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            partner: "default".to_owned(),
            disabled: false,
            app_secret: true,
            key: KeyAtMeta::Status("valid"),
            flows: 2,
            flows_off: 0,
            flows_without_version: 0,
            unloadable: 0,
            failed_exchanges: 0,
            unanswered: 0,
        }
    }

    #[test]
    fn the_light_is_the_worst_of_what_is_behind_it() {
        let light = |change: fn(&mut TenantOverview)| {
            let mut tenant = tenant();
            change(&mut tenant);
            let (light, reasons) = judge(&tenant);
            assert_eq!(reasons.is_empty(), light == Light::Works);
            light
        };

        assert_eq!(light(|_| ()), Light::Works);
        assert_eq!(light(|tenant| tenant.key = KeyAtMeta::Unasked), Light::Works);
        assert_eq!(light(|tenant| tenant.flows = 0), Light::Look);
        assert_eq!(light(|tenant| tenant.unanswered = 1), Light::Look);
        assert_eq!(light(|tenant| tenant.app_secret = false), Light::Broken);
        assert_eq!(light(|tenant| tenant.key = KeyAtMeta::Status("mismatch")), Light::Broken);
        assert_eq!(light(|tenant| tenant.unloadable = 1), Light::Broken);
        let off =
            |tenant: &mut TenantOverview| (tenant.disabled, tenant.app_secret) = (true, false);
        assert_eq!(light(off), Light::Off);
    }

    #[test]
    fn every_light_says_its_state_in_words_and_names_are_escaped() {
        let named = TenantOverview { name: "<script>alert(1)</script>".to_owned(), ..tenant() };
        let overview = Overview {
            search: "\"><b>",
            tenants: vec![named],
            is_first: true,
            next: None,
            may_create: true,
        };

        let page = content(&overview).into_string();

        assert!(page.contains(">works</span>") && page.contains("VALID"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    }
}
