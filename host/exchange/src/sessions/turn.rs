//! One turn of a session: a snapshot on the way to the plugin, and the commit on the way back.

use std::sync::Arc;
use std::time::Instant;

use super::{
    ANSWER, CONTEXT_COLUMN, Commit, ExchangeRow, KnownSession, NAME_BYTES, NewSession, Opening,
    REPLY_COLUMN, STATE_COLUMN, SessionError, SessionSpace, SessionStatus, SessionStore,
    StoredSession, TOKEN_REJECTED, cut, kept_reply_context, one_shot, open_text, place,
};
use flowhost_protocol::flow::{
    Action, CheckedAnswer, Exchange, FlowReply, Outcome, ReplyKind, TurnInput,
};
use flowhost_protocol::ids::{RequestDigest, RequestId, SessionId, TokenHash};

/// The identity of an incoming request and the time it came.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// The digest that recognises the same request when it comes again.
    pub digest: RequestDigest,
    /// The id that the response carries.
    pub id: RequestId,
    /// When the request came.
    pub at: Instant,
}

/// What a turn needs for its commit.
#[derive(Clone, Debug)]
pub struct TurnMeta {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) space: Arc<SessionSpace>,
    pub(super) token: TokenHash,
    pub(super) received: Received,
    pub(super) action: Action,
}

/// A turn of an open session: a snapshot that holds no connection. A dropped turn writes nothing.
///
/// ```compile_fail,E0382
/// # use flowhost_protocol::flow::CheckedAnswer;
/// # use flowhost_exchange::sessions::Turn;
/// async fn twice(turn: Turn, one: CheckedAnswer, other: CheckedAnswer) {
///     let _ = turn.commit(one, None).await;
///     let _ = turn.commit(other, None).await;
/// }
/// ```
#[derive(Debug)]
pub struct Turn {
    meta: TurnMeta,
    /// The session's version; `None` if this is its first turn.
    version: Option<i64>,
    screen_in: Option<String>,
    input: TurnInput,
    opening: Opening,
}

impl Turn {
    pub(super) fn new(
        meta: TurnMeta,
        session: Option<StoredSession>,
        exchange: &Exchange,
        token_verified: bool,
        opening: Opening,
    ) -> Result<Self, SessionError> {
        let mut input =
            TurnInput { state: None, context: None, exchanges: 0, token_verified, shared: false };
        if let Some(session) = &session {
            input.context = open_text(
                &meta.space,
                meta.token,
                CONTEXT_COLUMN,
                "context",
                session.sealed_context.as_ref(),
            )?;
            if !opening.restart {
                input.state = open_text(
                    &meta.space,
                    meta.token,
                    STATE_COLUMN,
                    "state",
                    session.sealed_state.as_ref(),
                )?;
                input.exchanges = KnownSession::from(session).exchanges(meta.space.on_reopen);
            }
        }
        let version = session.map(|session| session.version);
        Ok(Self { meta, version, screen_in: screen_of(exchange), input, opening })
    }

    /// A turn that stands alone, since many recipients share its token. If the token has a session,
    /// the turn gets the context that the business attached to the token and nothing that a user
    /// left there.
    pub(super) fn stand_alone(
        meta: TurnMeta,
        session: Option<StoredSession>,
        exchange: &Exchange,
        token_verified: bool,
    ) -> Result<Self, SessionError> {
        let sealed_context = session.as_ref().and_then(|session| session.sealed_context.as_ref());
        let context =
            open_text(&meta.space, meta.token, CONTEXT_COLUMN, "context", sealed_context)?;
        let input = TurnInput { state: None, context, exchanges: 0, token_verified, shared: true };
        let meta = TurnMeta { token: one_shot(meta.received.digest), ..meta };
        Ok(Self {
            meta,
            version: None,
            screen_in: screen_of(exchange),
            input,
            opening: Opening::default(),
        })
    }

    /// What the session is known by.
    pub fn token(&self) -> TokenHash {
        self.meta.token
    }

    /// What the plugin sees of the session.
    pub fn input(&self) -> &TurnInput {
        &self.input
    }

    /// Commits the answer to the session: one compare-and-swap with the exchange's row, in one
    /// statement. There is no reply to seal before that.
    ///
    /// Fails with [`SessionError::Conflict`] if another turn was committed first; the caller begins
    /// again.
    pub async fn commit(
        self,
        answer: CheckedAnswer,
        plugin_version: Option<i32>,
    ) -> Result<FlowReply, SessionError> {
        let status = match answer.outcome() {
            Outcome::Completed => SessionStatus::Completed,
            Outcome::Rejected => SessionStatus::Rejected,
            Outcome::Failed | Outcome::Refused | Outcome::Screen => SessionStatus::Open,
        };
        let kept = Kept { status, shared: self.input.shared, opening: self.opening };
        write(self.meta, self.version, self.screen_in.as_deref(), kept, answer, plugin_version)
            .await
    }
}

/// A turn of a session that is over. It can only be refused.
#[derive(Debug)]
pub struct RefusedTurn {
    meta: TurnMeta,
    version: Option<i64>,
    screen_in: Option<String>,
    kept: Kept,
}

impl RefusedTurn {
    pub(super) fn new(
        meta: TurnMeta,
        session: Option<StoredSession>,
        status: SessionStatus,
        exchange: &Exchange,
        opening: Opening,
    ) -> Self {
        let kept = Kept { status, shared: false, opening };
        Self {
            meta,
            version: session.map(|session| session.version),
            screen_in: screen_of(exchange),
            kept,
        }
    }

    /// Commits the refusal and returns its reply: a 427 that shows `text`.
    pub async fn refuse(self, text: &str) -> Result<FlowReply, SessionError> {
        write(
            self.meta,
            self.version,
            self.screen_in.as_deref(),
            self.kept,
            CheckedAnswer::refusal(text),
            None,
        )
        .await
    }
}

/// What a commit does to the session.
#[derive(Clone, Copy, Debug)]
struct Kept {
    status: SessionStatus,
    /// Whether the turn stands alone: its state is not kept.
    shared: bool,
    opening: Opening,
}

async fn write(
    meta: TurnMeta,
    version: Option<i64>,
    screen_in: Option<&str>,
    kept: Kept,
    answer: CheckedAnswer,
    plugin_version: Option<i32>,
) -> Result<FlowReply, SessionError> {
    let (scope, received) = (meta.space.scope, meta.received);
    let seal =
        |column, value: &[u8]| meta.space.data_key.seal(&place(scope, meta.token, column), value);
    let sealed_state =
        answer.state().filter(|_| !kept.shared).map(|state| seal(STATE_COLUMN, state.as_bytes()));
    let sealed_reply = seal(REPLY_COLUMN, answer.reply().payload());
    // A session that stands alone has no other reply than its last.
    let kept_reply = (meta.space.keep_replies && !kept.shared).then(|| {
        let place = kept_reply_context(scope, meta.token, version.unwrap_or(0) + 1);
        meta.space.data_key.seal(&place, answer.reply().payload())
    });
    let screen_out = answer.screen().map(|name| cut(name, NAME_BYTES));
    let commit = Commit {
        token: meta.token,
        status: kept.status,
        shared: kept.shared,
        opening: kept.opening,
        sealed_state: sealed_state.as_ref(),
        request: received.digest,
        reply_kind: match answer.reply().kind() {
            ReplyKind::Answer => ANSWER,
            ReplyKind::TokenRejected => TOKEN_REJECTED,
        },
        sealed_reply: &sealed_reply,
        kept_reply: kept_reply.as_ref(),
        exchange: ExchangeRow {
            action: meta.action.as_str(),
            screen_in,
            screen_out: screen_out.as_deref(),
            outcome: answer.outcome().as_str(),
            duration_us: i64::try_from(received.at.elapsed().as_micros()).unwrap_or(i64::MAX),
            plugin_version,
            request: received.id,
        },
    };
    let done = match version {
        Some(version) => meta.store.update_session(scope, version, &commit).await,
        None => meta.store.insert_session(scope, &meta.new_session(), &commit).await,
    };
    if done.map_err(SessionError::Store)? {
        Ok(answer.assert_committed())
    } else {
        Err(SessionError::Conflict)
    }
}

impl TurnMeta {
    fn new_session(&self) -> NewSession {
        NewSession { id: SessionId::new(), expires_at: self.store.now() + self.space.time_to_live }
    }
}

fn screen_of(exchange: &Exchange) -> Option<String> {
    exchange.screen.as_deref().map(|name| cut(name, NAME_BYTES))
}
