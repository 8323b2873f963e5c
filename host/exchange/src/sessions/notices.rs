//! What exchanges show of the tokens that a flow is sent with, for its tenant to know.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{SessionError, SessionStore, TokenNotice};
use flowhost_protocol::ids::{FlowId, Scope};

/// Notes what is noticed of flows: in the store, which every host shows, at most once a minute for each flow.
#[derive(Debug)]
pub struct Notices {
    store: Arc<dyn SessionStore>,
    noted: Mutex<HashMap<(FlowId, TokenNotice), Instant>>,
}

/// Whether a notice is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// This host has not noticed it of this flow before.
    First,
    /// It is time to note that it goes on.
    Again,
    /// It was noted a moment ago.
    Known,
}

impl TokenNotice {
    /// What it means and what to do, for whoever sends the flow.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Reopened => {
                "a flow token is opened again and again, in the middle of its conversation or after its end, as if several people had it: \
                 send every recipient a token of their own (flowhost token mint, or 128 random bits); what becomes of a token that \
                 several people have is the setting shared_tokens"
            }
            Self::Shared => {
                "exchanges come with a flow token that identifies nobody (none, \"unused\", a placeholder, or too short), so nothing can be \
                 remembered from screen to screen: send every recipient a token of their own (flowhost token mint, or 128 random bits); \
                 what becomes of these exchanges is the setting shared_tokens"
            }
        }
    }
}

impl Notices {
    /// Nothing is noticed yet.
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store, noted: Mutex::default() }
    }

    /// Whether the notice is news. What is not [`News::Known`] is to be noted with [`Notices::note`].
    pub fn news(&self, flow: FlowId, notice: TokenNotice) -> News {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let news = match noted.get(&(flow, notice)) {
            None => News::First,
            Some(last) if last.elapsed() >= NOTE_EVERY => News::Again,
            Some(_) => return News::Known,
        };
        noted.insert((flow, notice), Instant::now());
        news
    }

    /// Notes it in the store.
    pub async fn note(&self, scope: Scope, notice: TokenNotice) -> Result<(), SessionError> {
        self.store.note_flow(scope, notice).await.map_err(SessionError::Store)
    }

    /// Forgets flows that are gone.
    pub fn retain(&self, flows: &HashSet<FlowId>) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).retain(|(flow, _), _| flows.contains(flow));
    }
}

/// Each takes a statement; what is shown is when it was noticed last, to the minute.
const NOTE_EVERY: Duration = Duration::from_secs(60);
