//! `/console/tenants/{tenant}`, and what is asked and done there.

mod access;
mod deeds;
mod keys;
mod tokens;

pub(super) use self::deeds::{Switch, Typed};

use axum::Router;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use maud::Markup;
use serde::Deserialize;

use super::super::AdminState;
use super::path::{Named, Query};
use super::refusal::Refusal;
use super::viewer::Viewing;
use flowhost_api::{AuditPage, AuditQuery, Route};
use flowhost_console::{paths, tenant};
use flowhost_protocol::ids::AuditId;

/// The pages of tenants. All need a cookie.
pub(super) fn routes() -> Router<AdminState> {
    let of = |what: &str| format!("/console/tenants/{{tenant}}/{what}");
    Router::new()
        .route("/console/new-tenant", get(deeds::ask_new))
        .route("/console/tenants", get(async || Redirect::to("/console")).post(deeds::create))
        .route("/console/tenants/{tenant}", get(show))
        .route(&of("changes"), get(changes))
        .route(&of("settings"), post(deeds::save))
        .route(&of("switch"), get(deeds::ask_switch).post(deeds::switch))
        .route(&of("delete"), get(deeds::ask_delete).post(deeds::delete))
        .route(&of("flows"), post(deeds::create_flow))
        .route(&of("keys/new"), get(keys::ask_new))
        .route(&of("keys"), post(keys::create))
        .route(&of("keys/{key}/upload"), post(keys::upload))
        .route(&of("keys/{key}/retire"), get(keys::ask_retire).post(keys::retire))
        .route(&of("app-secret"), post(access::put_app_secret))
        .route(&of("graph"), post(access::put_graph))
        .route(&of("graph/delete"), get(access::ask_delete_graph).post(access::delete_graph))
        .route(&of("api-tokens"), post(tokens::make))
        .route(&of("api-tokens/{token}/revoke"), get(tokens::ask_revoke).post(tokens::revoke))
}

async fn show(Named(slug): Named<String>, viewing: Viewing) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::ShowTenant.right()).tenant(&slug).await?;
    let app_secret = desk.show_app_secret().await?;
    let page = tenant::TenantPage {
        viewer: &viewing.viewer,
        tenant: desk.show_tenant(),
        flows: desk.list_flows().await?,
        health: desk.show_health().await?,
        keys: desk.list_keys().await?,
        graph: desk.show_graph_access().await?,
        has_app_secret: app_secret.is_set,
        previous_app_secret_until: app_secret.previous_until.map(Into::into),
        api_tokens: tokens::of_tenant(&viewing, &slug).await?,
        audit: audit(&viewing, &slug, Some(LAST_CHANGES), None).await?,
    };
    Ok(viewing.page(&page.tenant.name, &[], tenant::content(&page)))
}

/// Which changes to list.
#[derive(Deserialize)]
struct Older {
    before: Option<AuditId>,
}

async fn changes(
    Named(slug): Named<String>,
    Query(older): Query<Older>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    viewing.visitor(Route::ShowTenant.right()).tenant(&slug).await?;
    let page = audit(&viewing, &slug, None, older.before).await?;
    Ok(below(&viewing, &slug, "Changes", tenant::changes(&slug, &page)))
}

async fn audit(
    viewing: &Viewing,
    tenant: &str,
    limit: Option<u32>,
    before: Option<AuditId>,
) -> Result<AuditPage, Refusal> {
    let desk = viewing.visitor(Route::ListAudit.right()).desk()?;
    let query = AuditQuery { tenant: Some(tenant.to_owned()), limit, before };
    Ok(desk.list_audit_entries(query).await?)
}

/// A page below a tenant's.
fn below(viewing: &Viewing, tenant: &str, title: &str, content: Markup) -> Html<String> {
    viewing.page(title, &[(tenant, paths::tenant(tenant))], content)
}

/// As many as fit on the page of a tenant; the others have a page of their own.
const LAST_CHANGES: u32 = 8;
