//! Every route of the admin API, one line each: its method, its path, the right that a caller
//! needs, and its handler.

use axum::routing::{MethodFilter, MethodRouter, on};

use super::super::AdminState;
use super::{
    api_tokens, app_secrets, audit, flow_config, flow_json, flow_store, flows, graph, keys, logs,
    openapi, partners, sessions, tenants, tokens, versions,
};
use flowhost_api::{Method, Route};

/// What answers at a route.
pub(super) fn handler(route: Route) -> MethodRouter<AdminState> {
    let method = match route.method() {
        Method::Delete => MethodFilter::DELETE,
        Method::Get => MethodFilter::GET,
        Method::Patch => MethodFilter::PATCH,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
    };
    match route {
        Route::ShowOpenApi => on(method, openapi::show),
        Route::CreatePartner => on(method, partners::create),
        Route::ListPartners => on(method, partners::list),
        Route::ShowPartner => on(method, partners::show),
        Route::UpdatePartner => on(method, partners::update),
        Route::DeletePartner => on(method, partners::delete),
        Route::CreateApiToken => on(method, api_tokens::create),
        Route::ListApiTokens => on(method, api_tokens::list),
        Route::DeleteApiToken => on(method, api_tokens::delete),
        Route::ListAudit => on(method, audit::list),
        Route::CreateTenant => on(method, tenants::create),
        Route::ListTenants => on(method, tenants::list),
        Route::ShowTenant => on(method, tenants::show),
        Route::ShowHealth => on(method, flows::health),
        Route::UpdateTenant => on(method, tenants::update),
        Route::DeleteTenant => on(method, tenants::delete),
        Route::CreateKey => on(method, keys::create),
        Route::ListKeys => on(method, graph::list_keys),
        Route::DeleteKey => on(method, keys::delete),
        Route::UploadKey => on(method, graph::upload_key),
        Route::PutGraphAccess => on(method, graph::put),
        Route::ShowGraphAccess => on(method, graph::show),
        Route::DeleteGraphAccess => on(method, graph::delete),
        Route::PutAppSecret => on(method, app_secrets::put),
        Route::ListFlows => on(method, flows::list),
        Route::PutFlow => on(method, flows::put),
        Route::UpdateFlow => on(method, flows::update),
        Route::ShowFlow => on(method, flows::show),
        Route::DeleteFlow => on(method, flows::delete),
        Route::PutConfigValue => on(method, flow_config::put),
        Route::ListConfigValues => on(method, flow_config::list),
        Route::DeleteConfigValue => on(method, flow_config::delete),
        Route::PutFlowJson => on(method, flow_json::put),
        Route::PutVersionFlowJson => on(method, flow_json::put_for_version),
        Route::ShowFlowJson => on(method, flow_json::show),
        Route::DeleteFlowJson => on(method, flow_json::delete),
        Route::UploadVersion => on(method, versions::upload),
        Route::DeleteVersion => on(method, versions::delete),
        Route::ListVersions => on(method, versions::list),
        Route::ActivateVersion => on(method, versions::activate),
        Route::RollBack => on(method, versions::rollback),
        Route::RehearseVersion => on(method, versions::rehearse),
        Route::ListStoreKeys => on(method, flow_store::keys),
        Route::ShowStoreValue => on(method, flow_store::value),
        Route::MintToken => on(method, tokens::mint),
        Route::ListLogLines => on(method, logs::list),
        Route::ListSessions => on(method, sessions::list),
        Route::ShowSession => on(method, sessions::show),
        Route::DeleteSession => on(method, sessions::delete),
    }
}
