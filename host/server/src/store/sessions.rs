//! The tables `sessions` and `exchanges`, as turns read and write them.
//!
//! A turn costs two statements: [`find_turn`] before the plugin runs, [`insert_session`] or
//! [`update_session`] after. Turns that are under way at the same moment share them
//! ([`turn_groups`](super::turn_groups)).

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{FromRow, Postgres, Row};
use time::OffsetDateTime;

use super::error::broke;
use super::history::insert_client_error;
use super::notices::note_flow;
use super::turn_groups::{TurnToCommit, TurnToFind};
use super::{Store, StoreError};
use flowhost_exchange::sessions::{
    Commit, Found, MintedSession, NewSession, Opening, SessionStatus, SessionStore,
    SessionStoreError, StoredClientError, StoredSession, TokenNotice,
};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{RequestDigest, Scope, TokenHash};
use flowhost_runtime::plugins::Pending;

impl SessionStore for Store {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn find_turn(
        &self,
        scope: Scope,
        token: TokenHash,
        request: RequestDigest,
    ) -> Pending<'_, Result<Found, SessionStoreError>> {
        Box::pin(async move {
            let turn = || TurnToFind { scope, token, request };
            let way = self.finds.join(scope.tenant, turn).await;
            Ok(way.finish(find_turn(self, scope, token, request)).await?)
        })
    }

    fn find_session(
        &self,
        scope: Scope,
        token: TokenHash,
    ) -> Pending<'_, Result<Option<StoredSession>, SessionStoreError>> {
        Box::pin(async move { Ok(find_session(self, scope, token).await?) })
    }

    fn insert_session<'a>(
        &'a self,
        scope: Scope,
        new: &'a NewSession,
        commit: &'a Commit<'a>,
    ) -> Pending<'a, Result<bool, SessionStoreError>> {
        Box::pin(async move {
            let turn = TurnToCommit::first(scope, new, commit);
            let way = self.join_commits(scope, commit, turn).await;
            Ok(way.finish(insert_session(self, scope, new, commit)).await?)
        })
    }

    fn update_session<'a>(
        &'a self,
        scope: Scope,
        version: i64,
        commit: &'a Commit<'a>,
    ) -> Pending<'a, Result<bool, SessionStoreError>> {
        Box::pin(async move {
            let turn = TurnToCommit::later(scope, version, commit);
            let way = self.join_commits(scope, commit, turn).await;
            Ok(way.finish(update_session(self, scope, version, commit)).await?)
        })
    }

    fn insert_minted_session<'a>(
        &'a self,
        scope: Scope,
        minted: &'a MintedSession,
    ) -> Pending<'a, Result<(), SessionStoreError>> {
        Box::pin(async move { Ok(insert_minted_session(self, scope, minted).await?) })
    }

    fn insert_client_error<'a>(
        &'a self,
        scope: Scope,
        token: TokenHash,
        error: &'a StoredClientError,
        most: i64,
    ) -> Pending<'a, Result<(), SessionStoreError>> {
        Box::pin(async move { Ok(insert_client_error(self, scope, token, error, most).await?) })
    }

    fn note_flow(
        &self,
        scope: Scope,
        notice: TokenNotice,
    ) -> Pending<'_, Result<(), SessionStoreError>> {
        Box::pin(async move { Ok(note_flow(self, scope, notice).await?) })
    }
}

/// Finds what a turn begins with, in one statement: whether an earlier copy of the request was
/// answered anywhere at the tenant, and the session.
async fn find_turn(
    store: &Store,
    scope: Scope,
    token: TokenHash,
    request: RequestDigest,
) -> Result<Found, StoreError> {
    let query = || {
        let query = sqlx::query("select * from find_turn_v3($1, $2, $3, $4)")
            .bind(scope.tenant.0)
            .bind(scope.flow.0);
        query.bind(&token.0[..]).bind(&request.0[..])
    };
    found(&store.call(scope.tenant, query).await?)
}

/// Reads a row of `find_turn_v3` or `find_turns_v2`.
pub(super) fn found(row: &PgRow) -> Result<Found, StoreError> {
    let answered = row.try_get("answered")?;
    Ok(Found { answered, session: SessionRow::from_row(row)?.session()? })
}

/// One session.
async fn find_session(
    store: &Store,
    scope: Scope,
    token: TokenHash,
) -> Result<Option<StoredSession>, StoreError> {
    let row: Option<SessionRow> = sqlx::query_as(
        "select * from sessions where tenant_id = $1 and flow_id = $2 and token_hash = $3",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&token.0[..])
    .fetch_optional(&mut *store.of(scope.tenant).await?)
    .await?;
    row.map_or(Ok(None), SessionRow::session)
}

/// Commits a session's first turn. Returns whether it was the first. If the result of the commit is
/// lost, it is tried once more; if the first try had succeeded, this returns false, and the caller
/// then finds the request answered.
async fn insert_session(
    store: &Store,
    scope: Scope,
    new: &NewSession,
    commit: &Commit<'_>,
) -> Result<bool, StoreError> {
    let query = || {
        let query = sqlx::query(if commit.kept_reply.is_some() {
            "select insert_turn_keeping_reply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
               $19, $20, $21)"
        } else {
            "select insert_turn_v4($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
        });
        let query = bind(query, scope, commit);
        keep(query.bind(new.id.0).bind(new.expires_at).bind(commit.shared), commit)
    };
    committed(store.call(scope.tenant, query).await)
}

/// Commits a turn of a session that was found at `version`. Returns whether the session was still
/// at that version. A lost result is treated as in [`insert_session`].
async fn update_session(
    store: &Store,
    scope: Scope,
    version: i64,
    commit: &Commit<'_>,
) -> Result<bool, StoreError> {
    let Opening { opened, restart, suspect } = commit.opening;
    let query = || {
        let query = sqlx::query(if commit.kept_reply.is_some() {
            "select update_turn_keeping_reply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
               $19, $20, $21, $22)"
        } else {
            "select update_turn_v4($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
        });
        let query = bind(query, scope, commit);
        keep(query.bind(version).bind(opened).bind(restart).bind(suspect), commit)
    };
    committed(store.call(scope.tenant, query).await)
}

/// Inserts a session without an exchange. Its token of 256 random bits can't collide with another.
async fn insert_minted_session(
    store: &Store,
    scope: Scope,
    minted: &MintedSession,
) -> Result<(), StoreError> {
    let seconds =
        minted.from_first_exchange.map(|time| i32::try_from(time.as_secs()).unwrap_or(i32::MAX));
    let mut transaction = store.of(scope.tenant).await?;
    sqlx::query(
        "insert into sessions (tenant_id, flow_id, token_hash, session_id, status, sealed_context, version, expires_at, \
           seconds_from_first_exchange) values ($1, $2, $3, $4, 'open', $5, 0, $6, $7)",
    )
    .bind(scope.tenant.0)
    .bind(scope.flow.0)
    .bind(&minted.token.0[..])
    .bind(minted.id.0)
    .bind(minted.sealed_context.as_ref().map(|sealed| &sealed.0))
    .bind(minted.expires_at)
    .bind(seconds)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// Binds `$1` to `$15`, which both kinds of commit share.
fn bind<'a>(query: Commits<'a>, scope: Scope, commit: &'a Commit<'a>) -> Commits<'a> {
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
        .bind(commit.exchange.request.0)
}

/// Binds the reply that is kept beside others, if it is, and how many there may be.
fn keep<'a>(query: Commits<'a>, commit: &'a Commit<'a>) -> Commits<'a> {
    match commit.kept_reply {
        Some(sealed) => query.bind(&sealed.0).bind(MOST_REPLIES).bind(MOST_REPLY_BYTES),
        None => query,
    }
}

/// A statement that returns whether it committed.
type Commits<'a> = Query<'a, Postgres, PgArguments>;

/// False if another turn was committed first, or if the request was answered elsewhere meanwhile.
fn committed(result: Result<PgRow, StoreError>) -> Result<bool, StoreError> {
    match result {
        Err(StoreError::Database(error)) if broke(&error, ONE_ANSWER) => Ok(false),
        result => Ok(result?.try_get(0)?),
    }
}

/// A session's columns, all null if there is no session.
struct SessionRow(Option<StoredSessionRow>);

#[derive(FromRow)]
struct StoredSessionRow {
    token_hash: Vec<u8>,
    status: String,
    screen: Option<String>,
    sealed_state: Option<Vec<u8>>,
    sealed_context: Option<Vec<u8>>,
    version: i64,
    last_reply_kind: Option<String>,
    sealed_last_reply: Option<Vec<u8>>,
    last_request: Option<Vec<u8>>,
    expires_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    opened_at: i64,
    reopenings: i32,
}

impl<'r> FromRow<'r, PgRow> for SessionRow {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let there: Option<i64> = row.try_get("version")?;
        there.map(|_| StoredSessionRow::from_row(row)).transpose().map(Self)
    }
}

impl SessionRow {
    fn session(self) -> Result<Option<StoredSession>, StoreError> {
        let Some(row) = self.0 else { return Ok(None) };
        Ok(Some(StoredSession {
            token: token_of(&row.token_hash)?,
            status: status_of(&row.status)?,
            screen: row.screen,
            sealed_state: row.sealed_state.map(Sealed),
            sealed_context: row.sealed_context.map(Sealed),
            version: row.version,
            last_reply: row.last_reply_kind.zip(row.sealed_last_reply.map(Sealed)),
            last_request: row.last_request.as_deref().map(request_of).transpose()?,
            expires_at: row.expires_at,
            updated_at: row.updated_at,
            opened_at: row.opened_at,
            reopenings: row.reopenings,
        }))
    }
}

/// Reads a stored status.
pub(super) fn status_of(text: &str) -> Result<SessionStatus, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable("session status"))
}

/// Reads a stored token hash.
pub(super) fn token_of(bytes: &[u8]) -> Result<TokenHash, StoreError> {
    bytes.try_into().map(TokenHash).map_err(|_| StoreError::Unreadable("token hash"))
}

/// Reads a stored digest of a request.
fn request_of(bytes: &[u8]) -> Result<RequestDigest, StoreError> {
    bytes.try_into().map(RequestDigest).map_err(|_| StoreError::Unreadable("request digest"))
}

/// How many replies of a session are kept: more than any form has screens.
const MOST_REPLIES: i64 = 50;

/// How many bytes they have together; a larger one is kept in its session alone, as the last. Retention
/// deletes up to a thousand sessions in a step, which may take a minute: with 2 MiB each (15,000 rows)
/// 300 took PostgreSQL 20 s on a busy machine.
const MOST_REPLY_BYTES: i64 = 512 << 10;

/// The constraint that a request is answered only once.
const ONE_ANSWER: &str = "answered_requests_pkey";
