//! What sessions need of whoever keeps them, and the words for it. Everything that a customer said goes in and out sealed.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;

use flowhost_protocol::crypto::Sealed;
use flowhost_protocol::ids::{ClientErrorId, RequestDigest, RequestId, Scope, SessionId, TokenHash};
use flowhost_runtime::plugins::Pending;

/// Keeps sessions: for a host in a database, for a test of a plugin in memory.
///
/// A request is answered once at a tenant: a commit of one that was answered before, in whatever session, comes too late like one whose
/// session was changed meanwhile.
pub trait SessionStore: Send + Sync + fmt::Debug {
    /// What time it is. New sessions end so much later, and old ones are over by it.
    fn now(&self) -> OffsetDateTime;

    /// Finds what a turn begins with: an earlier copy of the request anywhere at the tenant, and the session.
    fn find_turn(&self, scope: Scope, token: TokenHash, request: RequestDigest) -> Pending<'_, Result<Found, SessionStoreError>>;

    /// One session.
    fn find_session(&self, scope: Scope, token: TokenHash) -> Pending<'_, Result<Option<StoredSession>, SessionStoreError>>;

    /// Commits a session's first turn; gives whether it was the first.
    fn insert_session<'a>(
        &'a self,
        scope: Scope,
        new: &'a NewSession,
        commit: &'a Commit<'a>,
    ) -> Pending<'a, Result<bool, SessionStoreError>>;

    /// Commits a turn of a session that was found at `version`; gives whether it still was at it.
    fn update_session<'a>(
        &'a self,
        scope: Scope,
        version: i64,
        commit: &'a Commit<'a>,
    ) -> Pending<'a, Result<bool, SessionStoreError>>;

    /// Inserts a session without an exchange.
    fn insert_minted_session<'a>(&'a self, scope: Scope, minted: &'a MintedSession) -> Pending<'a, Result<(), SessionStoreError>>;

    /// Records what a client reported on its session, if there is one and it has fewer than `most` reports.
    fn insert_client_error<'a>(
        &'a self,
        scope: Scope,
        token: TokenHash,
        error: &'a StoredClientError,
        most: i64,
    ) -> Pending<'a, Result<(), SessionStoreError>>;

    /// Notes that something is noticed of a flow now. Of a flow that is gone there is nothing to note.
    fn note_flow(&self, scope: Scope, notice: TokenNotice) -> Pending<'_, Result<(), SessionStoreError>>;
}

/// Why whoever keeps sessions could not: it tells itself.
pub type SessionStoreError = Box<dyn std::error::Error + Send + Sync>;

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

/// What the tokens are like that a flow is sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenNotice {
    /// A token is opened by several recipients, as far as its use tells.
    Reopened,
    /// A token identifies nobody: it is missing, a placeholder, or too short.
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

/// A text that is no status of a session, or no notice.
#[derive(Debug, thiserror::Error)]
#[error("it is none of the words for it")]
pub struct UnknownWord;

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
    /// How the last reply travelled, and the reply; none where nothing was answered yet.
    pub last_reply: Option<(String, Sealed)>,
    /// When the session ends.
    pub expires_at: OffsetDateTime,
    /// When the last exchange was committed.
    pub updated_at: OffsetDateTime,
    /// How many exchanges came before the last INIT.
    pub opened_at: i64,
    /// How often it was opened as one recipient would not open it.
    pub reopenings: i32,
}

/// What the database knows of a request before its turn.
#[derive(Debug)]
pub struct Found {
    /// The session of the request's token.
    pub session: Option<StoredSession>,
    /// The exchange that answered an earlier copy of this request, anywhere at the tenant.
    pub answered: Option<Answered>,
}

/// An exchange that answered an earlier copy of a request.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// Its number in its session.
    pub number: i64,
    /// Its session.
    pub token: TokenHash,
    /// Whether it belongs to the flow that was asked now.
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

/// A session that is there before its first exchange.
#[derive(Debug)]
pub struct MintedSession {
    /// Its identity.
    pub id: SessionId,
    /// Its token.
    pub token: TokenHash,
    /// What was attached to the token.
    pub sealed_context: Option<Sealed>,
    /// When it will end, if nothing happens before.
    pub expires_at: OffsetDateTime,
    /// How long it lasts from its first exchange on, if it is not to end at `expires_at` then.
    pub from_first_exchange: Option<Duration>,
}

/// What an exchange that opens the flow does to a session that is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// Whether the conversation is counted from here.
    pub opened: bool,
    /// Whether the state of before is forgotten.
    pub restart: bool,
    /// Whether one recipient would not open it like this.
    pub suspect: bool,
}

/// What a commit writes: the session's new values and the exchange's row.
#[derive(Debug)]
pub struct Commit<'a> {
    /// Which session.
    pub token: TokenHash,
    /// The session's new status.
    pub status: SessionStatus,
    /// Whether a new session is that of one exchange whose token many recipients share.
    pub shared: bool,
    /// What opening the flow does to the session.
    pub opening: Opening,
    /// The session's new state; none keeps it, unless the conversation begins afresh.
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
    /// The request that it answers.
    pub request: RequestId,
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
