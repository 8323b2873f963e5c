//! Deletes what is over, of all tenants: in small steps, by one host at a time.

use std::time::Duration;

use sqlx::postgres::types::PgInterval;
use sqlx::types::Json;
use sqlx::{Executor, Row};

use super::connection::Patience;
use super::{Store, StoreError};
use flowhost_protocol::flow::{FlowSettings, TenantRetention};
use flowhost_protocol::ids::TenantId;

/// What a step came to.
#[derive(Clone, Debug, Default)]
pub struct Purged {
    /// How the step ended.
    pub came: PurgeCame,
    /// Deleted sessions.
    pub sessions: u64,
    /// Deleted exchanges, without those that went with their month.
    pub exchanges: u64,
    /// Forgotten digests of answered requests.
    pub answered_requests: u64,
    /// Deleted lines of plugins' logs.
    pub log_lines: u64,
    /// Deleted values of plugins.
    pub flow_values: u64,
    /// Tenants that failed, and were passed over until the next pass.
    pub failed_tenants: Vec<TenantId>,
    /// Why the last of these failed.
    pub last_failure: Option<String>,
}

/// How a step of the pass over all tenants ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PurgeCame {
    /// Another host is at it.
    #[default]
    Elsewhere,
    /// It was the last step of the pass. Exchanges are kept for at most so many days, by the flow
    /// that keeps them longest.
    Over {
        /// That many.
        longest_exchanges_days: u32,
    },
    /// The next pass is not due yet.
    Resting,
    /// There is more to do.
    Working,
}

/// Takes the next step of the pass over all tenants, unless another host is taking one or the last
/// pass ended less than `pause` ago.
pub async fn purge_next(store: &Store, pause: Duration) -> Result<Purged, StoreError> {
    let interval =
        |time| PgInterval::try_from(time).map_err(|_| StoreError::Unreadable("length of time"));
    let query = sqlx::query("select * from purge_next_v3($1, $2, $3, $4, $5)")
        .bind(Json(TenantRetention::default()))
        .bind(interval(FlowSettings::LONGEST_SESSION)?)
        .bind(interval(pause)?)
        .bind(TENANTS_IN_A_STEP)
        .bind(ROWS_IN_A_STEP);
    let mut transaction = store.begin(Patience::CHANGE, "").await?;
    let row = query.fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    let count = |column| Ok::<_, StoreError>(row.try_get::<i64, _>(column)?.cast_unsigned());
    let came = match row.try_get("came")? {
        "elsewhere" => PurgeCame::Elsewhere,
        "over" => PurgeCame::Over {
            longest_exchanges_days: row
                .try_get::<i32, _>("longest_exchanges_days")?
                .cast_unsigned(),
        },
        "resting" => PurgeCame::Resting,
        _ => PurgeCame::Working,
    };
    Ok(Purged {
        came,
        sessions: count("sessions")?,
        exchanges: count("exchanges")?,
        answered_requests: count("answered_requests")?,
        log_lines: count("log_lines")?,
        flow_values: count("flow_values")?,
        failed_tenants: row
            .try_get::<Vec<_>, _>("failed_tenants")?
            .into_iter()
            .map(TenantId)
            .collect(),
        last_failure: row.try_get("last_failure")?,
    })
}

/// Makes the partitions of `exchanges` for this month and the next two, and drops those whose last
/// day is more than so many days ago. Returns how many were dropped.
pub async fn keep_months(store: &Store, longest_exchanges_days: u32) -> Result<u64, StoreError> {
    // Without flows nobody keeps any; the function refuses less than a day.
    let days = longest_exchanges_days.max(1);
    // Exchanges without a month may have to be moved.
    let mut transaction = store.begin(Patience::DELETION, "").await?;
    transaction
        .execute("select make_exchange_partitions_v2(now(), now() + interval '2 months')")
        .await?;
    transaction.commit().await?;
    let mut transaction = store.begin(Patience::CHANGE, "").await?;
    let dropped: i32 =
        sqlx::query_scalar("select drop_exchange_partitions(now() - make_interval(days => $1))")
            .bind(days.cast_signed())
            .fetch_one(&mut *transaction)
            .await?;
    transaction.commit().await?;
    Ok(u64::from(dropped.cast_unsigned()))
}

/// So that a step holds its locks for some 10 ms: a tenant with nothing to delete takes 0.3 ms.
const TENANTS_IN_A_STEP: i32 = 50;

/// How many rows a step looks at, and so the most that it deletes: of all kinds and tenants. To
/// delete 500 of 1,000 sessions takes 6 ms.
const ROWS_IN_A_STEP: i64 = 1_000;
