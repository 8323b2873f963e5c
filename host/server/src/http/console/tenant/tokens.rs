//! API tokens that reach one tenant.

use axum::http::StatusCode;
use axum::response::{Html, Response};
use serde::Deserialize;

use super::super::form::{Fields, Sent, number};
use super::super::path::Named;
use super::super::refusal::Refusal;
use super::super::viewer::Viewing;
use super::below;
use crate::admin::AdminError;
use flowhost_api::{ApiTokenView, CreateApiToken, Route};
use flowhost_console::{paths, tenant};
use flowhost_protocol::ids::ApiTokenId;

/// The tokens that reach this tenant alone; none for who may not see them.
pub(super) async fn of_tenant(
    viewing: &Viewing,
    tenant: &str,
) -> Result<Vec<ApiTokenView>, AdminError> {
    let right = Route::ListApiTokens.right();
    if !viewing.viewer.may(right) {
        return Ok(Vec::new());
    }
    viewing.visitor(right).tenant(tenant).await?.list_api_tokens().await
}

#[derive(Deserialize)]
pub(super) struct NewToken {
    role: String,
    #[serde(default, deserialize_with = "number")]
    expires_in_days: Option<u32>,
}

/// Answers with the page that shows the token: it is in no URL and in no cookie.
pub(super) async fn make(
    Named(slug): Named<String>,
    Sent(viewing, new): Sent<NewToken>,
) -> Result<Html<String>, Refusal> {
    let right = Route::CreateApiToken.right();
    viewing.visitor(right).tenant(&slug).await?;
    let expires_in_seconds = new.expires_in_days.map(seconds).transpose()?;
    let new = CreateApiToken {
        tenant: Some(slug.clone()),
        role: Some(new.role),
        expires_in_seconds,
        ..CreateApiToken::default()
    };
    let made = viewing.visitor(right).desk()?.create_api_token(new).await?;
    Ok(below(&viewing, &slug, "New API token", tenant::made_token(&slug, &made)))
}

pub(super) async fn ask_revoke(
    Named((slug, id)): Named<(String, ApiTokenId)>,
    viewing: Viewing,
) -> Result<Html<String>, Refusal> {
    let token = find(&viewing, &slug, id).await?;
    let content = tenant::revoke_token(&viewing.viewer, &slug, &token);
    Ok(below(&viewing, &slug, "Revoke a token", content))
}

pub(super) async fn revoke(
    Named((slug, id)): Named<(String, ApiTokenId)>,
    Sent(viewing, _): Sent<Fields>,
) -> Result<Response, Refusal> {
    let token = find(&viewing, &slug, id).await?;
    viewing.visitor(Route::DeleteApiToken.right()).desk()?.delete_api_token(token.id).await?;
    Ok(Viewing::done(&paths::tenant(&slug), "The token was revoked."))
}

/// A token of this tenant: one of another tenant is not at this path, whoever asks.
async fn find(viewing: &Viewing, tenant: &str, id: ApiTokenId) -> Result<ApiTokenView, AdminError> {
    let desk = viewing.visitor(Route::DeleteApiToken.right()).tenant(tenant).await?;
    desk.show_api_token(id).await
}

fn seconds(days: u32) -> Result<u32, Refusal> {
    let why = "A token may have 49,710 days.";
    days.checked_mul(86_400).ok_or_else(|| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why))
}
