//! Sessions in memory, with a clock that only moves when it is set. Tests of plugins use it: they
//! have no database and set the time.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use super::{
    Commit, Found, MintedSession, NewSession, Opening, SessionStatus, SessionStore,
    SessionStoreError, StoredClientError, StoredSession, TokenNotice,
};
use flowhost_protocol::ids::{RequestDigest, Scope, TenantId, TokenHash};
use flowhost_runtime::plugins::Pending;

/// Keeps sessions in memory. Clients' reports and notices about flows are dropped, since nothing
/// reads them.
#[derive(Debug)]
pub struct MemorySessions(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    now: OffsetDateTime,
    sessions: HashMap<(Scope, TokenHash), KeptSession>,
    answered: HashSet<(TenantId, RequestDigest)>,
    /// The session that was the last one to serve one exchange only.
    last_shared: Option<(Scope, TokenHash)>,
}

#[derive(Debug)]
struct KeptSession {
    session: StoredSession,
    /// How long the session lasts from its first exchange on, if its end is not fixed.
    from_first_exchange: Option<Duration>,
}

impl MemorySessions {
    /// Starts without sessions, at this time.
    pub fn new(now: OffsetDateTime) -> Self {
        Self(Mutex::new(Kept {
            now,
            sessions: HashMap::new(),
            answered: HashSet::new(),
            last_shared: None,
        }))
    }

    /// Sets the clock.
    pub fn set_clock(&self, now: OffsetDateTime) {
        self.lock().now = now;
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn find_turn(&self, scope: Scope, token: TokenHash, request: RequestDigest) -> Found {
        Found {
            session: self.find_session(scope, token),
            answered: self.answered.contains(&(scope.tenant, request)),
        }
    }

    fn find_session(&self, scope: Scope, token: TokenHash) -> Option<StoredSession> {
        self.sessions.get(&(scope, token)).map(|kept| kept.session.clone())
    }

    /// Records that a request is answered. Returns whether this is the first answer.
    fn answer(&mut self, scope: Scope, commit: &Commit<'_>) -> bool {
        self.answered.insert((scope.tenant, commit.request))
    }

    fn insert(&mut self, scope: Scope, new: &NewSession, commit: &Commit<'_>) -> bool {
        if self.sessions.contains_key(&(scope, commit.token)) || !self.answer(scope, commit) {
            return false;
        }
        let session = StoredSession {
            token: commit.token,
            status: commit.status,
            screen: commit.exchange.screen_out.map(str::to_owned),
            sealed_state: commit.sealed_state.cloned(),
            sealed_context: None,
            version: 1,
            last_reply: Some((commit.reply_kind.to_owned(), commit.sealed_reply.clone())),
            last_request: Some(commit.request),
            expires_at: new.expires_at,
            updated_at: self.now,
            opened_at: 0,
            reopenings: 0,
        };
        if commit.shared {
            // What serves one exchange is only asked for again while it is the last one.
            if let Some(before) = self.last_shared.replace((scope, commit.token)) {
                self.sessions.remove(&before);
            }
        }
        self.sessions
            .insert((scope, commit.token), KeptSession { session, from_first_exchange: None });
        true
    }

    fn update(&mut self, scope: Scope, version: i64, commit: &Commit<'_>) -> bool {
        let is_at = |kept: &KeptSession| kept.session.version == version;
        if !self.sessions.get(&(scope, commit.token)).is_some_and(is_at)
            || !self.answer(scope, commit)
        {
            return false;
        }
        let now = self.now;
        if let Some(kept) = self.sessions.get_mut(&(scope, commit.token)) {
            kept.update(commit, now);
        }
        true
    }
}

impl KeptSession {
    fn update(&mut self, commit: &Commit<'_>, now: OffsetDateTime) {
        let (session, Opening { opened, restart, suspect }) = (&mut self.session, commit.opening);
        session.status = commit.status;
        if let Some(screen) = commit.exchange.screen_out {
            session.screen = Some(screen.to_owned());
        }
        if restart || commit.sealed_state.is_some() {
            session.sealed_state = commit.sealed_state.cloned();
        }
        session.last_reply = Some((commit.reply_kind.to_owned(), commit.sealed_reply.clone()));
        session.last_request = Some(commit.request);
        session.updated_at = now;
        if let Some(time) = self.from_first_exchange.filter(|_| session.version == 0) {
            session.expires_at = now + time;
        }
        if opened {
            session.opened_at = session.version;
        }
        session.reopenings += i32::from(suspect);
        session.version += 1;
    }
}

impl SessionStore for MemorySessions {
    fn now(&self) -> OffsetDateTime {
        self.lock().now
    }

    fn find_turn(
        &self,
        scope: Scope,
        token: TokenHash,
        request: RequestDigest,
    ) -> Pending<'_, Result<Found, SessionStoreError>> {
        done(self.lock().find_turn(scope, token, request))
    }

    fn find_session(
        &self,
        scope: Scope,
        token: TokenHash,
    ) -> Pending<'_, Result<Option<StoredSession>, SessionStoreError>> {
        done(self.lock().find_session(scope, token))
    }

    fn insert_session<'a>(
        &'a self,
        scope: Scope,
        new: &'a NewSession,
        commit: &'a Commit<'a>,
    ) -> Pending<'a, Result<bool, SessionStoreError>> {
        done(self.lock().insert(scope, new, commit))
    }

    fn update_session<'a>(
        &'a self,
        scope: Scope,
        version: i64,
        commit: &'a Commit<'a>,
    ) -> Pending<'a, Result<bool, SessionStoreError>> {
        done(self.lock().update(scope, version, commit))
    }

    fn insert_minted_session<'a>(
        &'a self,
        scope: Scope,
        minted: &'a MintedSession,
    ) -> Pending<'a, Result<(), SessionStoreError>> {
        let mut kept = self.lock();
        let session = StoredSession {
            token: minted.token,
            status: SessionStatus::Open,
            screen: None,
            sealed_state: None,
            sealed_context: minted.sealed_context.clone(),
            version: 0,
            last_reply: None,
            last_request: None,
            expires_at: minted.expires_at,
            updated_at: kept.now,
            opened_at: 0,
            reopenings: 0,
        };
        match kept.sessions.entry((scope, minted.token)) {
            Entry::Occupied(_) => Box::pin(ready(Err("the token has a session already".into()))),
            Entry::Vacant(place) => {
                place.insert(KeptSession {
                    session,
                    from_first_exchange: minted.from_first_exchange,
                });
                done(())
            }
        }
    }

    fn insert_client_error<'a>(
        &'a self,
        _: Scope,
        _: TokenHash,
        _: &'a StoredClientError,
        _: i64,
    ) -> Pending<'a, Result<(), SessionStoreError>> {
        done(())
    }

    fn note_flow(&self, _: Scope, _: TokenNotice) -> Pending<'_, Result<(), SessionStoreError>> {
        done(())
    }
}

fn done<'a, T: Send + 'a>(value: T) -> Pending<'a, Result<T, SessionStoreError>> {
    Box::pin(ready(Ok(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::ExchangeRow;
    use flowhost_protocol::crypto::Sealed;
    use flowhost_protocol::ids::{FlowId, RequestId, SessionId};

    #[tokio::test]
    async fn of_sessions_that_serve_one_exchange_the_last_one_is_kept() {
        let sessions = MemorySessions::new(OffsetDateTime::UNIX_EPOCH);
        let scope = Scope { tenant: TenantId::new(), flow: FlowId::new() };
        for (number, shared) in [(1, false), (2, true), (3, true), (4, false), (5, true)] {
            assert!(insert(&sessions, scope, number, shared).await);
        }

        let mut kept = Vec::new();
        for number in 1..=5 {
            let found = sessions.find_session(scope, TokenHash([number; 32])).await.unwrap();
            kept.extend(found.map(|_| number));
        }
        assert_eq!(kept, [1, 4, 5]);
        assert!(!insert(&sessions, scope, 2, true).await, "its request stays answered");
    }

    /// A first turn, of the token and the request of this number.
    async fn insert(sessions: &MemorySessions, scope: Scope, number: u8, shared: bool) -> bool {
        let reply = Sealed(Vec::new());
        let commit = Commit {
            token: TokenHash([number; 32]),
            status: SessionStatus::Open,
            shared,
            opening: Opening::default(),
            sealed_state: None,
            request: RequestDigest([number; 32]),
            reply_kind: "answer",
            sealed_reply: &reply,
            kept_reply: None,
            exchange: ExchangeRow {
                action: "INIT",
                screen_in: None,
                screen_out: None,
                outcome: "screen",
                duration_us: 1,
                plugin_version: None,
                request: RequestId::new(),
            },
        };
        let new = NewSession { id: SessionId::new(), expires_at: OffsetDateTime::UNIX_EPOCH };
        sessions.insert_session(scope, &new, &commit).await.unwrap()
    }
}
