//! The console under `/console` of the admin listener: pages over the same desks as the admin API,
//! for browsers.
//!
//! Who looks is in a cookie, which [`viewer`] turns into a caller. Whatever changes something is a
//! POST of the console's own pages: [`origin`] refuses those of other sites, and each form carries
//! what only its own page can know ([`form`]). What a viewer sees and may do is decided by the desks.

mod assets;
mod cookies;
mod counted;
mod figures;
mod flow;
mod form;
mod headers;
mod live;
mod multipart;
mod origin;
mod overview;
mod path;
mod phone;
mod phone_files;
mod refusal;
mod said;
mod sessions;
mod sign_in;
mod tenant;
mod viewer;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::{get, post};

use self::refusal::Refusal;
use super::AdminState;

/// To whom the admin listener serves the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// To nobody.
    Off,
    /// To browsers that take `Secure` cookies from it: over TLS, or from this machine if they trust
    /// that as Chromium and Firefox do.
    On,
    /// Also to browsers on this machine that take no such cookie over plain HTTP, as Safari: for a
    /// host on a developer's machine, with no proxy before it.
    ForDevelopment,
}

/// The routes of the console. All but assets and signing in need a cookie.
pub(super) fn console_router(state: AdminState) -> Router<AdminState> {
    let pages = Router::new()
        .route("/console", get(overview::show))
        .route("/console/sign-out", post(sign_in::sign_out))
        .merge(tenant::routes())
        .merge(flow::routes())
        .route(PHONES, get(phone::choose).post(phone::open))
        .route(PHONE, get(phone::show).post(phone::act))
        .route(PHONE_NEWS, get(phone::news))
        .route("/console/tenants/{tenant}/flows/{flow}/live", get(live::show))
        .route("/console/tenants/{tenant}/flows/{flow}/live/events", get(live::events))
        .route("/console/tenants/{tenant}/flows/{flow}/live/reveal", post(live::reveal))
        .route("/console/tenants/{tenant}/flows/{flow}/sessions", get(sessions::list))
        .route("/console/tenants/{tenant}/flows/{flow}/sessions/{session}", get(sessions::show))
        .route(
            "/console/tenants/{tenant}/flows/{flow}/sessions/{session}/reveal",
            post(sessions::reveal),
        )
        .route("/console/{*path}", get(async || Refusal::not_found()))
        .route_layer(from_fn_with_state(state.clone(), viewer::require_cookie));
    Router::new()
        .route("/", get(async || Redirect::to("/console")))
        .route("/console/", get(async || Redirect::to("/console")))
        .route("/console/sign-in", get(sign_in::ask).post(sign_in::sign_in))
        .merge(pages)
        .method_not_allowed_fallback(async || Refusal::not_taken())
        .layer(from_fn(origin::refuse_other_sites))
        .layer(from_fn(refusal::draw))
        .layer(from_fn(cookies::forget_notice))
        .layer(from_fn_with_state(state, cookies::on_this_machine))
        .layer(from_fn(headers::protect))
        // What never changes needs none of it.
        .route("/console/assets/{name}", get(assets::asset))
}

const PHONES: &str = "/console/tenants/{tenant}/flows/{flow}/phone";
const PHONE: &str = "/console/tenants/{tenant}/flows/{flow}/phone/{phone}";
const PHONE_NEWS: &str = "/console/tenants/{tenant}/flows/{flow}/phone/{phone}/news";
