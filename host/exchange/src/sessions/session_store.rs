//! The interface to a store of sessions, and its types. Everything that a customer said passes it
//! sealed.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;

use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{
    ClientErrorId, RequestDigest, RequestId, Scope, SessionId, TokenHash,
};
use flowhost_runtime::plugins::Pending;

/// Keeps sessions: in a database for a host, in memory for a test of a plugin.
///
/// A tenant answers a request once. A commit for a request that was already answered, in whatever
/// session, is refused like one whose session has changed since.
pub trait SessionStore: Send + Sync + fmt::Debug {
    /// The store's clock. It sets when new sessions end and decides which ones are over.
    fn now(&self) -> OffsetDateTime;

    /// Finds what a turn begins with: the session, and whether this tenant answered an earlier copy
    /// of the request.
    fn find_turn(
        &self,
        scope: Scope,
        token: TokenHash,
        request: RequestDigest,
    ) -> Pending<'_, Result<Found, SessionStoreError>>;

    /// Finds the session of a token.
    fn find_session(
        &self,
        scope: Scope,
        token: TokenHash,
    ) -> Pending<'_, Result<Option<StoredSession>, SessionStoreError>>;

    /// Commits a session's first turn. Returns whether it was the first.
    fn insert_session<'a>(
        &'a self,
        scope: Scope,
        new: &'a NewSession,
        commit: &'a Commit<'a>,
    ) -> Pending<'a, Result<bool, SessionStoreError>>;

    /// Commits a turn of a session that was found at `version`. Returns whether the session was
    /// still at that version.
    fn update_session<'a>(
        &'a self,
        scope: Scope,
        version: i64,
        commit: &'a Commit<'a>,
    ) -> Pending<'a, Result<bool, SessionStoreError>>;

    /// Inserts a session that has no exchange yet.
    fn insert_minted_session<'a>(
        &'a self,
        scope: Scope,
        minted: &'a MintedSession,
    ) -> Pending<'a, Result<(), SessionStoreError>>;

    /// Records a client's report on its session, if the session exists and has fewer than `most`
    /// reports.
    fn insert_client_error<'a>(
        &'a self,
        scope: Scope,
        token: TokenHash,
        error: &'a StoredClientError,
        most: i64,
    ) -> Pending<'a, Result<(), SessionStoreError>>;

    /// Records that a notice applies to a flow now. Does nothing if the flow is gone.
    fn note_flow(
        &self,
        scope: Scope,
        notice: TokenNotice,
    ) -> Pending<'_, Result<(), SessionStoreError>>;
}

/// Why an implementation failed. Its text says so.
pub type SessionStoreError = Box<dyn std::error::Error + Send + Sync>;

/// The state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    /// The flow ended.
    Completed,
    /// The session's time ran out.
    Expired,
    /// The conversation goes on.
    Open,
    /// The plugin or the host refused the token.
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
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "completed" => Ok(Self::Completed),
            "expired" => Ok(Self::Expired),
            "open" => Ok(Self::Open),
            "rejected" => Ok(Self::Rejected),
            _ => Err(UnknownWord),
        }
    }
}

/// What a flow's traffic shows about the tokens that it is sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenNotice {
    /// Several recipients open the same token, as far as its use shows.
    Reopened,
    /// A token identifies nobody: it is missing, a placeholder or too short.
    Shared,
}

impl TokenNotice {
    /// The notice as the database and the API spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reopened => "reopened-token",
            Self::Shared => "shared-token",
        }
    }
}

impl FromStr for TokenNotice {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "reopened-token" => Ok(Self::Reopened),
            "shared-token" => Ok(Self::Shared),
            _ => Err(UnknownWord),
        }
    }
}

/// A text that is not a status of a session, or not a notice.
#[derive(Debug, thiserror::Error)]
#[error("it is none of the words for it")]
pub struct UnknownWord;

/// A session as read at the start of a turn.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// The hash of the session's token, which identifies the row.
    pub token: TokenHash,
    /// The session's status.
    pub status: SessionStatus,
    /// The screen that the user is on; `None` before the first one.
    pub screen: Option<String>,
    /// The state that the plugin stored.
    pub sealed_state: Option<Sealed>,
    /// The context that the business attached to the token.
    pub sealed_context: Option<Sealed>,
    /// The number of committed exchanges, which a commit compares.
    pub version: i64,
    /// The kind of the last reply and the sealed reply; `None` if nothing was answered yet.
    pub last_reply: Option<(String, Sealed)>,
    /// The request that it answered; `None` if nothing was answered yet.
    pub last_request: Option<RequestDigest>,
    /// When the session ends.
    pub expires_at: OffsetDateTime,
    /// When the last exchange was committed.
    pub updated_at: OffsetDateTime,
    /// The number of exchanges before the last INIT.
    pub opened_at: i64,
    /// How often the session was opened in a way that one recipient would not open it: see
    /// [`is_suspect`](super::is_suspect).
    pub reopenings: i32,
}

/// What the store has about a request before its turn.
#[derive(Debug)]
pub struct Found {
    /// The session of the request's token.
    pub session: Option<StoredSession>,
    /// Whether an earlier copy of this request was answered, in any flow of the tenant, also one
    /// that is gone.
    pub answered: bool,
}

/// The row of a session that its first commit creates.
#[derive(Debug)]
pub struct NewSession {
    /// The session's id.
    pub id: SessionId,
    /// When the session ends.
    pub expires_at: OffsetDateTime,
}

/// A session that exists before its first exchange.
#[derive(Debug)]
pub struct MintedSession {
    /// The session's id.
    pub id: SessionId,
    /// The hash of its token.
    pub token: TokenHash,
    /// The context that the business attached to the token.
    pub sealed_context: Option<Sealed>,
    /// When the session ends, unless an exchange moves the end.
    pub expires_at: OffsetDateTime,
    /// How long the session lasts from its first exchange on. `None` leaves its end at
    /// `expires_at`.
    pub from_first_exchange: Option<Duration>,
}

/// What an INIT does to an existing session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// Whether the conversation is counted from this exchange on.
    pub opened: bool,
    /// Whether the earlier state is dropped.
    pub restart: bool,
    /// Whether one recipient would not open the session like this.
    pub suspect: bool,
}

/// What a commit writes: the session's new values and the exchange's row.
#[derive(Debug)]
pub struct Commit<'a> {
    /// The hash of the session's token.
    pub token: TokenHash,
    /// The session's new status.
    pub status: SessionStatus,
    /// Whether a session that is created here serves one exchange only, because many recipients
    /// share its token.
    pub shared: bool,
    /// What an INIT does to the session.
    pub opening: Opening,
    /// The session's new state. `None` keeps the old one, unless the conversation restarts.
    pub sealed_state: Option<&'a Sealed>,
    /// The digest of the request.
    pub request: RequestDigest,
    /// The kind of the reply.
    pub reply_kind: &'static str,
    /// The sealed reply.
    pub sealed_reply: &'a Sealed,
    /// The same reply, sealed for a place among the session's replies, if the flow keeps them. A
    /// store that nobody reads them in drops it.
    pub kept_reply: Option<&'a Sealed>,
    /// The row of the exchange.
    pub exchange: ExchangeRow<'a>,
}

/// The row of one committed exchange.
#[derive(Debug)]
pub struct ExchangeRow<'a> {
    /// The request's action: why the client called.
    pub action: &'static str,
    /// The screen that the user was on.
    pub screen_in: Option<&'a str>,
    /// The screen that the user got, which becomes the session's. `None` keeps the old one.
    pub screen_out: Option<&'a str>,
    /// The turn's outcome.
    pub outcome: &'static str,
    /// Time from the request's arrival to the commit, in microseconds.
    pub duration_us: i64,
    /// The plugin version that answered; `None` if no plugin was asked.
    pub plugin_version: Option<i32>,
    /// The id of the request that it answers.
    pub request: RequestId,
}

/// A reply of a session that keeps them all.
#[derive(Clone, Debug)]
pub struct KeptReply {
    /// The number of its exchange.
    pub number: i64,
    /// Its kind.
    pub kind: String,
    /// The reply, sealed for its number.
    pub sealed: Sealed,
    /// The plugin version that gave it; `None` if no plugin was asked.
    pub plugin_version: Option<i32>,
}

/// A client's error report, as stored.
#[derive(Clone, Debug)]
pub struct StoredClientError {
    /// The report's id.
    pub id: ClientErrorId,
    /// The screen that was shown; `None` if the report names none.
    pub screen: Option<String>,
    /// Meta's error key.
    pub key: String,
    /// Meta's explanation, sealed under the tenant's data key.
    pub sealed_message: Sealed,
    /// When it was reported.
    pub created_at: OffsetDateTime,
}
