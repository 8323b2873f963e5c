//! `/console`.

use axum::response::Html;
use serde::Deserialize;

use super::path::Query;
use super::refusal::Refusal;
use super::viewer::Viewing;
use flowhost_api::{Right, Route};
use flowhost_console::overview::{self, Overview};
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
        tenants: page.tenants,
        is_first: query.after.is_none(),
        next,
        may_create: viewing.viewer.may(Route::CreateTenant.right()),
    });
    Ok(viewing.page("Tenants", &[], content))
}
