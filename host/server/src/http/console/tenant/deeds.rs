//! Tenants made, changed, switched and deleted, and flows made.

use axum::http::StatusCode;
use axum::response::{Html, Response};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::form::{Sent, number, text};
use super::super::path::Named;
use super::super::refusal::Refusal;
use super::super::viewer::Viewing;
use super::below;
use flowhost_api::{CreateTenant, PatchTenant, Route, TenantView};
use flowhost_console::{paths, tenant};

pub(super) async fn ask_new(viewing: Viewing) -> Result<Html<String>, Refusal> {
    viewing.visitor(Route::CreateTenant.right()).desk()?;
    Ok(viewing.page("New tenant", &[], tenant::new_tenant(&viewing.viewer)))
}

#[derive(Deserialize)]
pub(super) struct NewTenant {
    slug: String,
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    waba_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    partner: Option<String>,
}

pub(super) async fn create(Sent(viewing, new): Sent<NewTenant>) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::CreateTenant.right()).desk()?;
    let NewTenant { slug, name, waba_id, partner } = new;
    let new = CreateTenant { slug: slug.trim().to_owned(), name, waba_id, partner };
    let made = desk.create_tenant(new).await?;
    Ok(Viewing::done(&paths::tenant(&made.slug), "The tenant was made, with its first key."))
}

#[derive(Deserialize)]
pub(super) struct Settings {
    name: String,
    #[serde(deserialize_with = "text")]
    waba_id: Option<String>,
    #[serde(deserialize_with = "number")]
    requests_per_second: Option<u32>,
    #[serde(deserialize_with = "number")]
    sessions_days: Option<u32>,
    #[serde(deserialize_with = "number")]
    exchanges_days: Option<u32>,
    #[serde(deserialize_with = "number")]
    plugin_log_days: Option<u32>,
    #[serde(deserialize_with = "number")]
    answered_days: Option<u32>,
}

pub(super) async fn save(
    Named(slug): Named<String>,
    Sent(viewing, settings): Sent<Settings>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::UpdateTenant.right()).tenant(&slug).await?;
    let patch = changed(&desk.show_tenant(), settings);
    let path = paths::tenant(&slug);
    if patch == PatchTenant::default() {
        return Ok(Viewing::done(&path, "Nothing was changed."));
    }
    desk.update_tenant(patch).await?;
    Ok(Viewing::done(&path, "The settings were saved."))
}

/// What the form changes. What it leaves as it is may have been changed by somebody else meanwhile.
fn changed(now: &TenantView, settings: Settings) -> PatchTenant {
    let kept = &now.retention;
    let days = [
        ("sessions_days", kept.sessions_days, settings.sessions_days),
        ("exchanges_days", kept.exchanges_days, settings.exchanges_days),
        ("plugin_log_days", kept.plugin_log_days, settings.plugin_log_days),
        ("answered_days", kept.answered_days, settings.answered_days),
    ];
    let days = days.into_iter().filter(|(_, now, new)| *new != Some(*now));
    let retention: Map<String, Value> =
        days.map(|(name, _, new)| (name.to_owned(), new.into())).collect();
    PatchTenant {
        name: Some(settings.name).filter(|name| *name != now.name),
        waba_id: (settings.waba_id != now.waba_id).then(|| settings.waba_id.into()),
        disabled: None,
        requests_per_second: (settings.requests_per_second != now.requests_per_second)
            .then(|| settings.requests_per_second.into()),
        retention: Some(retention).filter(|retention| !retention.is_empty()),
    }
}

pub(super) async fn ask_switch(
    Named(slug): Named<String>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::UpdateTenant.right()).tenant(&slug).await?;
    let flows = desk.list_flows().await?;
    let content = tenant::switch_tenant(&viewing.viewer, &desk.show_tenant(), &flows);
    Ok(below(&viewing, &slug, "Kill switch", content))
}

#[derive(Deserialize)]
pub(in super::super) struct Switch {
    pub(in super::super) disabled: bool,
}

pub(super) async fn switch(
    Named(slug): Named<String>,
    Sent(viewing, Switch { disabled }): Sent<Switch>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::UpdateTenant.right()).tenant(&slug).await?;
    desk.update_tenant(PatchTenant { disabled: Some(disabled), ..PatchTenant::default() }).await?;
    let what = if disabled { "The tenant is switched off." } else { "The tenant is switched on." };
    Ok(Viewing::done(&paths::tenant(&slug), what))
}

pub(super) async fn ask_delete(
    Named(slug): Named<String>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::DeleteTenant.right()).tenant(&slug).await?;
    let flows = desk.list_flows().await?;
    let content = tenant::delete_tenant(&viewing.viewer, &desk.show_tenant(), &flows);
    Ok(below(&viewing, &slug, "Delete the tenant", content))
}

#[derive(Deserialize)]
pub(in super::super) struct Typed {
    name: String,
}

impl Typed {
    /// Fails if what was typed is not the name of what is to be deleted.
    pub(in super::super) fn check(&self, name: &str) -> Result<(), Refusal> {
        if self.name.trim() == name {
            return Ok(());
        }
        let why = format!("That is not \"{name}\": nothing was deleted.");
        Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why))
    }
}

pub(super) async fn delete(
    Named(slug): Named<String>,
    Sent(viewing, typed): Sent<Typed>,
) -> Result<Response, Refusal> {
    let tenant = viewing.visitor(Route::DeleteTenant.right()).tenant_to_delete(&slug).await?;
    typed.check(&slug)?;
    tenant.delete_tenant().await?;
    Ok(Viewing::done("/console", &format!("The tenant {slug} was deleted.")))
}

#[derive(Deserialize)]
pub(super) struct NewFlow {
    name: String,
}

pub(super) async fn create_flow(
    Named(slug): Named<String>,
    Sent(viewing, NewFlow { name }): Sent<NewFlow>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::PutFlow.right()).tenant(&slug).await?;
    let made = desk.create_flow(name.trim()).await?;
    Ok(Viewing::done(&paths::flow(&slug, &made.name), "The flow was made."))
}
