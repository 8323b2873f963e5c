//! Deletes what is over, of all tenants: in small steps, by one host at a time.

use std::time::Duration;

use sqlx::postgres::types::PgInterval;
use sqlx::types::Json;
use sqlx::{Executor, Row};

use super::connection::Patience;
use super::{Store, StoreError};
use flowhost_protocol::flow::TenantRetention;

/// What a step came to.
#[derive(Clone, Copy, Debug, Default)]
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
    let pause =
        PgInterval::try_from(pause).map_err(|_| StoreError::Unreadable("pause between passes"))?;
    let query = sqlx::query("select * from purge_next($1, $2, $3, $4)")
        .bind(Json(TenantRetention::default()))
        .bind(pause)
        .bind(TENANTS_IN_A_STEP)
        .bind(ROWS_IN_A_STEP);
    let row = store.pool.acquire(None, Patience::CHANGE).await?.fetch_one(query).await?;
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
    })
}

/// Makes the partitions of `exchanges` for this month and the next two, and drops those whose last
/// day is more than so many days ago. Returns how many were dropped.
pub async fn keep_months(store: &Store, longest_exchanges_days: u32) -> Result<u64, StoreError> {
    // Without flows nobody keeps any; the function refuses less than a day.
    let days = longest_exchanges_days.max(1);
    let mut transaction = store.begin(Patience::CHANGE, "").await?;
    transaction
        .execute("select make_exchange_partitions(now(), now() + interval '2 months')")
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

/// Of each kind. A step that deletes as many takes some 50 ms.
const ROWS_IN_A_STEP: i64 = 500;
