//! Notices about the tokens that a flow is sent with, for its tenant to read.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{SessionError, SessionStore, TokenNotice};
use flowhost_protocol::ids::{FlowId, Scope};

/// Writes notices about flows to the store, where every host finds them, at most once a minute for
/// each flow and notice.
#[derive(Debug)]
pub struct Notices {
    store: Arc<dyn SessionStore>,
    noted: Mutex<HashMap<(FlowId, TokenNotice), Instant>>,
}

/// Whether a notice is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// This host has not seen this notice of this flow before.
    First,
    /// The last note is old enough to be renewed.
    Again,
    /// It was noted less than a minute ago.
    Known,
}

impl TokenNotice {
    /// What the notice means and what the sender of the flow should do.
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
    /// Starts with no notices.
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store, noted: Mutex::default() }
    }

    /// Whether the notice is news. Anything but [`News::Known`] is to be noted with
    /// [`Notices::note`].
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

    /// Writes the notice to the store.
    pub async fn note(&self, scope: Scope, notice: TokenNotice) -> Result<(), SessionError> {
        self.store.note_flow(scope, notice).await.map_err(SessionError::Store)
    }

    /// Forgets all flows but these.
    pub fn retain(&self, flows: &HashSet<FlowId>) {
        self.noted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(flow, _), _| flows.contains(flow));
    }
}

/// Each note costs a statement, and the time shown is exact to the minute.
const NOTE_EVERY: Duration = Duration::from_secs(60);
