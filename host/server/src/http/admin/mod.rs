//! The admin listener: health checks, and the admin API under `/v1`.

mod access;
mod auth;
mod desk;
mod failed_attempts;
mod flow_config;
mod flow_json;
mod flows;
mod graph;
mod logs;
mod partners;
mod tenants;
mod versions;

use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use axum::{Extension, Router};

pub use self::failed_attempts::FailedAttempts;

use super::AdminState;
use super::health::{healthz, readyz};
use super::metrics::metrics;
use super::problem::Problem;
use crate::admin::Right;

/// A route under `/v1`: its method, its path, and the right that a caller needs.
pub type AdminRoute = (&'static str, &'static str, Right);

/// Every route under `/v1`, for the router, and for the tests that try each without a token, with too little of a role, and with another
/// tenant's things.
pub const ADMIN_ROUTES: &[AdminRoute] = &[
    ("POST", "/v1/partners", Right::Operate),
    ("GET", "/v1/partners", Right::Operate),
    ("GET", "/v1/partners/{partner}", Right::Operate),
    ("PATCH", "/v1/partners/{partner}", Right::Operate),
    ("DELETE", "/v1/partners/{partner}", Right::Operate),
    ("POST", "/v1/api-tokens", Right::Manage),
    ("GET", "/v1/api-tokens", Right::Manage),
    ("DELETE", "/v1/api-tokens/{api_token}", Right::Manage),
    ("GET", "/v1/audit", Right::Read),
    ("POST", "/v1/tenants", Right::Manage),
    ("GET", "/v1/tenants", Right::Read),
    ("GET", "/v1/tenants/{tenant}", Right::Read),
    ("GET", "/v1/tenants/{tenant}/health", Right::Read),
    ("PATCH", "/v1/tenants/{tenant}", Right::Manage),
    ("DELETE", "/v1/tenants/{tenant}", Right::Manage),
    ("POST", "/v1/tenants/{tenant}/keys", Right::Manage),
    ("GET", "/v1/tenants/{tenant}/keys", Right::Read),
    ("DELETE", "/v1/tenants/{tenant}/keys/{key}", Right::Manage),
    ("POST", "/v1/tenants/{tenant}/keys/{key}/upload", Right::Manage),
    ("PUT", "/v1/tenants/{tenant}/graph", Right::Manage),
    ("GET", "/v1/tenants/{tenant}/graph", Right::Read),
    ("DELETE", "/v1/tenants/{tenant}/graph", Right::Manage),
    ("PUT", "/v1/tenants/{tenant}/app-secret", Right::Manage),
    ("GET", "/v1/tenants/{tenant}/flows", Right::Read),
    ("PUT", "/v1/tenants/{tenant}/flows/{flow}", Right::Deploy),
    ("PATCH", "/v1/tenants/{tenant}/flows/{flow}", Right::Deploy),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}", Right::Read),
    ("DELETE", "/v1/tenants/{tenant}/flows/{flow}", Right::Deploy),
    ("PUT", "/v1/tenants/{tenant}/flows/{flow}/config/{key}", Right::Deploy),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}/config", Right::Read),
    ("DELETE", "/v1/tenants/{tenant}/flows/{flow}/config/{key}", Right::Deploy),
    ("PUT", "/v1/tenants/{tenant}/flows/{flow}/flow-json", Right::Deploy),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}/flow-json", Right::Read),
    ("DELETE", "/v1/tenants/{tenant}/flows/{flow}/flow-json", Right::Deploy),
    ("POST", "/v1/tenants/{tenant}/flows/{flow}/versions", Right::Deploy),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}/versions", Right::Read),
    ("POST", "/v1/tenants/{tenant}/flows/{flow}/activate", Right::Deploy),
    ("POST", "/v1/tenants/{tenant}/flows/{flow}/rollback", Right::Deploy),
    ("POST", "/v1/tenants/{tenant}/flows/{flow}/versions/{version}/rehearse", Right::Deploy),
    ("POST", "/v1/tenants/{tenant}/flows/{flow}/tokens", Right::Deploy),
    // Lines may hold what customers said: for who writes the plugin, not for everybody who may look.
    ("GET", "/v1/tenants/{tenant}/flows/{flow}/logs", Right::Deploy),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}/sessions", Right::Read),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}/sessions/{session}", Right::Read),
];

/// The routes of the admin listener. All of `/v1`, what is not there included, needs a token.
pub fn admin_router(state: AdminState) -> Router {
    let mut v1 = Router::new();
    for &(method, path, right) in ADMIN_ROUTES {
        v1 = v1.route(path, handler(method, path).route_layer(Extension(right)));
    }
    let v1 = v1
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path doesn't take this method"))
        .layer(from_fn_with_state(state.clone(), auth::require_token));
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .merge(v1)
        .with_state(state)
}

/// The handler of a route of [`ADMIN_ROUTES`]: a route that is not in that table can't be served.
fn handler(method: &str, path: &str) -> MethodRouter<AdminState> {
    match path.strip_prefix("/v1/tenants") {
        Some(path) => tenant_handler(method, path),
        None => match (method, path) {
            ("POST", "/v1/partners") => post(partners::create),
            ("GET", "/v1/partners") => get(partners::list),
            ("GET", "/v1/partners/{partner}") => get(partners::show),
            ("PATCH", "/v1/partners/{partner}") => patch(partners::update),
            ("DELETE", "/v1/partners/{partner}") => delete(partners::destroy),
            ("POST", "/v1/api-tokens") => post(access::create_token),
            ("GET", "/v1/api-tokens") => get(access::list_tokens),
            ("DELETE", "/v1/api-tokens/{api_token}") => delete(access::revoke_token),
            ("GET", "/v1/audit") => get(access::list_audit),
            (method, path) => unreachable!("{method} {path} has no handler"),
        },
    }
}

/// The handler of a route below `/v1/tenants`.
fn tenant_handler(method: &str, path: &str) -> MethodRouter<AdminState> {
    match (method, path) {
        ("POST", "") => post(tenants::create),
        ("GET", "") => get(tenants::list),
        ("GET", "/{tenant}") => get(tenants::show),
        ("GET", "/{tenant}/health") => get(flows::health),
        ("PATCH", "/{tenant}") => patch(tenants::update),
        ("DELETE", "/{tenant}") => delete(tenants::destroy),
        ("POST", "/{tenant}/keys") => post(tenants::add_key),
        ("GET", "/{tenant}/keys") => get(tenants::list_keys),
        ("DELETE", "/{tenant}/keys/{key}") => delete(tenants::delete_key),
        ("POST", "/{tenant}/keys/{key}/upload") => post(graph::upload_key),
        ("PUT", "/{tenant}/graph") => put(graph::set),
        ("GET", "/{tenant}/graph") => get(graph::show),
        ("DELETE", "/{tenant}/graph") => delete(graph::forget),
        ("PUT", "/{tenant}/app-secret") => put(tenants::set_app_secret),
        ("GET", "/{tenant}/flows") => get(flows::list),
        ("PUT", "/{tenant}/flows/{flow}") => put(flows::replace),
        ("PATCH", "/{tenant}/flows/{flow}") => patch(flows::update),
        ("GET", "/{tenant}/flows/{flow}") => get(flows::show),
        ("DELETE", "/{tenant}/flows/{flow}") => delete(flows::destroy),
        ("PUT", "/{tenant}/flows/{flow}/config/{key}") => put(flow_config::set),
        ("GET", "/{tenant}/flows/{flow}/config") => get(flow_config::list),
        ("DELETE", "/{tenant}/flows/{flow}/config/{key}") => delete(flow_config::destroy),
        ("PUT", "/{tenant}/flows/{flow}/flow-json") => put(flow_json::set),
        ("GET", "/{tenant}/flows/{flow}/flow-json") => get(flow_json::show),
        ("DELETE", "/{tenant}/flows/{flow}/flow-json") => delete(flow_json::destroy),
        ("POST", "/{tenant}/flows/{flow}/versions") => post(versions::upload),
        ("GET", "/{tenant}/flows/{flow}/versions") => get(versions::list),
        ("POST", "/{tenant}/flows/{flow}/activate") => post(versions::activate),
        ("POST", "/{tenant}/flows/{flow}/rollback") => post(versions::rollback),
        ("POST", "/{tenant}/flows/{flow}/versions/{version}/rehearse") => post(versions::rehearse),
        ("POST", "/{tenant}/flows/{flow}/tokens") => post(flows::mint_token),
        ("GET", "/{tenant}/flows/{flow}/logs") => get(logs::read),
        ("GET", "/{tenant}/flows/{flow}/sessions") => get(flows::list_sessions),
        ("GET", "/{tenant}/flows/{flow}/sessions/{session}") => get(flows::show_session),
        (method, path) => unreachable!("{method} /v1/tenants{path} has no handler"),
    }
}
