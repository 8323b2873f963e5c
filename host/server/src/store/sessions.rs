//! The tables `sessions` and `exchanges`, as turns read and write them.
//!
//! A turn costs two statements: [`find_turn`] before the plugin runs, [`insert_session`] or
//! [`update_session`] after.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{FromRow, Postgres, Row};
use time::OffsetDateTime;

use super::error::broke;
use super::{Store, StoreError};
use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{RequestDigest, RequestId, Scope, SessionId, TokenHash};

/// The status of a session.
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
    /// The hash of its token, which is its key in the table.
    pub token: TokenHash,
    /// Its status.
    pub status: SessionStatus,
    /// The screen that the user is on, if there was one yet.
    pub screen: Option<String>,
    /// The state that the plugin stored, if any.
    pub sealed_state: Option<Sealed>,
    /// What was attached to the token, if anything.
    pub sealed_context: Option<Sealed>,
    /// The number of exchanges committed so far. A commit names it.
    pub version: i64,
    /// The last reply and its kind; `None` if nothing was answered yet.
    pub last_reply: Option<(String, Sealed)>,
    /// When the session expires.
    pub expires_at: OffsetDateTime,
    /// When the last exchange was committed.
    pub updated_at: OffsetDateTime,
    /// How many exchanges came before the last INIT.
    pub opened_at: i64,
    /// How often it was opened in a way that a single recipient would not.
    pub reopenings: i32,
}

/// What the database knows of a request before its turn.
#[derive(Debug)]
pub struct Found {
    /// The session of the request's token.
    pub session: Option<StoredSession>,
    /// The exchange that answered an earlier copy of this request, in any flow of the tenant.
    pub answered: Option<Answered>,
}

/// An exchange that answered an earlier copy of a request.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// Its number in its session.
    pub number: i64,
    /// The hash of its session's token.
    pub token: TokenHash,
    /// Whether it belongs to the flow that is asked now.
    pub same_flow: bool,
}

/// A session's first commit.
#[derive(Debug)]
pub struct NewSession {
    /// The session's id.
    pub id: SessionId,
    /// When it will expire.
    pub expires_at: OffsetDateTime,
}

/// A session that exists before its first exchange.
#[derive(Debug)]
pub struct MintedSession {
    /// Its id.
    pub id: SessionId,
    /// The hash of its token.
    pub token: TokenHash,
    /// What was attached to the token, if anything.
    pub sealed_context: Option<Sealed>,
    /// When it expires if it is not used before.
    pub expires_at: OffsetDateTime,
    /// How long it lasts from its first exchange on; `None` if it still expires at `expires_at`.
    pub from_first_exchange: Option<Duration>,
}

/// What an exchange that opens the flow does to an existing session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// Whether the conversation is counted from here.
    pub opened: bool,
    /// Whether the previous state is dropped.
    pub restart: bool,
    /// Whether a single recipient would not open it like this.
    pub suspect: bool,
}

/// What a commit writes: the session's new values and the exchange's row.
#[derive(Debug)]
pub struct Commit<'a> {
    /// The hash of the session's token.
    pub token: TokenHash,
    /// The session's new status.
    pub status: SessionStatus,
    /// Whether a new session holds a single exchange whose token is shared by many recipients.
    pub shared: bool,
    /// What opening the flow does to the session.
    pub opening: Opening,
    /// The session's new state. `None` keeps the old one, unless the conversation restarts.
    pub sealed_state: Option<&'a Sealed>,
    /// The digest of the request.
    pub request: RequestDigest,
    /// The kind of the reply.
    pub reply_kind: &'a str,
    /// The reply, sealed under the tenant's data key.
    pub sealed_reply: &'a Sealed,
    /// The exchange's row.
    pub exchange: ExchangeRow<'a>,
}

/// One committed turn, to be stored.
#[derive(Debug)]
pub struct ExchangeRow<'a> {
    /// Why the client called, as the wire spells the action.
    pub action: &'a str,
    /// The screen that the user was on, if any.
    pub screen_in: Option<&'a str>,
    /// The screen that the user got, which becomes the session's. `None` keeps the session's.
    pub screen_out: Option<&'a str>,
    /// How the turn ended.
    pub outcome: &'a str,
    /// From the request's arrival to the commit, in microseconds.
    pub duration_us: i64,
    /// The plugin version that answered; `None` if no plugin was asked.
    pub plugin_version: Option<i32>,
    /// The id of the request that it answers.
    pub request: RequestId,
}

/// Finds what a turn begins with, in one statement: an earlier copy of the request in any flow of
/// the tenant, and the session.
pub async fn find_turn(store: &Store, scope: Scope, token: TokenHash, request: RequestDigest) -> Result<Found, StoreError> {
    let query = || {
        let query = sqlx::query("select * from find_turn_v2($1, $2, $3, $4)").bind(scope.tenant.0).bind(scope.flow.0);
        query.bind(&token.0[..]).bind(&request.0[..])
    };
    let row = TurnRow::from_row(&store.call(scope.tenant, query).await?)?;
    let answered = match (row.answered_number, row.answered_token, row.answered_here) {
        (Some(number), Some(token), Some(same_flow)) => Some(Answered { number, token: token_of(&token)?, same_flow }),
        _ => None,
    };
    Ok(Found { answered, session: row.session.session()? })
}

/// One session of a flow.
pub async fn find_session(store: &Store, scope: Scope, token: TokenHash) -> Result<Option<StoredSession>, StoreError> {
    let row: Option<SessionRow> =
        sqlx::query_as("select * from sessions where tenant_id = $1 and flow_id = $2 and token_hash = $3")
            .bind(scope.tenant.0)
            .bind(scope.flow.0)
            .bind(&token.0[..])
            .fetch_optional(&mut *store.of(scope.tenant).await?)
            .await?;
    row.map_or(Ok(None), SessionRow::session)
}

/// Commits a session's first turn. Returns whether it was the first. A commit whose result is lost
/// is retried once and then loses to itself; the caller that looks again finds the request
/// answered.
pub async fn insert_session(store: &Store, scope: Scope, new: &NewSession, commit: &Commit<'_>) -> Result<bool, StoreError> {
    let query = || {
        let query =
            sqlx::query("select insert_turn_v3($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)");
        bind(query, scope, commit).bind(new.id.0).bind(new.expires_at).bind(commit.shared)
    };
    committed(store.call(scope.tenant, query).await)
}

/// Commits a turn of a session that was found at `version`. Returns whether the session was still
/// at that version. A lost result is handled as in [`insert_session`].
pub async fn update_session(store: &Store, scope: Scope, version: i64, commit: &Commit<'_>) -> Result<bool, StoreError> {
    let Opening { opened, restart, suspect } = commit.opening;
    let query = || {
        let query = sqlx::query(
            "select update_turn_v3($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        );
        bind(query, scope, commit).bind(version).bind(opened).bind(restart).bind(suspect)
    };
    committed(store.call(scope.tenant, query).await)
}

/// Inserts a session without an exchange. There is no conflict, since its token has 256 random
/// bits.
pub async fn insert_minted_session(store: &Store, scope: Scope, minted: &MintedSession) -> Result<(), StoreError> {
    let seconds = minted.from_first_exchange.map(|time| i32::try_from(time.as_secs()).unwrap_or(i32::MAX));
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

/// A statement that returns whether it committed.
type Commits<'a> = Query<'a, Postgres, PgArguments>;

/// A commit that found another version lost a race; so did a commit whose request was answered
/// elsewhere meanwhile.
fn committed(result: Result<PgRow, StoreError>) -> Result<bool, StoreError> {
    match result {
        Err(StoreError::Database(error)) if broke(&error, ONE_ANSWER) => Ok(false),
        result => Ok(result?.try_get(0)?),
    }
}

#[derive(FromRow)]
struct TurnRow {
    answered_number: Option<i64>,
    answered_token: Option<Vec<u8>>,
    answered_here: Option<bool>,
    #[sqlx(flatten)]
    session: SessionRow,
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
            status: row.status.parse()?,
            screen: row.screen,
            sealed_state: row.sealed_state.map(Sealed),
            sealed_context: row.sealed_context.map(Sealed),
            version: row.version,
            last_reply: row.last_reply_kind.zip(row.sealed_last_reply.map(Sealed)),
            expires_at: row.expires_at,
            updated_at: row.updated_at,
            opened_at: row.opened_at,
            reopenings: row.reopenings,
        }))
    }
}

pub(super) fn token_of(bytes: &[u8]) -> Result<TokenHash, StoreError> {
    bytes.try_into().map(TokenHash).map_err(|_| StoreError::Unreadable("token hash"))
}

/// The constraint that a request is answered only once.
const ONE_ANSWER: &str = "exchanges_tenant_id_request_digest_key";
