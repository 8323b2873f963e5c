//! `/console`.

use axum::response::Html;
use serde::Deserialize;

use super::path::Query;
use super::refusal::Refusal;
use super::viewer::Viewing;
use crate::admin::{KeyAtMeta, TenantOverview};
use flowhost_api::{Right, Route};
use flowhost_console::overview::{self, Overview, TenantRow};
use flowhost_console::url::with_query;

/// Which tenants to show.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct OverviewQuery {
    /// A part of their name or slug.
    q: String,
    /// The slug that the page comes after.
    after: Option<String>,
}

pub(super) async fn show(
    viewing: Viewing,
    Query(query): Query<OverviewQuery>,
) -> Result<Html<String>, Refusal> {
    let search = query.q.trim();
    let desk = viewing.visitor(Right::Read).desk()?;
    let page = desk.look_over_tenants(search, query.after.as_deref()).await?;
    let next =
        page.next_after.map(|after| with_query("/console", &[("q", search), ("after", &after)]));
    let content = overview::content(&Overview {
        search,
        tenants: page.tenants.into_iter().map(row).collect(),
        is_first: query.after.is_none(),
        next,
        may_create: viewing.viewer.may(Route::CreateTenant.right()),
    });
    Ok(viewing.page("Tenants", &[], content))
}

fn row(tenant: TenantOverview) -> TenantRow {
    TenantRow {
        slug: tenant.slug,
        name: tenant.name,
        partner: tenant.partner,
        disabled: tenant.disabled,
        app_secret: tenant.app_secret,
        key: match tenant.key {
            KeyAtMeta::Reported(error) => overview::KeyAtMeta::Reported(error),
            KeyAtMeta::Status(status) => overview::KeyAtMeta::Status(status),
            KeyAtMeta::Unasked => overview::KeyAtMeta::Unasked,
        },
        flows: tenant.flows,
        flows_off: tenant.flows_off,
        flows_without_version: tenant.flows_without_version,
        unloadable: tenant.unloadable,
        failed_exchanges: tenant.failed_exchanges,
        error_lines: tenant.error_lines,
    }
}
