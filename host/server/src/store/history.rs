//! The tables `sessions`, `session_replies`, `exchanges` and `client_errors`, as the admin API and the
//! console show and delete them.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit::insert_audit_entry;
use super::sessions::{status_of, token_of};
use super::{AuditRecord, Store, StoreError};
use flowhost_exchange::sessions::{KeptReply, SessionStatus, StoredClientError};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{ClientErrorId, Scope, SessionId, TenantId, TokenHash};

/// A session as the admin API lists it.
#[derive(Clone, Debug)]
pub struct ListedSession {
    /// Its id.
    pub id: SessionId,
    /// The hash of its token.
    pub token: TokenHash,
    /// Its status as stored; a session past `expires_at` may still be stored as open.
    pub status: SessionStatus,
    /// The screen that the user is on, if there was one yet.
    pub screen: Option<String>,
    /// The number of exchanges committed so far.
    pub exchanges: i64,
    /// Whether it holds a single exchange whose token is shared by many recipients.
    pub shared: bool,
    /// When it expires.
    pub expires_at: OffsetDateTime,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When the last exchange was committed.
    pub updated_at: OffsetDateTime,
}

/// True of every session. With it a query may use the index `sessions_by_id`.
macro_rules! by_id {
    () => {
        "session_id > '00000000-0000-0000-0000-000000000000'"
    };
}

/// Sessions of a flow, the newest first: at most `limit`, with that status if one is given, and
/// older than the session `before`.
pub async fn list_sessions(
    store: &Store,
    scope: Scope,
    status: Option<SessionStatus>,
    before: Option<SessionId>,
    limit: i64,
) -> Result<Vec<ListedSession>, StoreError> {
    let rows: Vec<ListedRow> = sqlx::query_as(concat!(
        "select * from sessions where tenant_id = $1 and flow_id = $2 and ",
        by_id!(),
        " and ($3::text is null or $3 = case when status = 'open' and expires_at <= now() then 'expired' else status end) \
           and ($4::uuid is null or session_id < \
             (select session_id from sessions where tenant_id = $1 and flow_id = $2 and session_id = $4 and ",
        by_id!(),
        ")) order by session_id desc limit $5",
    ))
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(status.map(SessionStatus::as_str))
    .bind(before.map(|id| id.0))
    .bind(limit)
    .fetch_all(&mut *store.of(scope.tenant).await?)
    .await?;
    rows.into_iter().map(ListedSession::try_from).collect()
}

/// One session of a flow.
pub async fn find_listed_session(
    store: &Store,
    scope: Scope,
    session: SessionId,
) -> Result<Option<ListedSession>, StoreError> {
    let row: Option<ListedRow> = sqlx::query_as(concat!(
        "select * from sessions where tenant_id = $1 and flow_id = $2 and session_id = $3 and ",
        by_id!(),
    ))
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(session.0)
    .fetch_optional(&mut *store.of(scope.tenant).await?)
    .await?;
    row.map(ListedSession::try_from).transpose()
}

/// Deletes the session of a token with its replies, exchanges and client errors, and what the plugin logged in
/// turns of that token, also where there is no session: it may be over and gone, or its first turn
/// failed. Adds the entry that `record` makes of the session's id to the audit log. Returns whether
/// there was anything. The digests of the requests that were answered in it stay, as those of a
/// deleted flow do.
pub async fn delete_session(
    store: &Store,
    scope: Scope,
    token: TokenHash,
    record: impl FnOnce(Option<SessionId>) -> AuditRecord,
) -> Result<bool, StoreError> {
    let mut transaction = store.patiently_of(scope.tenant).await?;
    // A turn that commits locks its session's row. So this waits for a turn under way and deletes its
    // exchange too; a later one finds no session and begins another.
    let session: Option<Uuid> = sqlx::query_scalar(
        "select session_id from sessions where tenant_id = $1 and flow_id = $2 and token_hash = $3 for update",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&token.0[..])
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some(session) = session {
        sqlx::query(
            "delete from sessions where tenant_id = $1 and flow_id = $2 and token_hash = $3",
        )
        .bind(scope.tenant.0)
        .bind(scope.flow.0)
        .bind(&token.0[..])
        .execute(&mut *transaction)
        .await?;
        sqlx::query("delete from exchanges where tenant_id = $1 and session_id = $2")
            .bind(scope.tenant.0)
            .bind(session)
            .execute(&mut *transaction)
            .await?;
    }
    let lines = sqlx::query(
        "delete from plugin_log_lines where tenant_id = $1 and flow_id = $2 and token_hash = $3",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&token.0[..])
    .execute(&mut *transaction)
    .await?;
    if session.is_none() && lines.rows_affected() == 0 {
        return Ok(false);
    }
    insert_audit_entry(&mut transaction, &record(session.map(SessionId))).await?;
    transaction.commit().await?;
    Ok(true)
}

/// A committed turn as the admin API shows it.
#[derive(Clone, Debug, FromRow)]
pub struct CommittedExchange {
    /// Its number in the session.
    pub number: i64,
    /// Why the client called, as the wire spells the action.
    pub action: String,
    /// The screen that the user was on, if any.
    pub screen_in: Option<String>,
    /// The screen that the user got, if any.
    pub screen_out: Option<String>,
    /// How the turn ended.
    pub outcome: String,
    /// From the request's arrival to the commit, in microseconds.
    pub duration_us: i64,
    /// The plugin version that answered, if one was asked.
    pub plugin_version: Option<i32>,
    /// The request that it answered. `None` for rows older than this column.
    pub request_id: Option<Uuid>,
    /// When it was committed.
    pub created_at: OffsetDateTime,
}

/// A session's last 1,000 exchanges, the oldest first.
pub async fn list_exchanges(
    store: &Store,
    tenant: TenantId,
    session: SessionId,
) -> Result<Vec<CommittedExchange>, StoreError> {
    let mut exchanges: Vec<CommittedExchange> = sqlx::query_as(
        "select * from exchanges where tenant_id = $1 and session_id = $2 order by number desc limit 1000",
    )
    .bind(tenant.0)
    .bind(session.0)
    .fetch_all(&mut *store.of(tenant).await?)
    .await?;
    exchanges.reverse();
    Ok(exchanges)
}

/// The replies of a session that its flow keeps, the newest first: at most `limit`, and those before
/// the number `before` if one is given.
pub async fn list_kept_replies(
    store: &Store,
    scope: Scope,
    token: TokenHash,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<KeptReply>, StoreError> {
    let rows: Vec<KeptReplyRow> = sqlx::query_as(
        "select * from session_replies where tenant_id = $1 and flow_id = $2 and token_hash = $3 and number < $4 \
         order by number desc limit $5",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&token.0[..])
    .bind(before.unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(&mut *store.of(scope.tenant).await?)
    .await?;
    Ok(rows.into_iter().map(KeptReply::from).collect())
}

/// Records what a client reported on its session, if there is one and it has fewer than `most`
/// reports.
pub(super) async fn insert_client_error(
    store: &Store,
    scope: Scope,
    token: TokenHash,
    error: &StoredClientError,
    most: i64,
) -> Result<(), StoreError> {
    let mut transaction = store.of(scope.tenant).await?;
    sqlx::query(
        "insert into client_errors (tenant_id, flow_id, token_hash, client_error_id, screen, error_key, sealed_message) \
         select tenant_id, flow_id, token_hash, $4, $5, $6, $7 from sessions s where tenant_id = $1 and flow_id = $2 and token_hash = $3 \
           and (select count(*) from client_errors e where e.tenant_id = $1 and e.flow_id = $2 and e.token_hash = $3) < $8",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&token.0[..])
    .bind(error.id.0)
    .bind(error.screen.as_deref())
    .bind(&error.key)
    .bind(&error.sealed_message.0)
    .bind(most)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// The errors that clients reported in a session, the oldest first.
pub async fn list_client_errors(
    store: &Store,
    scope: Scope,
    token: TokenHash,
) -> Result<Vec<StoredClientError>, StoreError> {
    let rows: Vec<ClientErrorRow> = sqlx::query_as(
        "select * from client_errors where tenant_id = $1 and flow_id = $2 and token_hash = $3 order by created_at, client_error_id",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&token.0[..])
    .fetch_all(&mut *store.of(scope.tenant).await?)
    .await?;
    Ok(rows.into_iter().map(StoredClientError::from).collect())
}

#[derive(FromRow)]
struct ListedRow {
    session_id: Uuid,
    token_hash: Vec<u8>,
    status: String,
    screen: Option<String>,
    version: i64,
    shared: bool,
    expires_at: OffsetDateTime,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<ListedRow> for ListedSession {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: SessionId(row.session_id),
            token: token_of(&row.token_hash)?,
            status: status_of(&row.status)?,
            screen: row.screen,
            exchanges: row.version,
            shared: row.shared,
            expires_at: row.expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

#[derive(FromRow)]
struct KeptReplyRow {
    number: i64,
    reply_kind: String,
    sealed_reply: Vec<u8>,
    plugin_version: Option<i32>,
}

impl From<KeptReplyRow> for KeptReply {
    fn from(row: KeptReplyRow) -> Self {
        Self {
            number: row.number,
            kind: row.reply_kind,
            sealed: Sealed(row.sealed_reply),
            plugin_version: row.plugin_version,
        }
    }
}

#[derive(FromRow)]
struct ClientErrorRow {
    client_error_id: Uuid,
    screen: Option<String>,
    error_key: String,
    sealed_message: Vec<u8>,
    created_at: OffsetDateTime,
}

impl From<ClientErrorRow> for StoredClientError {
    fn from(row: ClientErrorRow) -> Self {
        Self {
            id: ClientErrorId(row.client_error_id),
            screen: row.screen,
            key: row.error_key,
            sealed_message: Sealed(row.sealed_message),
            created_at: row.created_at,
        }
    }
}
