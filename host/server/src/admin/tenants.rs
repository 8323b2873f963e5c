//! Tenants.

use serde_json::{Value, json};

use super::changes::shown;
use super::desk::no_tenant;
use super::partners::DEFAULT_PARTNER;
use super::{AdminError, Desk, TenantDesk, TenantToDelete, checked_name, parse_slug};
use crate::store::{self, NewTenant, StoredPartner, StoredTenant, Subject, TenantFields};
use flowhost_api::{CreateTenant, PatchTenant, TenantView};
use flowhost_protocol::crypto::{DataKey, KeyPair};
use flowhost_protocol::flow::TenantRetention;
use flowhost_protocol::ids::TenantId;

impl Desk {
    /// Creates a tenant with a data key and its first key pair.
    pub async fn create_tenant(&self, new: CreateTenant) -> Result<TenantView, AdminError> {
        let slug = parse_slug("slug", &new.slug)?;
        let name = checked_name(new.name.unwrap_or_else(|| new.slug.clone()))?;
        new.waba_id.as_deref().map_or(Ok(()), check_waba_id)?;
        let partner = self.owning_partner(new.partner.as_deref()).await?;
        let pair = super::keys::work_on_key(KeyPair::generate).await?;
        let id = TenantId::new();
        let data_key = DataKey::generate();
        let sealed_data_key = self.admin().master.seal_data_key(id.0.as_bytes(), &data_key);
        let tenant = NewTenant {
            id,
            slug: &slug,
            name: &name,
            waba_id: new.waba_id.as_deref(),
            partner: partner.id,
            sealed_data_key: &sealed_data_key,
        };
        let mut change = store::insert_tenant(self.store(), &tenant).await?;
        let key = super::keys::insert(&mut change, &data_key, &pair).await?;
        let subject = Subject {
            partner: Some((partner.id, partner.slug)),
            tenant: Some((id, slug.as_str().to_owned())),
        };
        let mut record = self.record(subject, "tenant.create");
        record.after = shown(&json!({ "name": name, "waba_id": new.waba_id, "key": key }));
        let mut view = TenantView::from(
            store::find_changing_tenant(&mut change).await?.ok_or_else(no_tenant)?,
        );
        change.commit(&record).await?;
        self.admin().directory.refresh(id).await?;
        (view.public_key_pem, view.fingerprint) = (Some(key.public_key_pem), Some(key.fingerprint));
        Ok(view)
    }

    /// The tenants that the caller may see, by slug.
    pub async fn list_tenants(&self) -> Result<Vec<TenantView>, AdminError> {
        let tenants = store::list_tenants(self.store(), self.caller().reach()).await?;
        Ok(tenants.into_iter().map(TenantView::from).collect())
    }

    /// The partner of a new tenant: the named one, else the caller's own, else the default one.
    async fn owning_partner(&self, named: Option<&str>) -> Result<StoredPartner, AdminError> {
        let found = match (named, self.caller().scope.partner()) {
            (None, Some(own)) => store::find_partner_by_id(self.store(), own).await?,
            (named, _) => {
                store::find_partner(self.store(), named.unwrap_or(DEFAULT_PARTNER)).await?
            }
        };
        let seen = found.filter(|partner| self.caller().sees_partner(partner.id));
        seen.ok_or_else(|| {
            AdminError::Invalid(format!(
                "there is no partner {:?}",
                named.unwrap_or(DEFAULT_PARTNER)
            ))
        })
    }
}

impl TenantDesk {
    /// The tenant.
    pub fn show_tenant(&self) -> TenantView {
        self.tenant().clone().into()
    }

    /// Changes what the patch names.
    pub async fn update_tenant(&self, patch: PatchTenant) -> Result<TenantView, AdminError> {
        let mut change = self.begin_change().await?;
        // Read again under the change's lock, so that two patches at once both count.
        let tenant = store::find_changing_tenant(&mut change).await?.ok_or_else(no_tenant)?;
        let before = TenantView::from(tenant.clone());
        let name = checked_name(patch.name.unwrap_or_else(|| tenant.name.clone()))?;
        let waba_id = match patch.waba_id {
            None => tenant.waba_id.clone(),
            Some(Value::Null) => None,
            Some(Value::String(id)) => {
                check_waba_id(&id)?;
                Some(id)
            }
            Some(_) => return Err(AdminError::Invalid("waba_id is a string or null".to_owned())),
        };
        let rate = patch.requests_per_second.map_or(Ok(tenant.requests_per_second), parse_rate)?;
        let disabled = patch.disabled.unwrap_or(tenant.disabled);
        let retention =
            TenantRetention::patch(tenant.retention, patch.retention.unwrap_or_default())
                .map_err(|error| AdminError::Invalid(error.to_string()))?;
        let fields = TenantFields {
            name: &name,
            waba_id: waba_id.as_deref(),
            disabled,
            requests_per_second: rate,
            retention: &retention,
        };
        store::update_tenant(&mut change, &fields).await?;
        let mut record = self.record("tenant.update");
        record.after = shown(
            &json!({ "name": name, "waba_id": waba_id, "disabled": disabled, "requests_per_second": rate,
                "retention": retention }),
        );
        record.before = shown(&before);
        let view = TenantView::from(
            store::find_changing_tenant(&mut change).await?.ok_or_else(no_tenant)?,
        );
        self.finish(change, record).await?;
        Ok(view)
    }
}

impl TenantToDelete {
    /// Destroys the tenant and all that it owns, its data key first.
    pub async fn delete_tenant(&self) -> Result<(), AdminError> {
        let desk = self.desk();
        let mut record = desk.record("tenant.delete");
        record.before = shown(&desk.show_tenant());
        store::delete_tenant(desk.store(), desk.tenant().id, &record).await?;
        Ok(desk.admin().directory.refresh(desk.tenant().id).await?)
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
            requests_per_second: tenant.requests_per_second,
            // What was checked when it was stored.
            retention: TenantRetention::parse(tenant.retention).unwrap_or_default(),
            created_at: tenant.created_at.into(),
            public_key_pem: None,
            fingerprint: None,
        }
    }
}

/// Meta's ids have about fifteen digits. Other texts are accepted, within bounds.
fn check_waba_id(id: &str) -> Result<(), AdminError> {
    if id.trim().is_empty() || id.len() > MAX_WABA_ID_BYTES || id.chars().any(char::is_control) {
        return Err(AdminError::Invalid(format!(
            "waba_id has 1 to {MAX_WABA_ID_BYTES} bytes, and no control characters"
        )));
    }
    Ok(())
}

fn parse_rate(value: Value) -> Result<Option<u32>, AdminError> {
    if value.is_null() {
        return Ok(None);
    }
    let rate = value
        .as_u64()
        .and_then(|rate| u32::try_from(rate).ok())
        .filter(|rate| (1..=MAX_REQUESTS_PER_SECOND).contains(rate));
    let problem = || {
        AdminError::Invalid(format!(
            "requests_per_second is a whole number from 1 to {MAX_REQUESTS_PER_SECOND}, or null"
        ))
    };
    rate.map(Some).ok_or_else(problem)
}

/// Above what one host answers; who wants no limit sets none.
const MAX_REQUESTS_PER_SECOND: u32 = 100_000;

const MAX_WABA_ID_BYTES: usize = 64;
