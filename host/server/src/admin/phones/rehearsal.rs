//! A rehearsal on a phone: a version, active or not, in the host's own turns, of which nothing is
//! stored. Sessions are in memory, what the plugin writes into its store is dropped, and what it logs
//! goes to the phone. Outbound requests are sent.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio_util::task::TaskTracker;

use flowhost_client::{Carried, Carrier, Carrying, ClientError, SealedRequest, Url};
use flowhost_exchange::endpoint::{ActivePlugin, Endpoint, LoadedFlowJson};
use flowhost_exchange::exchange::{Exchanges, RawRequest, status_of_reply};
use flowhost_exchange::sessions::{MemorySessions, SessionError, Sessions, TokenLife};
use flowhost_protocol::ids::RequestId;
use flowhost_runtime::plugins::{Purpose, Tally};
use flowhost_runtime::telemetry;

/// A version that is rehearsed, with its session.
pub(super) struct Rehearsal {
    exchanges: Arc<Exchanges>,
    sessions: Arc<MemorySessions>,
    /// Work that goes on after an answer, such as telling the plugin about a client's error.
    background: TaskTracker,
    tally: Tally,
    version: ActivePlugin,
    flow_json: LoadedFlowJson,
}

impl Rehearsal {
    pub(super) fn new(
        exchanges: &Exchanges,
        version: ActivePlugin,
        flow_json: LoadedFlowJson,
    ) -> Self {
        let sessions = Arc::new(MemorySessions::new(OffsetDateTime::now_utc()));
        let background = TaskTracker::new();
        background.close();
        Self {
            exchanges: exchanges.in_memory(sessions.clone(), background.clone()),
            sessions,
            background,
            tally: Tally::default(),
            version,
            flow_json,
        }
    }

    /// Mints a flow token that is known to this rehearsal alone.
    pub(super) async fn mint(&self, endpoint: &Endpoint) -> Result<String, SessionError> {
        let life = TokenLife::FromNow(endpoint.settings.session_time_to_live());
        let minted = Sessions::new(self.sessions.clone()).mint(&endpoint.space, None, life).await?;
        Ok(minted.token.expose().to_owned())
    }

    /// The line from a phone to the version, with the flow's keys, secrets and settings as they are
    /// now. A flow that is switched off can be rehearsed.
    pub(super) fn line(self: &Arc<Self>, endpoint: &Endpoint) -> Arc<dyn Carrier> {
        let endpoint = Endpoint {
            active: Some(Arc::new(endpoint.plugin(&self.version))),
            flow_json: self.flow_json.clone(),
            ..endpoint.clone()
        };
        Arc::new(Line { rehearsal: self.clone(), endpoint: Arc::new(endpoint) })
    }

    /// What the plugin said in the last exchange, and why it failed if it did.
    pub(super) async fn heard(&self) -> Vec<String> {
        self.background.wait().await;
        let tallied = self.tally.take();
        let failure = tallied.failure.filter(|_| tallied.failure_line.is_none());
        let failure = failure.map(|why| format!("the plugin failed: {why}"));
        tallied.said.into_iter().chain(failure).collect()
    }
}

/// A line to one version.
struct Line {
    rehearsal: Arc<Rehearsal>,
    endpoint: Arc<Endpoint>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line(version {})", self.rehearsal.version.version)
    }
}

impl Line {
    async fn answer(&self, request: &SealedRequest) -> Carried {
        let Rehearsal { exchanges, sessions, tally, .. } = self.rehearsal.as_ref();
        sessions.set_clock(OffsetDateTime::now_utc());
        let raw =
            RawRequest { body: request.body.clone(), signature: Some(request.signature.clone()) };
        let purpose = Purpose::Play(tally.clone());
        let answered = exchanges.answer(&self.endpoint, raw, RequestId::new(), purpose).await;
        let (status, body, retry_after) = match answered {
            Ok(reply) => (status_of_reply(reply.kind()), reply.into_body().into(), None),
            Err(error) => {
                tracing::debug!(error = %telemetry::chain(&error), "a rehearsed request got no reply");
                (error.status(), Vec::new(), error.retry_after())
            }
        };
        Carried { status, body, retry_after, location: None }
    }
}

impl Carrier for Line {
    fn carry<'a>(&'a self, _: &'a Url, request: &'a SealedRequest) -> Carrying<'a> {
        Box::pin(async { Ok::<_, ClientError>(self.answer(request).await) })
    }
}
