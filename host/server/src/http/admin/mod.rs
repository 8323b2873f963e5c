//! The admin listener: health checks, the admin API under `/v1`, and the console.

mod api_tokens;
mod app_secrets;
mod audit;
mod auth;
mod desk;
mod failed_attempts;
mod flow_config;
mod flow_json;
mod flow_store;
mod flows;
mod graph;
mod keys;
mod logs;
mod openapi;
mod partners;
mod routes;
mod sessions;
mod tenants;
mod tokens;
mod versions;

use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Extension, Router};

pub(super) use self::auth::source;
pub use self::failed_attempts::FailedAttempts;
pub(super) use self::flow_json::MAX_FLOW_JSON_BYTES;
pub(super) use self::versions::MAX_COMPONENT_BYTES;

use super::AdminState;
use super::console::{Console, console_router};
use super::health::{healthz, readyz};
use super::metrics::metrics;
use super::problem::Problem;
use flowhost_api::Route;

/// The routes of the admin listener. Everything under `/v1` needs a token, even unknown paths.
pub fn admin_router(state: AdminState) -> Router {
    let mut v1 = Router::new();
    for &route in Route::ALL {
        v1 = v1.route(route.path(), routes::handler(route).route_layer(Extension(route.right())));
    }
    let v1 = v1
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path doesn't take this method")
        })
        .layer(from_fn_with_state(state.clone(), auth::require_token));
    let console = match state.console {
        Console::Off => Router::new(),
        Console::On | Console::ForDevelopment => console_router(state.clone()),
    };
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .merge(v1)
        .merge(console)
        .with_state(state)
}
