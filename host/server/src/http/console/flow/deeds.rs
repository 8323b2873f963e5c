//! Settings, grants and switches of a flow, and its end.

use axum::http::StatusCode;
use axum::response::{Html, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::form::{Fields, Sent, listed, number};
use super::super::path::Named;
use super::super::refusal::Refusal;
use super::super::tenant::{Switch, Typed};
use super::super::viewer::Viewing;
use super::below;
use flowhost_api::Route;
use flowhost_console::{flow, paths};

pub(super) async fn save(
    Named((tenant, name)): Named<(String, String)>,
    Sent(viewing, fields): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::UpdateFlow.right()).flow(&tenant, &name).await?;
    let now = desk.show_flow().await?.settings;
    let changed = flow::changed_settings(&now, &fields)
        .map_err(|why| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    let path = paths::flow(&tenant, &name);
    if changed.is_empty() {
        return Ok(Viewing::done(&path, "Nothing was changed."));
    }
    desk.update_flow(changed).await?;
    Ok(Viewing::done(&path, "The settings were saved."))
}

#[derive(Deserialize)]
pub(super) struct Grants {
    deed: Deed,
    #[serde(default)]
    http: String,
    #[serde(default)]
    store: bool,
    #[serde(default)]
    media: bool,
    /// The version to ask about next.
    #[serde(default, deserialize_with = "number")]
    version: Option<i32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Deed {
    Deny,
    Grant,
}

pub(super) async fn grant(
    Named((tenant, name)): Named<(String, String)>,
    Sent(viewing, grants): Sent<Grants>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::UpdateFlow.right()).flow(&tenant, &name).await?;
    let Grants { deed, http, store, media, version } = grants;
    let what = json!({ "http": listed(&http), "store": store, "media": media });
    let (deed, said) = match deed {
        Deed::Deny => ("deny", "It is not granted any more."),
        Deed::Grant => ("grant", "It is granted."),
    };
    desk.update_flow(Map::from_iter([(deed.to_owned(), what)])).await?;
    let next = match version {
        Some(version) => {
            paths::of_flow(&tenant, &name, format_args!("versions/{version}/activate"))
        }
        None => paths::flow(&tenant, &name),
    };
    Ok(Viewing::done(&next, said))
}

pub(super) async fn ask_switch(
    Named((tenant, name)): Named<(String, String)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::UpdateFlow.right()).flow(&tenant, &name).await?;
    let content = flow::switch_flow(&viewing.viewer, &tenant, &desk.show_flow().await?);
    Ok(below(&viewing, &tenant, &name, "Kill switch", content))
}

pub(super) async fn switch(
    Named((tenant, name)): Named<(String, String)>,
    Sent(viewing, Switch { disabled }): Sent<Switch>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::UpdateFlow.right()).flow(&tenant, &name).await?;
    desk.update_flow(Map::from_iter([("disabled".to_owned(), Value::Bool(disabled))])).await?;
    let what = if disabled { "The flow is switched off." } else { "The flow is switched on." };
    Ok(Viewing::done(&paths::flow(&tenant, &name), what))
}

pub(super) async fn ask_delete(
    Named((tenant, name)): Named<(String, String)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::DeleteFlow.right()).flow(&tenant, &name).await?;
    let content = flow::delete_flow(&viewing.viewer, &tenant, &desk.show_flow().await?);
    Ok(below(&viewing, &tenant, &name, "Delete the flow", content))
}

pub(super) async fn delete(
    Named((tenant, name)): Named<(String, String)>,
    Sent(viewing, typed): Sent<Typed>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::DeleteFlow.right()).flow(&tenant, &name).await?;
    typed.check(&name)?;
    desk.delete_flow().await?;
    Ok(Viewing::done(&paths::tenant(&tenant), &format!("The flow {name} was deleted.")))
}
