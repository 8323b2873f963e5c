//! Tenants.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::{Admin, AdminError, off_the_async_threads, parse_slug};
use crate::crypto::{DataKey, KeyPair};
use crate::ids::TenantId;
use crate::store::{self, NewTenant, StoredTenant};

/// What a new tenant is made of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateTenant {
    slug: String,
    name: Option<String>,
    waba_id: Option<String>,
    partner: Option<String>,
}

/// What may be changed of a tenant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchTenant {
    name: Option<String>,
    /// A string, or null to take it away.
    #[serde(default, deserialize_with = "present")]
    waba_id: Option<Value>,
    disabled: Option<bool>,
}

/// A tenant as it is shown.
#[derive(Debug, Serialize)]
pub struct TenantView {
    slug: String,
    name: String,
    waba_id: Option<String>,
    partner: String,
    disabled: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// The first key's public half; shown when the tenant is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key_pem: Option<String>,
}

impl Admin {
    /// Makes a tenant with a data key and its first key pair.
    pub async fn create_tenant(&self, new: CreateTenant) -> Result<TenantView, AdminError> {
        let slug = parse_slug("slug", &new.slug)?;
        let name = checked_name(new.name.unwrap_or_else(|| new.slug.clone()))?;
        let partner = new.partner.as_deref().unwrap_or(DEFAULT_PARTNER);
        let pair = off_the_async_threads(KeyPair::generate).await?;
        let id = TenantId::new();
        let data_key = DataKey::generate();
        let sealed_data_key = self.master.seal_data_key(id.0.as_bytes(), &data_key);
        let tenant =
            NewTenant { id, slug: &slug, name: &name, waba_id: new.waba_id.as_deref(), partner, sealed_data_key: &sealed_data_key };
        let mut change = store::insert_tenant(&self.store, &tenant)
            .await?
            .ok_or_else(|| AdminError::Invalid(format!("there is no partner {partner:?}")))?;
        let key = super::keys::insert(&mut change, &data_key, &pair).await?;
        self.finish(change).await?;
        let mut view = TenantView::from(self.tenant(slug.as_str()).await?);
        view.public_key_pem = Some(key.public_key_pem);
        Ok(view)
    }

    /// Every tenant, by slug.
    pub async fn list_tenants(&self) -> Result<Vec<TenantView>, AdminError> {
        Ok(store::list_tenants(&self.store).await?.into_iter().map(TenantView::from).collect())
    }

    /// One tenant.
    pub async fn show_tenant(&self, tenant: &str) -> Result<TenantView, AdminError> {
        Ok(self.tenant(tenant).await?.into())
    }

    /// Changes what the patch names.
    pub async fn patch_tenant(&self, tenant: &str, patch: PatchTenant) -> Result<TenantView, AdminError> {
        let tenant = self.tenant(tenant).await?;
        let name = checked_name(patch.name.unwrap_or(tenant.name))?;
        let waba_id = match patch.waba_id {
            None => tenant.waba_id,
            Some(Value::Null) => None,
            Some(Value::String(id)) => Some(id),
            Some(_) => return Err(AdminError::Invalid("waba_id is a string or null".to_owned())),
        };
        let mut change = self.begin_change(tenant.id).await?;
        store::update_tenant(&mut change, &name, waba_id.as_deref(), patch.disabled.unwrap_or(tenant.disabled)).await?;
        self.finish(change).await?;
        self.show_tenant(&tenant.slug).await
    }

    /// Destroys a tenant and all that it owns, its data key first.
    pub async fn delete_tenant(&self, tenant: &str) -> Result<(), AdminError> {
        // Also one whose deletion was cut off before.
        let tenant = store::find_tenant(&self.store, tenant).await?.ok_or(AdminError::NotFound("tenant"))?;
        store::destroy_tenant(&self.store, tenant.id).await?;
        Ok(self.directory.refresh(tenant.id).await?)
    }
}

impl From<StoredTenant> for TenantView {
    fn from(tenant: StoredTenant) -> Self {
        Self {
            slug: tenant.slug,
            name: tenant.name,
            waba_id: tenant.waba_id,
            partner: tenant.partner,
            disabled: tenant.disabled,
            created_at: tenant.created_at,
            public_key_pem: None,
        }
    }
}

fn checked_name(name: String) -> Result<String, AdminError> {
    if name.trim().is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(AdminError::Invalid(format!("a name has 1 to {MAX_NAME_BYTES} bytes")));
    }
    Ok(name)
}

/// Tells null from absent.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

const DEFAULT_PARTNER: &str = "default";
const MAX_NAME_BYTES: usize = 200;
