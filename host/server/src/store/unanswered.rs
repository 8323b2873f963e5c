//! The table `unanswered_requests`: how many requests to a flow got no reply, by minute, reason and
//! version.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Store, StoreError};
use flowhost_protocol::ids::{FlowId, RequestId, Scope, TenantId};

/// What requests of a flow have in common that are counted as one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnansweredKey {
    /// Minutes since 1970: the minute of the requests, or the first one of their hour.
    pub minute: i64,
    /// Why they got no reply, as the metrics label it.
    pub reason: &'static str,
    /// Who is at fault: `guest`, `host` or `peer`.
    pub blame: &'static str,
    /// The version of the plugin that was active.
    pub version: Option<i32>,
}

/// How many there were, and the last one of them.
#[derive(Clone, Debug)]
pub struct UnansweredCount {
    /// How many.
    pub count: i64,
    /// The status that its sender got.
    pub status: u16,
    /// Why the last one got no reply, with nothing that anybody sent.
    pub cause: String,
    /// Its id.
    pub request: RequestId,
    /// When it came.
    pub last_at: OffsetDateTime,
}

/// A row of a tenant's, or what is to be added to it.
#[derive(Clone, Debug)]
pub struct UnansweredRow {
    /// The flow.
    pub flow: FlowId,
    /// What its requests have in common.
    pub key: UnansweredKey,
    /// How many there were.
    pub count: UnansweredCount,
}

impl UnansweredCount {
    /// Adds others that are counted as the same row.
    pub fn add(&mut self, other: Self) {
        let count = self.count.saturating_add(other.count);
        if other.last_at >= self.last_at {
            *self = other;
        }
        self.count = count;
    }
}

/// Adds counts to those of a tenant's flows. Flows that are gone are left out.
pub async fn add_unanswered(
    store: &Store,
    tenant: TenantId,
    rows: &[UnansweredRow],
) -> Result<(), StoreError> {
    let minutes = rows.iter().map(|row| (row.key.minute * 60) as f64);
    let mut transaction = store.of(tenant).await?;
    sqlx::query(
        "insert into unanswered_requests as known \
           (tenant_id, flow_id, minute, reason, blame, plugin_version, count, status, cause, request_id, last_at) \
         select f.tenant_id, f.flow_id, to_timestamp(u.minute), u.reason, u.blame, u.version, u.count, u.status, u.cause, u.request, u.last_at \
         from unnest($2::uuid[], $3::double precision[], $4::text[], $5::text[], $6::integer[], $7::bigint[], $8::smallint[], $9::text[], \
           $10::uuid[], $11::timestamptz[]) as u (flow_id, minute, reason, blame, version, count, status, cause, request, last_at) \
         join flows f on f.tenant_id = $1 and f.flow_id = u.flow_id \
         order by 2, 3, 4, 5, 6 \
         on conflict (tenant_id, flow_id, minute, reason, blame, plugin_version) do update set \
           count = known.count + excluded.count, last_at = greatest(known.last_at, excluded.last_at), \
           status = case when excluded.last_at < known.last_at then known.status else excluded.status end, \
           cause = case when excluded.last_at < known.last_at then known.cause else excluded.cause end, \
           request_id = case when excluded.last_at < known.last_at then known.request_id else excluded.request_id end",
    )
    .bind(tenant.0)
    .bind(rows.iter().map(|row| row.flow.0).collect::<Vec<_>>())
    .bind(minutes.collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.key.reason).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.key.blame).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.key.version.unwrap_or(0)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.count.count).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.count.status.cast_signed()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.count.cause.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.count.request.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.count.last_at).collect::<Vec<_>>())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// Requests of a flow that got no reply, as stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredUnanswered {
    /// Why they got no reply, as the metrics label it.
    pub reason: String,
    /// Who is at fault: `guest`, `host` or `peer`.
    pub blame: String,
    /// The version of the plugin that was active, 0 if none was.
    pub plugin_version: i32,
    /// How many there were.
    pub count: i64,
    /// The status that the sender of the last one got.
    pub status: i16,
    /// Why the last one got no reply, with nothing that anybody sent.
    pub cause: String,
    /// The id of the last one.
    pub request_id: Uuid,
    /// When the last one came.
    pub last_at: OffsetDateTime,
}

/// The newest rows of a flow, of a version if one is given: so many, and besides so many of what
/// senders are to blame for, which can't push the others out. Looks at a thousand rows.
pub async fn list_unanswered(
    store: &Store,
    scope: Scope,
    version: Option<i32>,
    most: i64,
    most_of_peers: i64,
) -> Result<Vec<StoredUnanswered>, StoreError> {
    let query = sqlx::query_as(
        "with looked_at as materialized ( \
           select reason, blame, plugin_version, count, status, cause, request_id, last_at from unanswered_requests \
           where tenant_id = $1 and flow_id = $2 order by minute desc limit $6), \
         placed as ( \
           select *, row_number() over (partition by blame = 'peer' order by last_at desc) as place from looked_at \
           where $3::integer is null or plugin_version = $3) \
         select * from placed where place <= case blame when 'peer' then $5 else $4 end order by last_at desc",
    );
    let query = query.bind(scope.tenant.0).bind(scope.flow.0).bind(version).bind(most);
    let query = query.bind(most_of_peers).bind(MOST_LOOKED_AT);
    Ok(query.fetch_all(&mut *store.within_share_of(scope.tenant).await?).await?)
}

/// How many requests of a flow got no reply since a time, by stretches of so many seconds, which are
/// numbered as in [`super::FeedFigures`]. Those that their senders are to blame for are left out.
pub async fn count_unanswered(
    store: &Store,
    scope: Scope,
    since: OffsetDateTime,
    seconds: i64,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let query = sqlx::query_as(
        "select floor(extract(epoch from minute) / $4)::bigint, least(sum(count), 9223372036854775807)::bigint from unanswered_requests \
         where tenant_id = $1 and flow_id = $2 and minute >= $3 and blame <> 'peer' group by 1 order by 1",
    );
    let query = query.bind(scope.tenant.0).bind(scope.flow.0).bind(since).bind(seconds);
    Ok(query.fetch_all(&mut *store.within_share_of(scope.tenant).await?).await?)
}

/// What a step of forgetting came to.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct Forgotten {
    /// The last tenant that has nothing more to forget, for the next step to go on after.
    pub reached: Uuid,
    /// Whether it was the last of all.
    pub ended: bool,
    /// How many rows were deleted.
    pub forgotten: i64,
}

/// Deletes rows that are older than seven days, of the next tenants after this one: at most
/// `most_rows`.
pub async fn forget_unanswered(
    store: &Store,
    after: Uuid,
    most_rows: i64,
) -> Result<Forgotten, StoreError> {
    let mut transaction = store.across_tenants().await?;
    let forgotten = sqlx::query_as("select * from forget_unanswered_requests($1, $2, $3)")
        .bind(after)
        .bind(TENANTS_IN_A_STEP)
        .bind(most_rows)
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(forgotten)
}

/// See [`list_unanswered`]. A flow that fails in every way that there is has some twenty rows a minute.
const MOST_LOOKED_AT: i64 = 1_000;

/// A tenant with nothing to forget is one look into an index.
const TENANTS_IN_A_STEP: i32 = 200;
