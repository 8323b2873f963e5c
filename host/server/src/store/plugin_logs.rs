//! The tables `plugin_logs` and `plugin_log_lines`: the newest lines that each flow's plugins
//! logged.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::connection::Connection;
use super::error::broke;
use super::sessions::token_of;
use super::{Store, StoreError};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::flow::LogLevel;
use flowhost_protocol::ids::{RequestId, Scope, SessionId, TokenHash};

/// A line of a plugin's log as stored.
#[derive(Clone, Debug)]
pub struct StoredLogLine {
    /// Its number in the flow's log: 1, 2, ..
    pub number: i64,
    /// The version of the plugin that wrote it.
    pub version: i32,
    /// The request that it was written for. `None` for a rehearsal, and for rows older than this
    /// column.
    pub request: Option<RequestId>,
    /// The token of the session that it is of. `None` if it is of none, and for rows older than
    /// this column.
    pub token: Option<TokenHash>,
    /// That session, if it is still there. Read only.
    pub session: Option<SessionId>,
    /// Its level.
    pub level: LogLevel,
    /// Its text, sealed under the tenant's data key.
    pub sealed_message: Sealed,
    /// How many lines after this one were not kept.
    pub dropped: Option<i32>,
    /// When it was written.
    pub at: OffsetDateTime,
}

/// Which lines of a flow's log to read.
#[derive(Clone, Copy, Debug)]
pub struct LogReach {
    /// Only lines at this level or above.
    pub least: LogLevel,
    /// Only lines before this number.
    pub before: Option<i64>,
    /// Only lines after this number.
    pub after: Option<i64>,
    /// Only lines of the session of this token.
    pub token: Option<TokenHash>,
    /// The most lines.
    pub limit: i64,
    /// Which ones if there are more: the newest, or the oldest.
    pub newest: bool,
}

/// Adds lines to a flow's log and drops the oldest, so that it has at most [`MAX_LINES`]. `seal`
/// gets the number of the first line and returns the lines. Returns whether the flow exists.
pub async fn append_log_lines(
    store: &Store,
    scope: Scope,
    count: usize,
    seal: impl FnOnce(i64) -> Vec<StoredLogLine>,
) -> Result<bool, StoreError> {
    let mut transaction = store.of(scope.tenant).await?;
    let last: Result<i64, sqlx::Error> = sqlx::query_scalar(
        "insert into plugin_logs (tenant_id, flow_id, last_number) values ($1, $2, $3) \
         on conflict (tenant_id, flow_id) do update set last_number = plugin_logs.last_number + $3 returning last_number",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(i64::try_from(count).unwrap_or(i64::MAX))
    .fetch_one(&mut *transaction)
    .await;
    let last = match last {
        Err(error) if broke(&error, OF_A_FLOW) => return Ok(false),
        last => last?,
    };
    let first = last.saturating_sub_unsigned(count as u64) + 1;
    insert_lines(&mut transaction, scope, &seal(first)).await?;
    sqlx::query(
        "delete from plugin_log_lines where tenant_id = $1 and flow_id = $2 and number <= $3",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(last - MAX_LINES)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Inserts all lines in one statement.
async fn insert_lines(
    transaction: &mut Connection,
    scope: Scope,
    lines: &[StoredLogLine],
) -> Result<(), StoreError> {
    let column = |of: fn(&StoredLogLine) -> i64| lines.iter().map(of).collect::<Vec<_>>();
    sqlx::query(
        "insert into plugin_log_lines (tenant_id, flow_id, number, plugin_version, level, sealed_message, dropped, logged_at, request_id, token_hash) \
         select $1, $2, l.* \
         from unnest($3::bigint[], $4::integer[], $5::smallint[], $6::bytea[], $7::integer[], $8::timestamptz[], $9::uuid[], $10::bytea[]) l",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(column(|line| line.number))
    .bind(lines.iter().map(|line| line.version).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| level_number(line.level)).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.sealed_message.0.as_slice()).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.dropped).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.at).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.request.map(|request| request.0)).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.token.map(|token| token.0.to_vec())).collect::<Vec<_>>())
    .execute(transaction)
    .await?;
    Ok(())
}

/// Lines of a flow's log, the oldest first.
pub async fn list_log_lines(
    store: &Store,
    scope: Scope,
    reach: LogReach,
) -> Result<Vec<StoredLogLine>, StoreError> {
    let order = if reach.newest { BACKWARD } else { FORWARD };
    let rows: Vec<LineRow> = sqlx::query_as(order)
        .bind(scope.tenant.0)
        .bind(scope.flow.0)
        .bind(reach.after.unwrap_or(i64::MIN))
        .bind(reach.before.unwrap_or(i64::MAX))
        .bind(level_number(reach.least))
        .bind(reach.limit)
        .bind(reach.token.as_ref().map(|token| &token.0[..]))
        .fetch_all(&mut *store.of(scope.tenant).await?)
        .await?;
    let mut lines = rows.into_iter().map(StoredLogLine::try_from).collect::<Result<Vec<_>, _>>()?;
    if reach.newest {
        lines.reverse();
    }
    Ok(lines)
}

/// The number of a flow's newest line, 0 if there is none yet. Lines up to it are committed.
pub async fn last_log_number(store: &Store, scope: Scope) -> Result<i64, StoreError> {
    let last: Option<i64> = sqlx::query_scalar(
        "select last_number from plugin_logs where tenant_id = $1 and flow_id = $2",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .fetch_optional(&mut *store.of(scope.tenant).await?)
    .await?;
    Ok(last.unwrap_or(0))
}

fn level_number(level: LogLevel) -> i16 {
    match level {
        LogLevel::Trace => 0,
        LogLevel::Debug => 1,
        LogLevel::Info => 2,
        LogLevel::Warn => 3,
        LogLevel::Error => 4,
    }
}

#[derive(FromRow)]
struct LineRow {
    number: i64,
    plugin_version: i32,
    level: i16,
    sealed_message: Vec<u8>,
    dropped: Option<i32>,
    logged_at: OffsetDateTime,
    request_id: Option<Uuid>,
    token_hash: Option<Vec<u8>>,
    session_id: Option<Uuid>,
}

impl TryFrom<LineRow> for StoredLogLine {
    type Error = StoreError;

    fn try_from(row: LineRow) -> Result<Self, StoreError> {
        let level = LogLevel::ALL.into_iter().find(|level| level_number(*level) == row.level);
        Ok(Self {
            number: row.number,
            version: row.plugin_version,
            request: row.request_id.map(RequestId),
            token: row.token_hash.as_deref().map(token_of).transpose()?,
            session: row.session_id.map(SessionId),
            level: level.ok_or(StoreError::Unreadable("level of a line"))?,
            sealed_message: Sealed(row.sealed_message),
            dropped: row.dropped,
            at: row.logged_at,
        })
    }
}

/// Lines with the session that each is of; an order and a limit follow.
macro_rules! select_lines {
    () => {
        "select l.number, l.plugin_version, l.level, l.sealed_message, l.dropped, l.logged_at, l.request_id, l.token_hash, s.session_id \
         from plugin_log_lines l left join sessions s \
           on s.tenant_id = l.tenant_id and s.flow_id = l.flow_id and s.token_hash = l.token_hash \
         where l.tenant_id = $1 and l.flow_id = $2 and l.number > $3 and l.number < $4 and l.level >= $5 \
           and ($7::bytea is null or l.token_hash = $7) order by l.number "
    };
}

const FORWARD: &str = concat!(select_lines!(), "limit $6");

const BACKWARD: &str = concat!(select_lines!(), "desc limit $6");

/// The foreign key from a log to its flow.
const OF_A_FLOW: &str = "plugin_logs_tenant_id_flow_id_fkey";

/// The most lines of a flow's log: at 4 KiB each, 40 MiB.
pub const MAX_LINES: i64 = 10_000;
