//! Sessions: the state of a conversation, and the rules by which a request may take a turn in it.
//!
//! Invariants: a [`Turn`] holds no connection of the store. [`Turn::commit`] is one
//! compare-and-swap together with the exchange's row. A request that was answered once is never
//! answered differently, since that would seal two plaintexts under one key and nonce. So refusals
//! and failures that are answered with a sealed text are committed too.

mod admission;
mod error;
mod memory;
mod mint;
mod notices;
mod session_store;
mod token_signature;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use admission::{Admission, Entry, KnownSession, TokenStanding, entry, is_suspect, restarts};
pub use error::SessionError;
pub use memory::MemorySessions;
pub use mint::{MAX_UNUSED, MintedToken, TokenLife};
pub use notices::{News, Notices};
pub use session_store::{
    Commit, ExchangeRow, Found, KeptReply, MintedSession, NewSession, Opening, SessionStatus,
    SessionStore, SessionStoreError, StoredClientError, StoredSession, TokenNotice, UnknownWord,
};
pub use token_signature::token_signature_holds;
pub use turn::{Received, RefusedTurn, Turn, TurnMeta};

use flowhost_protocol::crypto::{DataKey, SealContext, Sealed};
use flowhost_protocol::flow::{
    Action, ClientError, Exchange, FlowReply, FlowToken, OnReopen, ReplyKind, SharedTokens,
};
use flowhost_protocol::ids::{ClientErrorId, RequestDigest, Scope, TokenHash};

/// The flow that sessions belong to, the key that seals them and the settings that apply to them.
#[derive(Clone, Debug)]
pub struct SessionSpace {
    /// The tenant and the flow.
    pub scope: Scope,
    /// The tenant's data key, which seals the sessions.
    pub data_key: Arc<DataKey>,
    /// How long a session lasts from its first exchange on.
    pub time_to_live: Duration,
    /// What an INIT does to an open session.
    pub on_reopen: OnReopen,
    /// Whether each reply is kept, and not only the last one of a session.
    pub keep_replies: bool,
}

/// The result of beginning an exchange.
#[derive(Debug)]
pub struct Begin {
    /// What the request meets.
    pub met: Met,
    /// What the request shows about the tokens that the flow is sent with.
    pub notice: Option<TokenNotice>,
}

/// What a request meets.
#[derive(Debug)]
pub enum Met {
    /// The same request was answered before, either in another flow or before the session's last
    /// exchange. Its reply can't be sent again.
    OldRepeat,
    /// The session is over, or the token is not admitted.
    Over(RefusedTurn),
    /// The same request was the last one: what was answered to it.
    Repeat(FlowReply),
    /// The plugin is to be asked.
    Turn(Turn),
}

/// The sessions of all tenants.
#[derive(Clone, Debug)]
pub struct Sessions {
    store: Arc<dyn SessionStore>,
}

impl Sessions {
    /// Uses this store.
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store }
    }

    /// Finds out what an exchange meets, with one statement. A second one is only needed for copies
    /// of requests whose token was refused.
    pub async fn begin(
        &self,
        space: &Arc<SessionSpace>,
        standing: TokenStanding,
        exchange: &Exchange,
        received: Received,
    ) -> Result<Begin, SessionError> {
        let own = exchange.flow_token.as_ref().map(FlowToken::hash);
        let one_shot = || one_shot(received.digest);
        let personal = own.filter(|_| !standing.shared);
        let token = personal.unwrap_or_else(one_shot);
        let found = self
            .store
            .find_turn(space.scope, token, received.digest)
            .await
            .map_err(SessionError::Store)?;
        // A session remembers its last request, also once the tenant does not any more.
        let was_last =
            found.session.as_ref().is_some_and(|one| one.last_request == Some(received.digest));
        if found.answered || was_last {
            // The token may have been refused then, or is refused now.
            let other = personal.map_or(own, |_| Some(one_shot()));
            let met = self.repeat(space, received.digest, found.session, other).await?;
            return Ok(Begin { met, notice: None });
        }
        let meta = TurnMeta {
            store: self.store.clone(),
            space: space.clone(),
            token,
            received,
            action: exchange.action,
        };
        let now = self.store.now();
        let known = found.session.as_ref().map(KnownSession::from);
        let suspect = known.is_some_and(|session| is_suspect(exchange.action, session, now));
        let entry = entry(standing, known, now);
        let notice = notice(standing, known, suspect, entry);
        let opening = Opening {
            opened: exchange.action == Action::Init,
            restart: restarts(space.on_reopen, exchange.action, known),
            suspect,
        };
        let met = match entry {
            Entry::Refused => {
                let meta = TurnMeta { token: one_shot(), ..meta };
                Met::Over(RefusedTurn::new(
                    meta,
                    None,
                    SessionStatus::Rejected,
                    exchange,
                    Opening::default(),
                ))
            }
            Entry::Over(status) => {
                let opening = Opening { opened: false, restart: false, ..opening };
                Met::Over(RefusedTurn::new(meta, found.session, status, exchange, opening))
            }
            Entry::StandAlone => {
                Met::Turn(Turn::stand_alone(meta, found.session, exchange, standing.verified)?)
            }
            Entry::Turn => {
                Met::Turn(Turn::new(meta, found.session, exchange, standing.verified, opening)?)
            }
        };
        Ok(Begin { met, notice })
    }

    /// What a copy of an answered request meets. It was answered in `session`, or in that of the
    /// token `other`, or in one that is gone or belongs to another flow.
    async fn repeat(
        &self,
        space: &SessionSpace,
        request: RequestDigest,
        session: Option<StoredSession>,
        other: Option<TokenHash>,
    ) -> Result<Met, SessionError> {
        let was_last = |session: &StoredSession| session.last_request == Some(request);
        let session = match (session.filter(was_last), other) {
            (None, Some(other)) => self
                .store
                .find_session(space.scope, other)
                .await
                .map_err(SessionError::Store)?
                .filter(was_last),
            (session, _) => session,
        };
        session.map_or(Ok(Met::OldRepeat), |session| stored_reply(space, &session).map(Met::Repeat))
    }

    /// The state that is stored for a token, for tests that look at a conversation from inside.
    pub async fn find_state(
        &self,
        space: &SessionSpace,
        token: TokenHash,
    ) -> Result<Option<Zeroizing<String>>, SessionError> {
        let session =
            self.store.find_session(space.scope, token).await.map_err(SessionError::Store)?;
        open_text(
            space,
            token,
            STATE_COLUMN,
            "state",
            session.and_then(|session| session.sealed_state).as_ref(),
        )
    }

    /// Records a client's report if its session is known.
    pub async fn record_client_error(
        &self,
        space: &SessionSpace,
        error: &ClientError,
    ) -> Result<(), SessionError> {
        let Some(token) = error.flow_token.as_ref().map(|token| token.hash()) else {
            return Ok(());
        };
        let id = ClientErrorId::new();
        let place = client_error_context(space.scope, id);
        let stored = StoredClientError {
            id,
            screen: error.screen.as_deref().map(|screen| cut(screen, NAME_BYTES)),
            key: cut(&error.key, NAME_BYTES),
            sealed_message: space
                .data_key
                .seal(&place, cut(&error.message, CLIENT_ERROR_MESSAGE_BYTES).as_bytes()),
            created_at: self.store.now(),
        };
        let recorded = self
            .store
            .insert_client_error(space.scope, token, &stored, CLIENT_ERRORS_PER_SESSION)
            .await;
        recorded.map_err(SessionError::Store)
    }
}

/// What an exchange shows about the tokens that the flow is sent with.
fn notice(
    standing: TokenStanding,
    session: Option<KnownSession>,
    suspect: bool,
    entry: Entry,
) -> Option<TokenNotice> {
    let set_apart = entry == Entry::StandAlone
        || (entry == Entry::Refused && standing.admission != Admission::Nobody);
    let opened = |session: KnownSession| session.reopened(suspect).is_shared();
    match session {
        _ if standing.shared_tokens == SharedTokens::Trust => None,
        _ if standing.shared => set_apart.then_some(TokenNotice::Shared),
        session => session.is_some_and(opened).then_some(TokenNotice::Reopened),
    }
}

/// The reply to a session's last request, opened. `None` if nothing was answered yet.
///
/// # Errors
/// It was sealed for another place or under another key, or is of an unknown kind.
pub fn open_last_reply(
    data_key: &DataKey,
    scope: Scope,
    session: &StoredSession,
) -> Result<Option<FlowReply>, SessionError> {
    let place = place(scope, session.token, REPLY_COLUMN);
    let open = |(kind, sealed)| open_reply(data_key, &place, kind, sealed);
    session.last_reply.as_ref().map(|(kind, sealed)| open((kind.as_str(), sealed))).transpose()
}

/// A reply of a session that keeps them all, opened.
///
/// # Errors
/// It was sealed for another place or under another key, or is of an unknown kind.
pub fn open_kept_reply(
    data_key: &DataKey,
    scope: Scope,
    token: TokenHash,
    kept: &KeptReply,
) -> Result<FlowReply, SessionError> {
    let place = kept_reply_context(scope, token, kept.number);
    open_reply(data_key, &place, &kept.kind, &kept.sealed)
}

/// Where a reply is sealed for that is kept beside others. The last one of a session is sealed a
/// second time for its session: who could put an older one into its place would make the host answer
/// a repeat of the last request with that.
fn kept_reply_context(scope: Scope, token: TokenHash, number: i64) -> SealContext {
    let (tenant, flow) = (scope.tenant.0, scope.flow.0);
    let row: [&[u8]; 4] = [tenant.as_bytes(), flow.as_bytes(), &token.0, &number.to_be_bytes()];
    SealContext::new("session_replies.sealed_reply", &row)
}

/// Where the message of a client's report is sealed for.
pub fn client_error_context(scope: Scope, id: ClientErrorId) -> SealContext {
    SealContext::new(
        "client_errors.sealed_message",
        &[scope.tenant.0.as_bytes(), scope.flow.0.as_bytes(), id.0.as_bytes()],
    )
}

/// The session of a request that has none of its own because its token is missing, refused or
/// shared by many. Its key is the request's digest, so it only serves to recognise a repeat.
fn one_shot(request: RequestDigest) -> TokenHash {
    let mut hash = Sha256::new();
    // 0xff never occurs in UTF-8, so no flow token hashes to this.
    hash.update([0xff]);
    hash.update(request.0);
    TokenHash(hash.finalize().into())
}

fn stored_reply(space: &SessionSpace, session: &StoredSession) -> Result<FlowReply, SessionError> {
    let found = open_last_reply(&space.data_key, space.scope, session)?;
    found.ok_or(SessionError::Unreadable("reply"))
}

fn open_reply(
    data_key: &DataKey,
    place: &SealContext,
    kind: &str,
    sealed: &Sealed,
) -> Result<FlowReply, SessionError> {
    let kind = match kind {
        ANSWER => ReplyKind::Answer,
        TOKEN_REJECTED => ReplyKind::TokenRejected,
        _ => return Err(SessionError::Unreadable("reply kind")),
    };
    let payload =
        data_key.open(place, sealed).map_err(|error| SessionError::Sealed("reply", error))?;
    Ok(FlowReply::assert_stored(kind, payload.to_vec()))
}

fn open_text(
    space: &SessionSpace,
    token: TokenHash,
    column: &'static str,
    what: &'static str,
    sealed: Option<&Sealed>,
) -> Result<Option<Zeroizing<String>>, SessionError> {
    let Some(sealed) = sealed else { return Ok(None) };
    let place = place(space.scope, token, column);
    let bytes =
        space.data_key.open(&place, sealed).map_err(|error| SessionError::Sealed(what, error))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SessionError::Unreadable(what))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

fn place(scope: Scope, token: TokenHash, column: &'static str) -> SealContext {
    SealContext::new(column, &[scope.tenant.0.as_bytes(), scope.flow.0.as_bytes(), &token.0])
}

/// At most `bytes` of a text, cut between characters.
fn cut(text: &str, bytes: usize) -> String {
    text[..text.floor_char_boundary(bytes)].to_owned()
}

const ANSWER: &str = "answer";
const TOKEN_REJECTED: &str = "token-rejected";
const REPLY_COLUMN: &str = "sessions.sealed_last_reply";
const STATE_COLUMN: &str = "sessions.sealed_state";
const CONTEXT_COLUMN: &str = "sessions.sealed_context";

/// Names of screens and error keys are short. Longer ones are cut to this length.
const NAME_BYTES: usize = 128;

/// A client that keeps reporting adds nothing new, and a session's reports stay small.
const CLIENT_ERRORS_PER_SESSION: i64 = 20;
const CLIENT_ERROR_MESSAGE_BYTES: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_meets_a_one_shot_session() {
        let digest = RequestDigest([7; 32]);
        assert_ne!(one_shot(digest), one_shot(RequestDigest([8; 32])));
        assert_ne!(one_shot(digest).0, <[u8; 32]>::from(Sha256::digest(digest.0)));
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 9), "aé");
    }
}
