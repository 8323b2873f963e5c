//! The tables `sessions`, `exchanges` and `client_errors`.
//!
//! A turn costs two statements: [`find_turn`] before the plugin runs, [`insert_session`] or [`update_session`] after.

use std::str::FromStr;

use sqlx::FromRow;
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgQueryResult, PgRow};
use sqlx::query::Query;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::crypto::Sealed;
use crate::ids::{ClientErrorId, RequestDigest, Scope, SessionId, TokenHash};

/// What becomes of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    /// The flow ended.
    Completed,
    /// Its time ran out.
    Expired,
    /// The conversation goes on.
    Open,
    /// The token was refused.
    Rejected,
}

impl SessionStatus {
    /// The status as the database and the API spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Expired => "expired",
            Self::Open => "open",
            Self::Rejected => "rejected",
        }
    }
}

impl FromStr for SessionStatus {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "completed" => Ok(Self::Completed),
            "expired" => Ok(Self::Expired),
            "open" => Ok(Self::Open),
            "rejected" => Ok(Self::Rejected),
            _ => Err(StoreError::Unreadable("session status")),
        }
    }
}

/// A session as a turn finds it.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// Which row it is: the hash of its token.
    pub token: TokenHash,
    /// What became of it.
    pub status: SessionStatus,
    /// The screen that the user is on.
    pub screen: Option<String>,
    /// What the plugin stored.
    pub sealed_state: Option<Sealed>,
    /// What was attached to the token.
    pub sealed_context: Option<Sealed>,
    /// Exchanges committed so far; a commit names it.
    pub version: i64,
    /// How the last reply travelled.
    pub last_reply_kind: String,
    /// The last reply.
    pub sealed_last_reply: Sealed,
    /// When the session ends.
    pub expires_at: OffsetDateTime,
}

/// What the database knows of a request before its turn.
#[derive(Debug)]
pub struct Found {
    /// The session: that of the request's earlier copy if there was one, else that of its token.
    pub session: Option<StoredSession>,
    /// The number of the exchange that answered an earlier copy of this request.
    pub answered_as: Option<i64>,
    /// Whether that exchange belongs to the flow that was asked now.
    pub same_flow: bool,
}

/// A session's first commit.
#[derive(Debug)]
pub struct NewSession {
    /// Its identity.
    pub id: SessionId,
    /// When it will end.
    pub expires_at: OffsetDateTime,
}

/// What a commit writes: the session's new values and the exchange's row.
#[derive(Debug)]
pub struct Commit<'a> {
    /// Which session.
    pub token: TokenHash,
    /// The session's new status.
    pub status: SessionStatus,
    /// The session's new state; none keeps it.
    pub sealed_state: Option<&'a Sealed>,
    /// The request.
    pub request: RequestDigest,
    /// How the reply travels.
    pub reply_kind: &'a str,
    /// The reply.
    pub sealed_reply: &'a Sealed,
    /// The exchange's row.
    pub exchange: ExchangeRow<'a>,
}

/// One committed turn, to be stored.
#[derive(Debug)]
pub struct ExchangeRow<'a> {
    /// Why the client called.
    pub action: &'a str,
    /// The screen that the user was on.
    pub screen_in: Option<&'a str>,
    /// The screen that the user got; the session's from now on. None keeps it.
    pub screen_out: Option<&'a str>,
    /// What became of the turn.
    pub outcome: &'a str,
    /// From the request's arrival to the commit, in microseconds.
    pub duration_us: i64,
    /// The plugin version that answered; none where none was asked.
    pub plugin_version: Option<i32>,
}

/// Finds what a turn begins with, in one statement: an earlier copy of the request anywhere at the tenant, and the session.
pub async fn find_turn(store: &Store, scope: Scope, token: TokenHash, request: RequestDigest) -> Result<Found, StoreError> {
    let row: TurnRow = sqlx::query_as(
        "select e.number as answered_as, coalesce(e.flow_id = $2, true) as same_flow, \
           s.token_hash, s.status, s.screen, s.sealed_state, s.sealed_context, s.version, s.last_reply_kind, s.sealed_last_reply, s.expires_at \
         from (values (1)) as one (n) \
         left join exchanges e on e.tenant_id = $1 and e.request_digest = $4 \
         left join sessions s on s.tenant_id = $1 and s.flow_id = $2 and s.token_hash = coalesce(e.token_hash, $3)",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&token.0[..])
    .bind(&request.0[..])
    .fetch_one(&store.pool)
    .await?;
    Ok(Found { answered_as: row.answered_as, same_flow: row.same_flow, session: row.session.session()? })
}

/// Commits a session's first turn; gives whether it was the first.
pub async fn insert_session(store: &Store, scope: Scope, new: &NewSession, commit: &Commit<'_>) -> Result<bool, StoreError> {
    let query = sqlx::query(
        "with turn as ( \
           insert into sessions (tenant_id, flow_id, token_hash, session_id, status, screen, sealed_state, version, \
             last_request_digest, last_reply_kind, sealed_last_reply, expires_at) \
           values ($1, $2, $3, $15, $4, $5, $6, 1, $7, $8, $9, $16) \
           on conflict (tenant_id, flow_id, token_hash) do nothing returning version) \
         insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, screen_in, screen_out, outcome, \
           duration_us, plugin_version) \
         select $1, $2, $3, version, $7, $10, $11, $5, $12, $13, $14 from turn",
    );
    committed(bind(query, scope, commit).bind(new.id.0).bind(new.expires_at).execute(&store.pool).await)
}

/// Commits a turn of a session that was found at `version`; gives whether it still was at it.
pub async fn update_session(store: &Store, scope: Scope, version: i64, commit: &Commit<'_>) -> Result<bool, StoreError> {
    let query = sqlx::query(
        "with turn as ( \
           update sessions set status = $4, screen = coalesce($5, screen), sealed_state = coalesce($6, sealed_state), \
             version = version + 1, last_request_digest = $7, last_reply_kind = $8, sealed_last_reply = $9, updated_at = now() \
           where tenant_id = $1 and flow_id = $2 and token_hash = $3 and version = $15 returning version) \
         insert into exchanges (tenant_id, flow_id, token_hash, number, request_digest, action, screen_in, screen_out, outcome, \
           duration_us, plugin_version) \
         select $1, $2, $3, version, $7, $10, $11, $5, $12, $13, $14 from turn",
    );
    committed(bind(query, scope, commit).bind(version).execute(&store.pool).await)
}

/// Binds `$1` to `$14`, which both kinds of commit share.
fn bind<'a>(query: Query<'a, Postgres, PgArguments>, scope: Scope, commit: &'a Commit<'a>) -> Query<'a, Postgres, PgArguments> {
    query
        .bind(scope.tenant.0)
        .bind(scope.flow.0)
        .bind(&commit.token.0[..])
        .bind(commit.status.as_str())
        .bind(commit.exchange.screen_out)
        .bind(commit.sealed_state.map(|sealed| &sealed.0))
        .bind(&commit.request.0[..])
        .bind(commit.reply_kind)
        .bind(&commit.sealed_reply.0)
        .bind(commit.exchange.action)
        .bind(commit.exchange.screen_in)
        .bind(commit.exchange.outcome)
        .bind(commit.exchange.duration_us)
        .bind(commit.exchange.plugin_version)
}

/// A commit that wrote no row lost a race, and so did one whose request was answered elsewhere meanwhile.
fn committed(result: Result<PgQueryResult, sqlx::Error>) -> Result<bool, StoreError> {
    match result {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some(ONE_ANSWER) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A session as the admin API lists it.
#[derive(Clone, Debug)]
pub struct ListedSession {
    /// Its identity.
    pub id: SessionId,
    /// Which row it is.
    pub token: TokenHash,
    /// What became of it.
    pub status: SessionStatus,
    /// The screen that the user is on.
    pub screen: Option<String>,
    /// Exchanges committed so far.
    pub exchanges: i64,
    /// When it ends.
    pub expires_at: OffsetDateTime,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When the last exchange was committed.
    pub updated_at: OffsetDateTime,
}

/// Sessions of a flow, the newest first: at most `limit`, of that status, older than the session `before`.
pub async fn list_sessions(
    store: &Store,
    scope: Scope,
    status: Option<SessionStatus>,
    before: Option<SessionId>,
    limit: i64,
) -> Result<Vec<ListedSession>, StoreError> {
    let rows: Vec<ListedRow> = sqlx::query_as(
        "select * from sessions where tenant_id = $1 and flow_id = $2 \
           and ($3::text is null or $3 = case when status = 'open' and expires_at <= now() then 'expired' else status end) \
           and ($4::uuid is null or (created_at, session_id) < \
             (select created_at, session_id from sessions where tenant_id = $1 and flow_id = $2 and session_id = $4)) \
         order by created_at desc, session_id desc limit $5",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(status.map(SessionStatus::as_str))
    .bind(before.map(|id| id.0))
    .bind(limit)
    .fetch_all(&store.pool)
    .await?;
    rows.into_iter().map(ListedSession::try_from).collect()
}

/// One session of a flow.
pub async fn load_session(store: &Store, scope: Scope, session: SessionId) -> Result<Option<ListedSession>, StoreError> {
    let row: Option<ListedRow> = sqlx::query_as("select * from sessions where tenant_id = $1 and flow_id = $2 and session_id = $3")
        .bind(scope.tenant.0)
        .bind(scope.flow.0)
        .bind(session.0)
        .fetch_optional(&store.pool)
        .await?;
    row.map(ListedSession::try_from).transpose()
}

/// A committed turn as the admin API shows it.
#[derive(Clone, Debug, FromRow)]
pub struct CommittedExchange {
    /// Its number in the session.
    pub number: i64,
    /// Why the client called.
    pub action: String,
    /// The screen that the user was on.
    pub screen_in: Option<String>,
    /// The screen that the user got.
    pub screen_out: Option<String>,
    /// What became of the turn.
    pub outcome: String,
    /// From the request's arrival to the commit, in microseconds.
    pub duration_us: i64,
    /// The plugin version that answered.
    pub plugin_version: Option<i32>,
    /// When it was committed.
    pub created_at: OffsetDateTime,
}

/// A session's last 1,000 exchanges, the oldest first.
pub async fn list_exchanges(store: &Store, scope: Scope, token: TokenHash) -> Result<Vec<CommittedExchange>, StoreError> {
    let mut exchanges: Vec<CommittedExchange> = sqlx::query_as(
        "select * from exchanges where tenant_id = $1 and flow_id = $2 and token_hash = $3 order by number desc limit 1000",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&token.0[..])
    .fetch_all(&store.pool)
    .await?;
    exchanges.reverse();
    Ok(exchanges)
}

/// What a client reported, as stored.
#[derive(Clone, Debug)]
pub struct StoredClientError {
    /// Its identity.
    pub id: ClientErrorId,
    /// The screen that was shown.
    pub screen: Option<String>,
    /// Meta's error key.
    pub key: String,
    /// Meta's explanation, sealed under the tenant's data key.
    pub sealed_message: Sealed,
    /// When it was reported.
    pub created_at: OffsetDateTime,
}

/// Records what a client reported on its session, if there is one and it has fewer than `most` reports.
pub async fn insert_client_error(
    store: &Store,
    scope: Scope,
    token: TokenHash,
    error: &StoredClientError,
    most: i64,
) -> Result<(), StoreError> {
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
    .execute(&store.pool)
    .await?;
    Ok(())
}

/// What clients reported on a session, the oldest first.
pub async fn list_client_errors(store: &Store, scope: Scope, token: TokenHash) -> Result<Vec<StoredClientError>, StoreError> {
    let rows: Vec<ClientErrorRow> = sqlx::query_as(
        "select * from client_errors where tenant_id = $1 and flow_id = $2 and token_hash = $3 order by created_at, client_error_id",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&token.0[..])
    .fetch_all(&store.pool)
    .await?;
    Ok(rows.into_iter().map(StoredClientError::from).collect())
}

#[derive(FromRow)]
struct TurnRow {
    answered_as: Option<i64>,
    same_flow: bool,
    #[sqlx(flatten)]
    session: SessionRow,
}

/// A session's columns, all null where there is none.
struct SessionRow(Option<StoredSessionRow>);

#[derive(FromRow)]
struct StoredSessionRow {
    token_hash: Vec<u8>,
    status: String,
    screen: Option<String>,
    sealed_state: Option<Vec<u8>>,
    sealed_context: Option<Vec<u8>>,
    version: i64,
    last_reply_kind: String,
    sealed_last_reply: Vec<u8>,
    expires_at: OffsetDateTime,
}

impl<'r> FromRow<'r, PgRow> for SessionRow {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let there: Option<i64> = sqlx::Row::try_get(row, "version")?;
        there.map(|_| StoredSessionRow::from_row(row)).transpose().map(Self)
    }
}

impl SessionRow {
    fn session(self) -> Result<Option<StoredSession>, StoreError> {
        let Some(row) = self.0 else { return Ok(None) };
        Ok(Some(StoredSession {
            token: token_of(&row.token_hash)?,
            status: row.status.parse()?,
            screen: row.screen,
            sealed_state: row.sealed_state.map(Sealed),
            sealed_context: row.sealed_context.map(Sealed),
            version: row.version,
            last_reply_kind: row.last_reply_kind,
            sealed_last_reply: Sealed(row.sealed_last_reply),
            expires_at: row.expires_at,
        }))
    }
}

#[derive(FromRow)]
struct ListedRow {
    session_id: Uuid,
    token_hash: Vec<u8>,
    status: String,
    screen: Option<String>,
    version: i64,
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
            status: row.status.parse()?,
            screen: row.screen,
            exchanges: row.version,
            expires_at: row.expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
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

fn token_of(bytes: &[u8]) -> Result<TokenHash, StoreError> {
    bytes.try_into().map(TokenHash).map_err(|_| StoreError::Unreadable("token hash"))
}

/// The constraint that lets a request be answered once.
const ONE_ANSWER: &str = "exchanges_tenant_id_request_digest_key";
