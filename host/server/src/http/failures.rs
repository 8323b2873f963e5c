//! Logs requests to flows that get no reply. Each kind of failure gets one line a minute per flow,
//! and the rest are counted, because anybody can send requests that are refused as fast as they
//! like.

use axum::http::StatusCode;

use super::body::BodyError;
use super::error::{status_of, status_of_body};
use flowhost_exchange::exchange::ExchangeError;
use flowhost_runtime::telemetry::{self, Blame, Summary};

/// Sums failures up by blame, so that strangers can't hide what the host or a plugin does wrong.
#[derive(Debug)]
pub(super) struct Failures {
    guests: Summary,
    host: Summary,
    peers: Summary,
}

/// A request that gets no reply.
#[derive(Debug)]
pub(super) struct Failure {
    /// The status that the client gets.
    pub(super) status: StatusCode,
    /// Why, as the metrics label it.
    pub(super) kind: &'static str,
    /// Whose fault it is.
    pub(super) blame: Blame,
    /// The whole chain of causes, without any of the request's content.
    error: String,
    /// Set where the host is to blame: what is told to others than the operator, since the causes may
    /// name what the machine has.
    in_few_words: Option<String>,
}

impl From<&ExchangeError> for Failure {
    fn from(error: &ExchangeError) -> Self {
        Self {
            status: status_of(error),
            kind: error.kind(),
            blame: error.blame(),
            error: telemetry::chain(error),
            in_few_words: (error.blame() == Blame::Host).then(|| error.to_string()),
        }
    }
}

impl From<&BodyError> for Failure {
    fn from(error: &BodyError) -> Self {
        Self {
            status: status_of_body(error),
            kind: "body",
            blame: Blame::Peer,
            error: error.to_string(),
            in_few_words: None,
        }
    }
}

impl Failure {
    /// The host's code failed in the middle of a turn; the log has where.
    pub(super) fn of_a_panic() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "host-panic",
            blame: Blame::Host,
            error: "a turn panicked".to_owned(),
            in_few_words: Some("the host failed".to_owned()),
        }
    }

    /// Why, for whoever may see the flow.
    pub(super) fn cause(&self) -> &str {
        self.in_few_words.as_deref().unwrap_or(&self.error)
    }
}

impl Failures {
    pub(super) fn new() -> Self {
        let summary = || Summary::new(MOST_LINES_OF_A_FLOW, MOST_LINES);
        Self { guests: summary(), host: summary(), peers: summary() }
    }

    /// Logs a failure of a flow, or counts it. The request's span names the request and its flow.
    pub(super) fn note(&self, of: &str, failure: &Failure) {
        let Failure { status, kind, blame, error, .. } = failure;
        let summary = match blame {
            Blame::Guest => &self.guests,
            Blame::Host => &self.host,
            Blame::Peer => &self.peers,
        };
        let others = summary.note(of, error);
        let (status, blamed) = (status.as_u16(), blame.as_str());
        match (others, blame) {
            (None, _) => {
                tracing::debug!(status, blame = blamed, kind, error, "a request got no reply")
            }
            (Some(others), Blame::Host) => {
                tracing::error!(status, blame = blamed, kind, error, others, "a request failed")
            }
            (Some(others), Blame::Guest) => {
                tracing::warn!(status, blame = blamed, kind, error, others, "a request failed")
            }
            (Some(others), Blame::Peer) => {
                tracing::info!(status, blame = blamed, kind, error, others, "a request was refused")
            }
        }
    }
}

/// There are not many more ways to be refused.
const MOST_LINES_OF_A_FLOW: usize = 10;

/// Each is some 500 bytes, so strangers can write less than 1 kB a second, whatever they send.
const MOST_LINES: usize = 100;
