//! One conversation with the plugin. It has its own tenant and flow, and its requests take the
//! host's own turns.

use std::sync::Arc;
use std::time::Instant;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Map, Value, from_slice, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::Sandbox;
use super::fakes::Fake;
use super::tenant::{APP_SECRET, endpoint};
use crate::scenarios::{
    Answered, Answers, Inside, MediaFake, NoAnswer, Request, Scenario, Usage, complete_references,
};
use flowhost_exchange::endpoint::{Endpoint, LoadedFlowJson, Nowhere};
use flowhost_exchange::exchange::{ExchangeError, Exchanges, status_of_reply};
use flowhost_exchange::sessions::{MemorySessions, Notices, SessionError, Sessions, TokenLife};
use flowhost_flow_json::ERROR_MESSAGE;
use flowhost_protocol::crypto::InlineRsa;
use flowhost_protocol::envelope::OpenedRequest;
use flowhost_protocol::flow::{FlowReply, FlowRequest, FlowToken};
use flowhost_protocol::ids::{RequestDigest, RequestId, Scope, TokenHash};
use flowhost_runtime::plugins::{Fixed, Purpose, Tallied, Tally, Test};
use flowhost_runtime::telemetry::{self, CallUsage};

/// A conversation with the plugin. Its session is in memory.
pub struct Conversation {
    sandbox: Arc<Sandbox>,
    fake: Arc<Fake>,
    /// What a phone sends of each file of the scenario.
    references: Vec<Map<String, Value>>,
    exchanges: Arc<Exchanges>,
    endpoint: Arc<Endpoint>,
    sessions: Sessions,
    store: Arc<MemorySessions>,
    /// Work that goes on after an answer, such as telling the plugin about a client's error.
    background: TaskTracker,
    tally: Tally,
    seed: u64,
    calls: u32,
    token: Option<TokenHash>,
    /// The context to attach when the token is minted; `None` once it is, or if it never will be.
    to_mint: Option<Option<String>>,
}

impl Conversation {
    pub(super) fn new(
        sandbox: Arc<Sandbox>,
        scope: Scope,
        fake: Arc<Fake>,
        scenario: &Scenario,
    ) -> Self {
        let store = Arc::new(MemorySessions::new(DEFAULT_NOW));
        let (sessions, background) = (Sessions::new(store.clone()), TaskTracker::new());
        background.close();
        let exchanges = Exchanges::new(
            Arc::new(Nowhere),
            sessions.clone(),
            Arc::new(Notices::new(store.clone())),
            sandbox.plugins.clone(),
            sandbox.metrics.clone(),
            // Nothing is sealed here.
            Box::new(InlineRsa),
            background.clone(),
        );
        let context = scenario.context.as_ref().map(Value::to_string);
        Self {
            endpoint: Arc::new(endpoint(&sandbox, scope, scenario)),
            fake,
            references: scenario.surroundings.media.iter().map(reference).collect(),
            exchanges,
            sessions,
            store,
            background,
            tally: Tally::default(),
            seed: scenario.seed.unwrap_or_default(),
            calls: 0,
            token: FlowToken::new(scenario.flow_token.clone()).map(|token| token.hash()),
            to_mint: scenario.minted_token.then_some(context),
            sandbox,
        }
    }

    /// The `media_id`s of the scenario's files that the plugin did not fetch until now.
    pub fn unfetched_files(&self) -> Vec<String> {
        self.fake.unfetched().into_iter().map(|file| file.media_id).collect()
    }

    /// Mints the token when the first request comes. The time before that is not part of a
    /// scenario.
    async fn mint(&mut self) -> Result<(), SessionError> {
        if let (Some(context), Some(token)) = (self.to_mint.take(), self.token) {
            let (space, life) = (
                &self.endpoint.space,
                TokenLife::FromNow(self.endpoint.settings.session_time_to_live()),
            );
            self.sessions.mint_as(space, token, context.as_deref(), life).await?;
        }
        Ok(())
    }

    /// Takes the turn of a request, as a host does after opening it.
    async fn answer_opened(
        &mut self,
        opened: OpenedRequest,
        now: OffsetDateTime,
    ) -> (Result<FlowReply, ExchangeError>, Tallied) {
        let fixed = Fixed { now, seed: self.seed, call: self.calls + 1 };
        let purpose = Purpose::Test(Test {
            fixed,
            tally: self.tally.clone(),
            profile: self.sandbox.profile.clone(),
        });
        let answered = self
            .exchanges
            .answer_opened(&self.endpoint, opened, RequestId::new(), Instant::now(), purpose)
            .await;
        self.background.wait().await;
        let tallied = self.tally.take();
        self.calls += u32::from(tallied.usage.is_some());
        (answered, tallied)
    }

    /// Notes on what the reply's screen declares and the reply does not have. A screen that is shown
    /// again with an error keeps what it has.
    fn missing_data(&self, reply: Option<&Value>) -> Vec<String> {
        let LoadedFlowJson::Rules(served) = &self.sandbox.flow_json else { return Vec::new() };
        let Some((screen, data)) = reply
            .and_then(|reply| {
                Some((reply.get("screen")?.as_str()?, reply.get("data")?.as_object()?))
            })
            .filter(|(_, data)| !data.contains_key(ERROR_MESSAGE))
        else {
            return Vec::new();
        };
        let missing = served.rules.missing_data(screen, data).into_iter();
        missing
            .map(|name| format!("{screen} declares `{name}`, which the reply does not have"))
            .collect()
    }

    async fn state(&self) -> Result<Option<Zeroizing<String>>, SessionError> {
        match self.token {
            Some(token) => self.sessions.find_state(&self.endpoint.space, token).await,
            None => Ok(None),
        }
    }
}

impl Answers for Conversation {
    async fn answer(&mut self, request: &Request) -> Result<Answered, NoAnswer> {
        let began = Instant::now();
        let now = request.now.unwrap_or(DEFAULT_NOW);
        self.fake.set_clock(now);
        self.store.set_clock(now);
        self.mint().await.map_err(|error| NoAnswer(telemetry::chain(&error)))?;
        let opened = opened(request, &self.references)?;
        let reports = matches!(opened.request(), FlowRequest::ClientError(_));
        let (answered, tallied) = self.answer_opened(opened, now).await;
        let state = self.state().await.map_err(|error| NoAnswer(telemetry::chain(&error)))?;
        let unanswered = self.fake.take_problems();
        // The acknowledgement of a report is the same whatever the plugin does, so a failure of the
        // plugin is shown as a problem.
        let (failure, problem) = match tallied.failure {
            Some(why) if reports => {
                (None, Some(format!("the plugin failed on the client's report: {why}")))
            }
            why => {
                (why.or_else(|| answered.as_ref().err().map(|error| telemetry::chain(error))), None)
            }
        };
        let payload = answered.as_ref().ok().map(FlowReply::payload);
        let answers = failure.is_none() && !reports;
        let sizes = if answers {
            (payload.map_or(0, <[u8]>::len), state.as_ref().map_or(0, |state| state.len()))
        } else {
            (0, 0)
        };
        let payload: Option<Value> = payload.and_then(|payload| from_slice(payload).ok());
        let inside = Inside {
            notes: self.missing_data(payload.as_ref()),
            state: state.and_then(|state| serde_json::from_str(&state).ok()),
            store: self.fake.stored(),
            requests: self.fake.take_requests(),
            log: tallied.said,
            failure,
            failure_line: tallied.failure_line,
            problems: problem.into_iter().chain(unanswered).collect(),
            usage: tallied.usage.map(|used| usage(&used, sizes)),
        };
        Ok(Answered {
            status: answered
                .as_ref()
                .map_or_else(ExchangeError::status, |reply| status_of_reply(reply.kind())),
            payload,
            took: began.elapsed(),
            inside: Some(inside),
        })
    }

    fn finish(&mut self) -> Vec<String> {
        self.fake.never_asked_for()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.sandbox.fakes.leave(self.endpoint.scope.tenant);
    }
}

/// The request as a host has it after opening it.
fn opened(request: &Request, references: &[Map<String, Value>]) -> Result<OpenedRequest, NoAnswer> {
    let mut payload = request.payload.clone();
    if let Some(form) = payload.get_mut("data") {
        complete_references(form, references);
    }
    if let (true, Some(token)) = (request.signed, payload["flow_token"].as_str()) {
        payload["flow_token_signature"] = Value::from(signature(token));
    }
    let parsed = FlowRequest::parse(payload.to_string().as_bytes())
        .map_err(|error| NoAnswer(error.to_string()))?;
    let digest = RequestDigest(Sha256::digest(request.number.to_be_bytes()).into());
    Ok(OpenedRequest::assert_opened(parsed, digest))
}

/// A flow token's signature as WhatsApp makes it.
fn signature(token: &str) -> String {
    let key = EncodingKey::from_secret(APP_SECRET);
    encode(&Header::new(Algorithm::HS256), &json!({ "flow_token": token }), &key)
        .expect("an HMAC takes any key")
}

/// A file's reference like a phone's, of a file that nobody encrypted: its keys are zeros.
fn reference(media: &MediaFake) -> Map<String, Value> {
    let (iv, key) = ("AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let metadata = json!({
        "encrypted_hash": key, "iv": iv, "encryption_key": key, "hmac_key": key, "plaintext_hash": key,
    });
    Map::from_iter([
        ("media_id".to_owned(), Value::from(media.media_id.as_str())),
        ("cdn_url".to_owned(), Value::from("https://mmg.whatsapp.net/sandbox")),
        ("file_name".to_owned(), Value::from(media.file_name())),
        ("encryption_metadata".to_owned(), metadata),
    ])
}

fn usage(used: &CallUsage, (reply_bytes, state_bytes): (usize, usize)) -> Usage {
    Usage {
        cpu: used.cpu.unwrap_or_default(),
        wall: used.wall.unwrap_or_default(),
        memory_bytes: used.memory_bytes.unwrap_or_default(),
        reply_bytes: reply_bytes as u64,
        state_bytes: state_bytes as u64,
    }
}

/// The clock if a scenario sets none: noon of 2026-01-01 (UTC), so that results are the same
/// tomorrow.
const DEFAULT_NOW: OffsetDateTime =
    OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::seconds(1_767_268_800));
