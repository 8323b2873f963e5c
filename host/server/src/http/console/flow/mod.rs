//! `/console/tenants/{tenant}/flows/{flow}`, and what is asked and done there.

mod config;
mod deeds;
mod flow_json;
mod versions;

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use maud::Markup;
use serde::Deserialize;

use super::super::AdminState;
use super::figures::span;
use super::path::{Named, Query};
use super::refusal::Refusal;
use super::viewer::Viewing;
use crate::admin::FlowDesk;
use flowhost_api::Route;
use flowhost_console::{flow, paths};

/// The pages of flows. All need a cookie.
pub(super) fn routes() -> Router<AdminState> {
    let of = |what: &str| format!("/console/tenants/{{tenant}}/flows/{{flow}}/{what}");
    let of_version = |what: &str| of(&format!("versions/{{version}}/{what}"));
    Router::new()
        .route("/console/tenants/{tenant}/flows/{flow}", get(show))
        .route(&of("versions"), post(versions::upload))
        .route(&of_version("rehearse"), get(versions::ask_rehearsal).post(versions::rehearse))
        .route(&of_version("activate"), get(versions::ask_activation).post(versions::activate))
        .route(&of_version("delete"), get(versions::ask_delete).post(versions::delete))
        .route(&of("rollback"), get(versions::ask_rollback).post(versions::roll_back))
        .route(&of("settings"), post(deeds::save))
        .route(&of("grants"), post(deeds::grant))
        .route(&of("switch"), get(deeds::ask_switch).post(deeds::switch))
        .route(&of("delete"), get(deeds::ask_delete).post(deeds::delete))
        .route(&of("config"), post(config::put))
        .route(&of("config/{key}/delete"), get(config::ask_delete).post(config::delete))
        .route(&of("flow-json"), get(flow_json::show).post(flow_json::put))
        .route(&of("flow-json/document"), get(flow_json::download))
        .route(&of("flow-json/delete"), get(flow_json::ask_delete).post(flow_json::delete))
}

/// What of the flow is to be shown.
#[derive(Deserialize)]
struct Asked {
    /// The span of the figures.
    span: Option<String>,
    /// The version that the list of versions comes after.
    before: Option<i32>,
}

async fn show(
    Named((tenant, name)): Named<(String, String)>,
    Query(asked): Query<Asked>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let (span, span_name) = span(asked.span.as_deref());
    let desk = viewing.visitor(Route::ShowFlow.right()).flow(&tenant, &name).await?;
    let (versions, older_than) = desk.page_of_versions(asked.before).await?;
    let page = flow::FlowPage {
        viewer: &viewing.viewer,
        tenant: &tenant,
        status: status(&desk, &name).await?,
        flow: desk.show_flow().await?,
        versions,
        older_than,
        config: desk.list_config_values().await?,
        figures: desk.figures(span).await?,
        span: span_name,
    };
    let above = [(tenant.as_str(), paths::tenant(&tenant))];
    Ok(viewing.page(&name, &above, flow::content(&page)))
}

async fn status(desk: &FlowDesk, name: &str) -> Result<String, Refusal> {
    let mut health = desk.show_health().await?.into_iter();
    Ok(health.find(|health| health.flow == name).map(|health| health.status).unwrap_or_default())
}

/// A page below a flow's.
fn below(
    viewing: &Viewing,
    tenant: &str,
    name: &str,
    title: &str,
    content: Markup,
) -> Html<String> {
    let above = [(tenant, paths::tenant(tenant)), (name, paths::flow(tenant, name))];
    viewing.page(title, &above, content)
}
