//! Partners: Solution Partners, which own tenants. For operators only.

use super::changes::shown;
use super::{AdminError, Desk, checked_name, parse_slug};
use crate::store::{self, StoredPartner, Subject};
use flowhost_api::{CreatePartner, PartnerView, PatchPartner};
use flowhost_protocol::ids::PartnerId;

impl Desk {
    /// Creates a partner.
    pub async fn create_partner(&self, new: CreatePartner) -> Result<PartnerView, AdminError> {
        let slug = parse_slug("slug", &new.slug)?;
        let name = checked_name(new.name.unwrap_or(new.slug))?;
        let id = PartnerId::new();
        let mut change = self.store().begin_access_change().await?;
        store::insert_partner(&mut change, id, &slug, &name).await?;
        let subject = Subject { partner: Some((id, slug.as_str().to_owned())), tenant: None };
        let mut record = self.record(subject, "partner.create");
        record.after = shown(&serde_json::json!({ "slug": slug, "name": name }));
        change.commit(&record).await?;
        self.show_partner(slug.as_str()).await
    }

    /// Every partner, by slug.
    pub async fn list_partners(&self) -> Result<Vec<PartnerView>, AdminError> {
        Ok(store::list_partners(self.store()).await?.into_iter().map(PartnerView::from).collect())
    }

    /// The partner with this slug.
    pub async fn show_partner(&self, partner: &str) -> Result<PartnerView, AdminError> {
        Ok(self.partner(partner).await?.into())
    }

    /// Changes what the patch names. While a partner is disabled, all endpoints of its tenants
    /// answer 503 on every host.
    pub async fn update_partner(
        &self,
        partner: &str,
        patch: PatchPartner,
    ) -> Result<PartnerView, AdminError> {
        let partner = self.partner(partner).await?;
        let name = patch.name.map(checked_name).transpose()?;
        let mut change = self.store().begin_access_change().await?;
        let changed =
            store::update_partner(&mut change, partner.id, name.as_deref(), patch.disabled).await?;
        let view = PartnerView::from(changed.ok_or(AdminError::NotFound("partner"))?);
        let mut record = self.record(subject(&partner), "partner.update");
        (record.before, record.after) = (shown(&PartnerView::from(partner)), shown(&view));
        change.commit(&record).await?;
        self.admin().directory.refresh_all().await?;
        Ok(view)
    }

    /// Deletes a partner with its tokens. Fails if it has tenants or is the default partner.
    pub async fn delete_partner(&self, partner: &str) -> Result<(), AdminError> {
        let partner = self.partner(partner).await?;
        if partner.slug == DEFAULT_PARTNER {
            return Err(AdminError::Conflict(
                "the partner `default` exists from the start, and stays".to_owned(),
            ));
        }
        let mut change = self.store().begin_access_change().await?;
        store::delete_partner(&mut change, partner.id).await?;
        let mut record = self.record(subject(&partner), "partner.delete");
        record.before = shown(&PartnerView::from(partner));
        Ok(change.commit(&record).await?)
    }

    async fn partner(&self, slug: &str) -> Result<StoredPartner, AdminError> {
        store::find_partner(self.store(), slug).await?.ok_or(AdminError::NotFound("partner"))
    }
}

impl From<StoredPartner> for PartnerView {
    fn from(partner: StoredPartner) -> Self {
        Self {
            slug: partner.slug,
            name: partner.name,
            disabled: partner.disabled,
            created_at: partner.created_at.into(),
        }
    }
}

fn subject(partner: &StoredPartner) -> Subject {
    Subject { partner: Some((partner.id, partner.slug.clone())), tenant: None }
}

/// The partner of a tenant that an operator creates without naming one (`operators.md`).
pub(super) const DEFAULT_PARTNER: &str = "default";
