//! Settings and secrets for a flow's plugin.

use axum::http::StatusCode;
use axum::response::{Html, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::form::{Fields, Sent, listed, typed};
use super::super::path::Named;
use super::super::refusal::Refusal;
use super::super::viewer::Viewing;
use super::below;
use crate::admin::AdminError;
use flowhost_api::{Route, SetConfigValue};
use flowhost_console::{flow, paths};
use flowhost_protocol::flow::HttpHost;

#[derive(Deserialize)]
pub(super) struct ConfigValue {
    key: String,
    value: Zeroizing<String>,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    hosts: String,
}

pub(super) async fn put(
    Named((tenant, name)): Named<(String, String)>,
    Sent(viewing, new): Sent<ConfigValue>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::PutConfigValue.right()).flow(&tenant, &name).await?;
    let ConfigValue { key, value, secret, hosts } = new;
    let value = Zeroizing::new(typed(&value));
    let hosts = parse_hosts(&hosts)?;
    desk.put_config_value(key.trim(), SetConfigValue { value, secret, hosts }).await?;
    let what = if secret { "secret" } else { "setting" };
    Ok(Viewing::done(&paths::flow(&tenant, &name), &format!("The {what} {} was set.", key.trim())))
}

pub(super) async fn ask_delete(
    Named((tenant, name, key)): Named<(String, String, String)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::DeleteConfigValue.right()).flow(&tenant, &name).await?;
    let found = desk.list_config_values().await?.into_iter().find(|value| value.key == key);
    let value = found.ok_or(AdminError::NotFound("setting"))?;
    let content = flow::delete_config_value(&viewing.viewer, &tenant, &name, &value);
    Ok(below(&viewing, &tenant, &name, "Delete a setting or a secret", content))
}

pub(super) async fn delete(
    Named((tenant, name, key)): Named<(String, String, String)>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::DeleteConfigValue.right()).flow(&tenant, &name).await?;
    desk.delete_config_value(&key).await?;
    Ok(Viewing::done(&paths::flow(&tenant, &name), &format!("{key} was deleted.")))
}

/// The refusal does not repeat what was typed, which may be a secret in the wrong field.
fn parse_hosts(text: &str) -> Result<Vec<HttpHost>, Refusal> {
    let parsed = listed(text).iter().map(|host| host.parse()).collect::<Result<_, _>>();
    parsed.map_err(|error: flowhost_protocol::flow::HttpHostError| {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    })
}
