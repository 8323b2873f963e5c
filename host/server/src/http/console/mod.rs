//! The console under `/console` of the admin listener: pages over the same desks as the admin API,
//! for browsers.
//!
//! Who looks is in a cookie, which [`viewer`] turns into a caller. Whatever changes something is a
//! POST of the console's own pages: [`origin`] refuses those of other sites, and each form carries
//! what only its own page can know ([`form`]). What a viewer sees and may do is decided by the desks.

mod assets;
mod cookies;
mod flow;
mod form;
mod headers;
mod multipart;
mod origin;
mod overview;
mod path;
mod refusal;
mod sign_in;
mod tenant;
mod viewer;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::{get, post};

use self::refusal::Refusal;
use super::AdminState;

/// The routes of the console. All but assets and signing in need a cookie.
pub(super) fn console_router(state: AdminState) -> Router<AdminState> {
    let pages = Router::new()
        .route("/console", get(overview::show))
        .route("/console/sign-out", post(sign_in::sign_out))
        .merge(tenant::routes())
        .merge(flow::routes())
        .route("/console/{*path}", get(async || Refusal::not_found()))
        .route_layer(from_fn_with_state(state.clone(), viewer::require_cookie));
    Router::new()
        .route("/", get(async || Redirect::to("/console")))
        .route("/console/", get(async || Redirect::to("/console")))
        .route("/console/sign-in", get(sign_in::ask).post(sign_in::sign_in))
        .merge(pages)
        .layer(from_fn(origin::refuse_other_sites))
        .layer(from_fn(refusal::draw))
        .layer(from_fn(cookies::forget_notice))
        .layer(from_fn(headers::protect))
        // What never changes needs none of it.
        .route("/console/assets/{name}", get(assets::asset))
}
