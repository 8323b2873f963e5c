//! Keys of a tenant.

use axum::response::{Html, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::form::{Fields, Sent, number};
use super::super::path::Named;
use super::super::refusal::Refusal;
use super::super::viewer::Viewing;
use super::below;
use crate::admin::AdminError;
use flowhost_api::{AddKey, ListedKey, Route, UploadKey};
use flowhost_console::{paths, tenant};
use flowhost_protocol::ids::KeyId;

pub(super) async fn ask_new(
    Named(slug): Named<String>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::CreateKey.right()).tenant(&slug).await?;
    let keys = desk.list_keys().await?;
    let active = keys.iter().find(|key| key.key.state == "active");
    let active = active.map(|key| key.key.fingerprint.as_str());
    Ok(below(&viewing, &slug, "New key", tenant::new_key(&viewing.viewer, &slug, active)))
}

#[derive(Deserialize)]
pub(super) struct NewKey {
    #[serde(default)]
    private_key_pem: Zeroizing<String>,
    #[serde(default)]
    passphrase: Zeroizing<String>,
    #[serde(default, deserialize_with = "number")]
    retire_previous_after_seconds: Option<u32>,
}

pub(super) async fn create(
    Named(slug): Named<String>,
    Sent(viewing, new): Sent<NewKey>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::CreateKey.right()).tenant(&slug).await?;
    let NewKey { private_key_pem, passphrase, retire_previous_after_seconds } = new;
    let private_key_pem = Some(private_key_pem).filter(|pem| !pem.trim().is_empty());
    let what = if private_key_pem.is_some() { "imported" } else { "made" };
    let add =
        AddKey { private_key_pem, passphrase: Some(passphrase), retire_previous_after_seconds };
    desk.create_key(add).await?;
    let said = format!("A key was {what}. Upload it to Meta, so that phones use it.");
    Ok(Viewing::done(&paths::tenant(&slug), &said))
}

pub(super) async fn upload(
    Named((slug, key)): Named<(String, KeyId)>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::UploadKey.right()).tenant(&slug).await?;
    let uploads = desk.upload_key(key, UploadKey::default()).await?;
    let valid = uploads.iter().filter(|upload| upload.status == "valid").count();
    let said = format!("Meta has the key for {valid} of {} phone numbers.", uploads.len());
    Ok(Viewing::done(&paths::tenant(&slug), &said))
}

pub(super) async fn ask_retire(
    Named((slug, key)): Named<(String, KeyId)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let desk = viewing.visitor(Route::DeleteKey.right()).tenant(&slug).await?;
    let key = find(desk.list_keys().await?, key)?;
    let content = tenant::retire_key(&viewing.viewer, &slug, &key);
    Ok(below(&viewing, &slug, "Retire a key", content))
}

pub(super) async fn retire(
    Named((slug, key)): Named<(String, KeyId)>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let desk = viewing.visitor(Route::DeleteKey.right()).tenant(&slug).await?;
    desk.delete_key(key).await?;
    Ok(Viewing::done(&paths::tenant(&slug), "The key was retired: it opens nothing any more."))
}

fn find(keys: Vec<ListedKey>, id: KeyId) -> Result<ListedKey, AdminError> {
    keys.into_iter().find(|key| key.key.id == id).ok_or(AdminError::NotFound("key"))
}
