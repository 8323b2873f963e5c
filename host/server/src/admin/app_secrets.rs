//! The app secret of a tenant.

use serde_json::json;
use time::OffsetDateTime;

use super::changes::shown;
use super::{AdminError, TenantDesk};
use crate::store;
use crate::tenants::app_secret_context;
use flowhost_api::NewAppSecret;
use flowhost_protocol::ids::AppSecretId;

/// What is known of a tenant's app secrets to those who may not know them.
#[derive(Clone, Copy, Debug)]
pub struct AppSecretState {
    /// Whether one is set.
    pub is_set: bool,
    /// Until when the one before is valid, if it still is.
    pub previous_until: Option<OffsetDateTime>,
}

impl TenantDesk {
    /// Whether the tenant has an app secret.
    pub async fn show_app_secret(&self) -> Result<AppSecretState, AdminError> {
        let stored = store::list_app_secrets(self.store(), self.tenant().id).await?;
        let now = OffsetDateTime::now_utc();
        let ends = stored.iter().filter_map(|secret| secret.valid_until);
        Ok(AppSecretState {
            is_set: stored.iter().any(|secret| secret.valid_until.is_none()),
            previous_until: ends.filter(|until| *until > now).max(),
        })
    }

    /// Sets the current app secret. The one before stays valid for `keep_previous_for_seconds`.
    pub async fn put_app_secret(&self, new: NewAppSecret) -> Result<(), AdminError> {
        if new.secret.trim().is_empty() || new.secret.len() > MAX_SECRET_BYTES {
            return Err(AdminError::Invalid(format!(
                "an app secret has 1 to {MAX_SECRET_BYTES} bytes"
            )));
        }
        let id = AppSecretId::new();
        let sealed = self
            .data_key()?
            .seal(&app_secret_context(self.tenant().id, id), new.secret.trim().as_bytes());
        let previous_until = OffsetDateTime::now_utc()
            + time::Duration::seconds(new.keep_previous_for_seconds.into());
        let mut change = self.begin_change().await?;
        store::put_app_secret(&mut change, id, &sealed, previous_until).await?;
        let mut record = self.record("app-secret.set");
        record.target = Some(id.to_string());
        record.after =
            shown(&json!({ "keep_previous_for_seconds": new.keep_previous_for_seconds }));
        self.finish(change, record).await
    }
}

/// Meta's app secrets have 32 characters.
const MAX_SECRET_BYTES: usize = 256;
