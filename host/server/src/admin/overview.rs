//! Many tenants at a glance: what the state of each is made of.

use std::time::Duration;

use time::OffsetDateTime;

use super::page::PageLimit;
use super::{AdminError, Desk};
use crate::store::{self, StoredTenant, TenantState, UploadStatus};
use flowhost_api::{KeyAtMeta, TenantOverview};
use flowhost_protocol::ids::TenantId;

/// A page of tenants, by slug.
#[derive(Debug)]
pub struct OverviewPage {
    /// As many as fit on a page.
    pub tenants: Vec<TenantOverview>,
    /// The slug that the next page comes after; `None` on the last one.
    pub next_after: Option<String>,
}

impl Desk {
    /// A page of the tenants that the caller sees: those with `part` in their slug or name, after
    /// the slug `after`. Costs the same however many exchanges and lines they have.
    pub async fn look_over_tenants(
        &self,
        part: &str,
        after: Option<&str>,
    ) -> Result<OverviewPage, AdminError> {
        let limit = PageLimit::parse(None)?;
        let (store, reach) = (self.store(), self.caller().reach());
        let mut tenants = store::search_tenants(store, reach, part, after, limit.to_read()).await?;
        let next_after = limit.cut(&mut tenants, |tenant| tenant.slug.clone());
        let ids: Vec<TenantId> = tenants.iter().map(|tenant| tenant.id).collect();
        let since = OffsetDateTime::now_utc() - LATELY;
        let mut states = store::look_over_tenants(store, &ids, since).await?;
        let tenants = tenants
            .into_iter()
            .filter_map(|tenant| {
                let state = states.remove(&tenant.id)?;
                Some(self.overview(tenant, state))
            })
            .collect();
        Ok(OverviewPage { tenants, next_after })
    }

    fn overview(&self, tenant: StoredTenant, state: TenantState) -> TenantOverview {
        let plugins = &self.admin().plugins;
        let fails = |digest: &&_| plugins.known_failure(**digest).is_some();
        TenantOverview {
            disabled: tenant.disabled || tenant.partner_disabled,
            slug: tenant.slug,
            name: tenant.name,
            partner: tenant.partner,
            app_secret: state.app_secret,
            key: key_at_meta(&state),
            flows: state.flows,
            flows_off: state.flows_off,
            flows_without_version: state.flows_without_version,
            unloadable: state.components.iter().filter(fails).count(),
            failed_exchanges: state.failed_exchanges,
            unanswered: state.unanswered,
        }
    }
}

fn key_at_meta(state: &TenantState) -> KeyAtMeta {
    if let Some(error) = &state.reported_error {
        return KeyAtMeta::Reported(error.clone());
    }
    let worst = WORST_FIRST.into_iter().find(|status| state.upload_statuses.contains(status));
    match worst.filter(|_| state.graph_access) {
        Some(status) => KeyAtMeta::Status(status.as_str()),
        None => KeyAtMeta::Unasked,
    }
}

/// With the first three Meta's clients can't send what this host can open.
const WORST_FIRST: [UploadStatus; 6] = [
    UploadStatus::Missing,
    UploadStatus::OtherKey,
    UploadStatus::Mismatch,
    UploadStatus::Failed,
    UploadStatus::Pending,
    UploadStatus::Valid,
];

/// Long enough to see what happened since somebody last looked, short enough to be of now.
const LATELY: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn state(statuses: &[UploadStatus]) -> TenantState {
        TenantState {
            app_secret: true,
            reported_error: None,
            graph_access: !statuses.is_empty(),
            upload_statuses: statuses.to_vec(),
            flows: 1,
            flows_off: 0,
            flows_without_version: 0,
            components: Vec::new(),
            failed_exchanges: 0,
            unanswered: 0,
        }
    }

    #[test]
    fn the_key_is_as_good_as_its_worst_phone_number() {
        let key = |statuses: &[_]| key_at_meta(&state(statuses));

        assert_eq!(key(&[]), KeyAtMeta::Unasked);
        assert_eq!(key(&[UploadStatus::Valid]), KeyAtMeta::Status("valid"));
        for status in UploadStatus::ALL {
            assert_eq!(key(&[UploadStatus::Valid, status]), KeyAtMeta::Status(status.as_str()));
        }
        assert_eq!(
            key(&[UploadStatus::Pending, UploadStatus::Mismatch]),
            KeyAtMeta::Status("mismatch")
        );
    }

    #[test]
    fn what_a_client_reported_of_the_key_counts_most() {
        let reported = TenantState {
            reported_error: Some("public-key-missing".to_owned()),
            ..state(&[UploadStatus::Valid])
        };

        assert_eq!(key_at_meta(&reported), KeyAtMeta::Reported("public-key-missing".to_owned()));
    }
}
