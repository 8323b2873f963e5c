//! The admin listener: health checks, and the admin API under `/v1`.

mod auth;
mod flows;
mod tenants;
mod versions;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

pub use self::auth::AdminAuth;

use super::AdminState;
use super::health::{healthz, readyz};
use super::problem::Problem;

/// Every route under `/v1` as method and path, for the tests that try each without a token and with another tenant's things.
pub const ADMIN_ROUTES: &[(&str, &str)] = &[
    ("POST", "/v1/tenants"),
    ("GET", "/v1/tenants"),
    ("GET", "/v1/tenants/{tenant}"),
    ("PATCH", "/v1/tenants/{tenant}"),
    ("DELETE", "/v1/tenants/{tenant}"),
    ("POST", "/v1/tenants/{tenant}/keys"),
    ("GET", "/v1/tenants/{tenant}/keys"),
    ("DELETE", "/v1/tenants/{tenant}/keys/{key}"),
    ("PUT", "/v1/tenants/{tenant}/app-secret"),
    ("GET", "/v1/tenants/{tenant}/flows"),
    ("PUT", "/v1/tenants/{tenant}/flows/{flow}"),
    ("PATCH", "/v1/tenants/{tenant}/flows/{flow}"),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}"),
    ("DELETE", "/v1/tenants/{tenant}/flows/{flow}"),
    ("POST", "/v1/tenants/{tenant}/flows/{flow}/versions"),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}/versions"),
    ("POST", "/v1/tenants/{tenant}/flows/{flow}/activate"),
    ("POST", "/v1/tenants/{tenant}/flows/{flow}/rollback"),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}/sessions"),
    ("GET", "/v1/tenants/{tenant}/flows/{flow}/sessions/{session}"),
];

/// The routes of the admin listener. All of `/v1`, what is not there included, needs a token.
pub fn admin_router(state: AdminState) -> Router {
    let mut v1 = Router::new();
    for &(method, path) in ADMIN_ROUTES {
        v1 = v1.route(path, handler(method, path));
    }
    let v1 = v1
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path doesn't take this method"))
        .layer(from_fn_with_state(state.clone(), auth::require_token));
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).merge(v1).with_state(state)
}

/// The handler of a route of [`ADMIN_ROUTES`]: a route that is not in that table can't be served.
fn handler(method: &str, path: &str) -> MethodRouter<AdminState> {
    let resource = path.strip_prefix("/v1/tenants").unwrap_or(path);
    match (method, resource) {
        ("POST", "") => post(tenants::create),
        ("GET", "") => get(tenants::list),
        ("GET", "/{tenant}") => get(tenants::show),
        ("PATCH", "/{tenant}") => patch(tenants::update),
        ("DELETE", "/{tenant}") => delete(tenants::destroy),
        ("POST", "/{tenant}/keys") => post(tenants::add_key),
        ("GET", "/{tenant}/keys") => get(tenants::list_keys),
        ("DELETE", "/{tenant}/keys/{key}") => delete(tenants::delete_key),
        ("PUT", "/{tenant}/app-secret") => put(tenants::set_app_secret),
        ("GET", "/{tenant}/flows") => get(flows::list),
        ("PUT", "/{tenant}/flows/{flow}") => put(flows::replace),
        ("PATCH", "/{tenant}/flows/{flow}") => patch(flows::update),
        ("GET", "/{tenant}/flows/{flow}") => get(flows::show),
        ("DELETE", "/{tenant}/flows/{flow}") => delete(flows::destroy),
        ("POST", "/{tenant}/flows/{flow}/versions") => post(versions::upload),
        ("GET", "/{tenant}/flows/{flow}/versions") => get(versions::list),
        ("POST", "/{tenant}/flows/{flow}/activate") => post(versions::activate),
        ("POST", "/{tenant}/flows/{flow}/rollback") => post(versions::rollback),
        ("GET", "/{tenant}/flows/{flow}/sessions") => get(flows::list_sessions),
        ("GET", "/{tenant}/flows/{flow}/sessions/{session}") => get(flows::show_session),
        (method, path) => unreachable!("{method} {path} has no handler"),
    }
}
