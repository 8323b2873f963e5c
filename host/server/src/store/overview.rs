//! What the state of tenants is made of, a page of tenants at a time.

use std::collections::HashMap;

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::flows::digest_of;
use super::tenants::{StoredTenant, TenantRow, select_tenants};
use super::{Reach, Store, StoreError, UploadStatus};
use flowhost_protocol::ids::{PluginDigest, TenantId};

/// What the state of a tenant is made of.
#[derive(Clone, Debug)]
pub struct TenantState {
    /// Whether it has an app secret that is valid now.
    pub app_secret: bool,
    /// The error that a client last reported of its active key.
    pub reported_error: Option<String>,
    /// Whether it gave access to Meta's Graph API.
    pub graph_access: bool,
    /// Each state that the key of one of its phone numbers is in.
    pub upload_statuses: Vec<UploadStatus>,
    /// How many flows it has.
    pub flows: i64,
    /// How many of them are switched off.
    pub flows_off: i64,
    /// How many of the others have no active version.
    pub flows_without_version: i64,
    /// The components of the active versions of the others.
    pub components: Vec<PluginDigest>,
    /// How many exchanges failed lately.
    pub failed_exchanges: i64,
    /// How many requests got no reply lately, without those that their senders are to blame for.
    pub unanswered: i64,
}

/// At most `limit` tenants within reach, by slug: those after the slug `after` that have `part` in
/// their slug or name, in whatever case. Tenants that are being deleted are left out.
pub async fn search_tenants(
    store: &Store,
    reach: Reach,
    part: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<StoredTenant>, StoreError> {
    let (partner, tenant) = reach.bounds();
    let rows: Vec<TenantRow> = sqlx::query_as(concat!(
        select_tenants!(),
        "where ($1::uuid is null or t.partner_id = $1) and ($2::uuid is null or t.tenant_id = $2) and t.sealed_data_key <> '' \
           and (strpos(lower(t.slug), lower($3)) > 0 or strpos(lower(t.name), lower($3)) > 0) \
           and ($4::text is null or t.slug > $4) order by t.slug limit $5"
    ))
    .bind(partner)
    .bind(tenant)
    .bind(part)
    .bind(after)
    .bind(limit)
    .fetch_all(&mut *store.across_tenants().await?)
    .await?;
    Ok(rows.into_iter().map(StoredTenant::from).collect())
}

/// The state of each of these tenants, in one statement. Failures count from `since` on. Flows and
/// failures are counted up to [`MAX_COUNTED`].
pub async fn look_over_tenants(
    store: &Store,
    tenants: &[TenantId],
    since: OffsetDateTime,
) -> Result<HashMap<TenantId, TenantState>, StoreError> {
    let ids: Vec<Uuid> = tenants.iter().map(|tenant| tenant.0).collect();
    let rows: Vec<StateRow> = sqlx::query_as("select * from look_over_tenants_v2($1, $2, $3, $3)")
        .bind(ids)
        .bind(since)
        .bind(MAX_COUNTED)
        .fetch_all(&mut *store.above_tenants().await?)
        .await?;
    rows.into_iter().map(|row| Ok((TenantId(row.tenant_id), row.state()?))).collect()
}

/// More than this many flows or failures of a tenant are as many.
pub const MAX_COUNTED: i64 = 1_000;

#[derive(FromRow)]
struct StateRow {
    tenant_id: Uuid,
    app_secret: bool,
    reported_error: Option<String>,
    graph_access: bool,
    upload_statuses: Vec<String>,
    flows: i64,
    flows_off: i64,
    flows_without_version: i64,
    components: Option<Vec<Vec<u8>>>,
    failed_exchanges: i64,
    unanswered: i64,
}

impl StateRow {
    fn state(self) -> Result<TenantState, StoreError> {
        let components = self.components.unwrap_or_default();
        Ok(TenantState {
            app_secret: self.app_secret,
            reported_error: self.reported_error,
            graph_access: self.graph_access,
            upload_statuses: self
                .upload_statuses
                .iter()
                .map(|status| status.parse())
                .collect::<Result<_, _>>()?,
            flows: self.flows,
            flows_off: self.flows_off,
            flows_without_version: self.flows_without_version,
            components: components
                .iter()
                .map(|digest| digest_of(digest))
                .collect::<Result<_, _>>()?,
            failed_exchanges: self.failed_exchanges,
            unanswered: self.unanswered,
        })
    }
}
