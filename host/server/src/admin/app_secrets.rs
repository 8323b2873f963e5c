//! The app secret of a tenant.

use serde_json::json;
use time::OffsetDateTime;

use super::changes::shown;
use super::{AdminError, TenantDesk};
use crate::store;
use crate::tenants::app_secret_context;
use flowhost_api::NewAppSecret;
use flowhost_protocol::ids::AppSecretId;

impl TenantDesk {
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
