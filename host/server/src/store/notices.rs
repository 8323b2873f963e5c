//! The table `flow_notices`: what hosts noticed about flows.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Store, StoreError};
use flowhost_exchange::sessions::TokenNotice;
use flowhost_protocol::ids::{FlowId, Scope, TenantId};

/// A notice as stored.
#[derive(Clone, Copy, Debug)]
pub struct FlowNotice {
    /// The flow it is about.
    pub flow: FlowId,
    /// What was noticed.
    pub notice: TokenNotice,
    /// When it was noticed first.
    pub first_seen_at: OffsetDateTime,
    /// When it was noticed last, to the minute.
    pub last_seen_at: OffsetDateTime,
}

/// Records a notice about a flow now. Does nothing if the flow is gone.
pub(super) async fn note_flow(
    store: &Store,
    scope: Scope,
    notice: TokenNotice,
) -> Result<(), StoreError> {
    let mut transaction = store.of(scope.tenant).await?;
    sqlx::query(
        "insert into flow_notices (tenant_id, flow_id, kind) \
         select tenant_id, flow_id, $3 from flows where tenant_id = $1 and flow_id = $2 \
         on conflict (tenant_id, flow_id, kind) do update set last_seen_at = now()",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(notice.as_str())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// What was noticed about a tenant's flows within the last week.
pub async fn list_flow_notices(
    store: &Store,
    tenant: TenantId,
) -> Result<Vec<FlowNotice>, StoreError> {
    let rows: Vec<NoticeRow> = sqlx::query_as(
        "select flow_id, kind, first_seen_at, last_seen_at from flow_notices \
         where tenant_id = $1 and last_seen_at > now() - interval '7 days' order by flow_id, kind",
    )
    .bind(tenant.0)
    .fetch_all(&mut *store.of(tenant).await?)
    .await?;
    rows.into_iter().map(FlowNotice::try_from).collect()
}

#[derive(FromRow)]
struct NoticeRow {
    flow_id: Uuid,
    kind: String,
    first_seen_at: OffsetDateTime,
    last_seen_at: OffsetDateTime,
}

impl TryFrom<NoticeRow> for FlowNotice {
    type Error = StoreError;

    fn try_from(row: NoticeRow) -> Result<Self, StoreError> {
        let notice = row.kind.parse().map_err(|_| StoreError::Unreadable("notice"))?;
        let (first_seen_at, last_seen_at) = (row.first_seen_at, row.last_seen_at);
        Ok(Self { flow: FlowId(row.flow_id), notice, first_seen_at, last_seen_at })
    }
}
