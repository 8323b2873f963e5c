//! Every route of the admin API, one line each: its method, its path, the right that a caller
//! needs, and its handler.

use axum::routing::{MethodFilter, MethodRouter, on};

use super::super::AdminState;
use super::{
    api_tokens, app_secrets, audit, flow_config, flow_json, flows, graph, keys, logs, partners,
    sessions, tenants, tokens, versions,
};
use crate::admin::Right;

/// A route under `/v1`: its method, its path, and the right that a caller needs.
pub type AdminRoute = (&'static str, &'static str, Right);

/// Makes two lists of the table below: the routes and their handlers.
macro_rules! routes {
    ($($method:ident $path:literal $right:ident $handler:path;)*) => {
        /// Every route under `/v1`, for the router and for the tests that call each without a
        /// token, with too low a role, and with another tenant's things.
        pub const ADMIN_ROUTES: &[AdminRoute] = &[$((stringify!($method), $path, Right::$right)),*];

        /// The handlers of [`ADMIN_ROUTES`], in the same order.
        pub(super) const HANDLERS: [fn() -> MethodRouter<AdminState>; ADMIN_ROUTES.len()] =
            [$(|| on(MethodFilter::$method, $handler)),*];
    };
}

routes! {
    POST   "/v1/partners"                                                      Operate partners::create;
    GET    "/v1/partners"                                                      Operate partners::list;
    GET    "/v1/partners/{partner}"                                            Operate partners::show;
    PATCH  "/v1/partners/{partner}"                                            Operate partners::update;
    DELETE "/v1/partners/{partner}"                                            Operate partners::delete;
    POST   "/v1/api-tokens"                                                    Manage  api_tokens::create;
    GET    "/v1/api-tokens"                                                    Manage  api_tokens::list;
    DELETE "/v1/api-tokens/{api_token}"                                        Manage  api_tokens::delete;
    GET    "/v1/audit"                                                         Read    audit::list;
    POST   "/v1/tenants"                                                       Manage  tenants::create;
    GET    "/v1/tenants"                                                       Read    tenants::list;
    GET    "/v1/tenants/{tenant}"                                              Read    tenants::show;
    GET    "/v1/tenants/{tenant}/health"                                       Read    flows::health;
    PATCH  "/v1/tenants/{tenant}"                                              Manage  tenants::update;
    DELETE "/v1/tenants/{tenant}"                                              Manage  tenants::delete;
    POST   "/v1/tenants/{tenant}/keys"                                         Manage  keys::create;
    GET    "/v1/tenants/{tenant}/keys"                                         Read    graph::list_keys;
    DELETE "/v1/tenants/{tenant}/keys/{key}"                                   Manage  keys::delete;
    POST   "/v1/tenants/{tenant}/keys/{key}/upload"                            Manage  graph::upload_key;
    PUT    "/v1/tenants/{tenant}/graph"                                        Manage  graph::put;
    GET    "/v1/tenants/{tenant}/graph"                                        Read    graph::show;
    DELETE "/v1/tenants/{tenant}/graph"                                        Manage  graph::delete;
    PUT    "/v1/tenants/{tenant}/app-secret"                                   Manage  app_secrets::put;
    GET    "/v1/tenants/{tenant}/flows"                                        Read    flows::list;
    PUT    "/v1/tenants/{tenant}/flows/{flow}"                                 Deploy  flows::put;
    PATCH  "/v1/tenants/{tenant}/flows/{flow}"                                 Deploy  flows::update;
    GET    "/v1/tenants/{tenant}/flows/{flow}"                                 Read    flows::show;
    DELETE "/v1/tenants/{tenant}/flows/{flow}"                                 Deploy  flows::delete;
    PUT    "/v1/tenants/{tenant}/flows/{flow}/config/{key}"                    Deploy  flow_config::put;
    GET    "/v1/tenants/{tenant}/flows/{flow}/config"                          Read    flow_config::list;
    DELETE "/v1/tenants/{tenant}/flows/{flow}/config/{key}"                    Deploy  flow_config::delete;
    PUT    "/v1/tenants/{tenant}/flows/{flow}/flow-json"                       Deploy  flow_json::put;
    GET    "/v1/tenants/{tenant}/flows/{flow}/flow-json"                       Read    flow_json::show;
    DELETE "/v1/tenants/{tenant}/flows/{flow}/flow-json"                       Deploy  flow_json::delete;
    POST   "/v1/tenants/{tenant}/flows/{flow}/versions"                        Deploy  versions::upload;
    GET    "/v1/tenants/{tenant}/flows/{flow}/versions"                        Read    versions::list;
    POST   "/v1/tenants/{tenant}/flows/{flow}/activate"                        Deploy  versions::activate;
    POST   "/v1/tenants/{tenant}/flows/{flow}/rollback"                        Deploy  versions::rollback;
    POST   "/v1/tenants/{tenant}/flows/{flow}/versions/{version}/rehearse"     Deploy  versions::rehearse;
    POST   "/v1/tenants/{tenant}/flows/{flow}/tokens"                          Deploy  tokens::mint;
    // Lines may hold what customers said, so they are for the plugin's authors, not for every
    // reader.
    GET    "/v1/tenants/{tenant}/flows/{flow}/logs"                            Deploy  logs::list;
    GET    "/v1/tenants/{tenant}/flows/{flow}/sessions"                        Read    sessions::list;
    GET    "/v1/tenants/{tenant}/flows/{flow}/sessions/{session}"              Read    sessions::show;
}
