//! Tokens of the admin API.

use serde_json::json;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::changes::shown;
use super::desk::TOKEN_PREFIX;
use super::{AdminError, Desk, TenantDesk};
use crate::store::{self, Door, NewToken, StoredApiToken, Subject, TokenEnd, TokenScope};
use flowhost_api::{ApiTokenView, CreateApiToken, NewApiToken};
use flowhost_protocol::crypto::BearerToken;
use flowhost_protocol::ids::ApiTokenId;

impl Desk {
    /// Creates a token that reaches no further and lives no longer than the caller's own.
    pub async fn create_api_token(&self, new: CreateApiToken) -> Result<NewApiToken, AdminError> {
        let (scope, subject) = self.scope_of(&new).await?;
        let expires_at = new
            .expires_in_seconds
            .map(|seconds| OffsetDateTime::now_utc() + time::Duration::seconds(seconds.into()));
        let (id, token) = (ApiTokenId::new(), BearerToken::generate(TOKEN_PREFIX));
        let mut change = self.store().begin_access_change().await?;
        let made_by = self.caller().actor.token;
        let stored =
            NewToken { id, digest: token.digest(), scope, door: Door::Api, expires_at, made_by };
        let inserted = store::insert_api_token(&mut change, &stored).await?;
        let TokenEnd(expires_at) =
            inserted.ok_or_else(|| AdminError::Forbidden(self.caller().scope.role()))?;
        let view = ApiTokenView {
            id,
            role: scope.role().to_owned(),
            partner: subject.partner.as_ref().map(|(_, slug)| slug.clone()),
            tenant: subject.tenant.as_ref().map(|(_, slug)| slug.clone()),
            made_by,
            for_console: false,
            expires_at: expires_at.map(Into::into),
            last_used_at: None,
            created_at: OffsetDateTime::now_utc().into(),
        };
        let mut record = self.record(subject, "api-token.create");
        (record.target, record.after) = (Some(id.to_string()), shown(&view));
        change.commit(&record).await?;
        Ok(NewApiToken { token: Zeroizing::new(token.expose().to_owned()), view })
    }

    /// The tokens that the caller manages, newest first.
    pub async fn list_api_tokens(&self) -> Result<Vec<ApiTokenView>, AdminError> {
        let tokens = store::list_api_tokens(self.store(), self.caller().reach()).await?;
        Ok(tokens.into_iter().map(ApiTokenView::from).collect())
    }

    /// Revokes a token and all tokens that were made with it. No host accepts them from then on.
    pub async fn delete_api_token(&self, id: ApiTokenId) -> Result<(), AdminError> {
        let found = store::find_api_token(self.store(), self.caller().reach(), id).await?;
        let token = found.ok_or(AdminError::NotFound("api token"))?;
        let subject = token.subject();
        let mut change = self.store().begin_access_change().await?;
        let gone = store::delete_api_token(&mut change, id).await?;
        if gone.is_empty() {
            return Err(AdminError::NotFound("api token"));
        }
        let mut record = self.record(subject, "api-token.delete");
        (record.target, record.before) = (Some(id.to_string()), shown(&ApiTokenView::from(token)));
        record.after = shown(&json!({ "revoked": gone }));
        Ok(change.commit(&record).await?)
    }

    /// The scope of the requested token, with the subject of its audit entry. Fails if the caller
    /// does not reach that far itself.
    async fn scope_of(&self, new: &CreateApiToken) -> Result<(TokenScope, Subject), AdminError> {
        match (new.scope.as_deref(), new.partner.as_deref(), new.tenant.as_deref(), new.role.as_deref()) {
            (Some("operator"), None, None, None) if self.caller().scope == TokenScope::Operator => {
                Ok((TokenScope::Operator, Subject::default()))
            }
            (Some("operator"), None, None, None) => Err(AdminError::Forbidden(self.caller().scope.role())),
            (None | Some("partner"), Some(slug), None, None) => {
                let found = store::find_partner(self.store(), slug).await?;
                let partner = found.filter(|partner| self.caller().sees_partner(partner.id));
                let partner = partner.ok_or(AdminError::NotFound("partner"))?;
                Ok((TokenScope::Partner(partner.id), Subject { partner: Some((partner.id, partner.slug)), tenant: None }))
            }
            (None | Some("tenant"), None, Some(slug), Some(role @ ("deploy" | "read"))) => {
                let desk = self.tenant(slug).await?;
                let tenant = desk.tenant();
                let scope = if role == "read" { TokenScope::Read(tenant.id) } else { TokenScope::Deploy(tenant.id) };
                Ok((scope, tenant.subject()))
            }
            _ => Err(AdminError::Invalid(
                "say what the token is for: {\"scope\":\"operator\"}, {\"partner\":SLUG}, or {\"tenant\":SLUG,\"role\":\"deploy\" or \"read\"}"
                    .to_owned(),
            )),
        }
    }
}

impl TenantDesk {
    /// The tokens that reach this tenant alone and that the caller manages, newest first. None of
    /// another tenant is read.
    pub async fn list_api_tokens(&self) -> Result<Vec<ApiTokenView>, AdminError> {
        let reach = self.caller().reach();
        let tokens = store::list_api_tokens_of(self.store(), reach, self.tenant().id).await?;
        Ok(tokens.into_iter().map(ApiTokenView::from).collect())
    }

    /// One of them.
    pub async fn show_api_token(&self, id: ApiTokenId) -> Result<ApiTokenView, AdminError> {
        let (reach, tenant) = (self.caller().reach(), self.tenant().id);
        let found = store::find_api_token_of(self.store(), reach, tenant, id).await?;
        found.map(ApiTokenView::from).ok_or(AdminError::NotFound("api token"))
    }
}

impl From<StoredApiToken> for ApiTokenView {
    fn from(token: StoredApiToken) -> Self {
        Self {
            id: token.id,
            role: token.scope.role().to_owned(),
            partner: token.partner,
            tenant: token.tenant,
            made_by: token.made_by,
            for_console: token.for_console,
            expires_at: token.expires_at.map(Into::into),
            last_used_at: token.last_used_at.map(Into::into),
            created_at: token.created_at.into(),
        }
    }
}
