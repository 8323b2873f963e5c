//! The app secret of a tenant, and its access to the Graph API.

use axum::response::{Html, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::form::{Fields, Sent, listed, number};
use super::super::path::Named;
use super::super::refusal::Refusal;
use super::super::viewer::Viewing;
use super::below;
use crate::admin::AdminError;
use flowhost_api::{NewAppSecret, Route, SetGraphAccess};
use flowhost_console::{paths, tenant};

#[derive(Deserialize)]
pub(super) struct AppSecret {
    secret: Zeroizing<String>,
    #[serde(default, deserialize_with = "number")]
    keep_previous_for_seconds: Option<u32>,
}

pub(super) async fn put_app_secret(
    Named(slug): Named<String>,
    Sent(viewing, new): Sent<AppSecret>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::PutAppSecret.right()).tenant(&slug).await?;
    let keep_previous_for_seconds = new.keep_previous_for_seconds.unwrap_or_default();
    desk.put_app_secret(NewAppSecret { secret: new.secret, keep_previous_for_seconds }).await?;
    Ok(Viewing::done(&paths::tenant(&slug), "The app secret was set."))
}

#[derive(Deserialize)]
pub(super) struct GraphAccess {
    access_token: Zeroizing<String>,
    #[serde(default)]
    phone_number_ids: String,
}

pub(super) async fn put_graph(
    Named(slug): Named<String>,
    Sent(viewing, new): Sent<GraphAccess>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::PutGraphAccess.right()).tenant(&slug).await?;
    let phone_number_ids = listed(&new.phone_number_ids);
    desk.put_graph_access(SetGraphAccess { access_token: new.access_token, phone_number_ids })
        .await?;
    Ok(Viewing::done(&paths::tenant(&slug), "The access to the Graph API was set."))
}

pub(super) async fn ask_delete_graph(
    Named(slug): Named<String>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::DeleteGraphAccess.right()).tenant(&slug).await?;
    let access = desk.show_graph_access().await?;
    if !access.has_access_token {
        return Err(AdminError::NotFound("access to the Graph API").into());
    }
    let content = tenant::delete_graph_access(&viewing.viewer, &slug, &access);
    Ok(below(&viewing, &slug, "Delete the access to the Graph API", content))
}

pub(super) async fn delete_graph(
    Named(slug): Named<String>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::DeleteGraphAccess.right()).tenant(&slug).await?;
    desk.delete_graph_access().await?;
    Ok(Viewing::done(&paths::tenant(&slug), "The access to the Graph API was deleted."))
}
