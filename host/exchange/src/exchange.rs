//! One WhatsApp turn, top to bottom: resolve > verify > open > begin > invoke > check > commit >
//! seal. No other module knows this order.

mod error;
mod status;
mod token_rules;

use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

pub use error::ExchangeError;
pub use status::status_of_reply;
pub use token_rules::token_standing;

use self::error::TurnFailure;
pub use crate::endpoint::Endpoint;
pub use flowhost_protocol::envelope::SealedReply;
pub use flowhost_protocol::flow::ReplyKind;
pub use flowhost_protocol::signature::RawRequest;

use crate::endpoint::{ActivePlugin, Endpoints, Nowhere};
use crate::sessions::{
    Begin, MemorySessions, Met, News, Notices, Received, SessionError, Sessions, TokenNotice,
    TokenStanding, token_signature_holds,
};
use flowhost_protocol::crypto::RsaEngine;
use flowhost_protocol::envelope::OpenedRequest;
use flowhost_protocol::flow::{
    Action, Answer, AnswerError, CheckedAnswer, ClientError, Exchange, FlowReply, FlowRequest,
    FlowToken, OnFailure, TurnInput,
};
use flowhost_protocol::ids::RequestId;
use flowhost_protocol::{envelope, signature};
use flowhost_runtime::plugins::{Call, Plugins, Purpose, Tally};
use flowhost_runtime::telemetry::{self, Blame, Metrics, Summary};

/// Answers WhatsApp's requests.
pub struct Exchanges {
    endpoints: Arc<dyn Endpoints>,
    sessions: Sessions,
    notices: Arc<Notices>,
    plugins: Arc<Plugins>,
    metrics: Arc<Metrics>,
    rsa: Arc<dyn RsaEngine>,
    /// Work that goes on after its reply was sent. The host waits for it before it stops.
    background: TaskTracker,
    plugin_failures: Summary,
}

impl Exchanges {
    /// Puts the parts together.
    pub fn new(
        endpoints: Arc<dyn Endpoints>,
        sessions: Sessions,
        notices: Arc<Notices>,
        plugins: Arc<Plugins>,
        metrics: Arc<Metrics>,
        rsa: Box<dyn RsaEngine>,
        background: TaskTracker,
    ) -> Arc<Self> {
        let plugin_failures = Summary::new(FAILURE_LINES_OF_A_FLOW, FAILURE_LINES);
        Arc::new(Self {
            endpoints,
            sessions,
            notices,
            plugins,
            metrics,
            rsa: rsa.into(),
            background,
            plugin_failures,
        })
    }

    /// The same turns by the same plugins, with sessions in `sessions`: nothing of them is stored.
    /// It finds no endpoint by its name, so it takes them from the caller, and reports no key. What
    /// goes on after a reply runs in `background`.
    pub fn in_memory(&self, sessions: Arc<MemorySessions>, background: TaskTracker) -> Arc<Self> {
        Arc::new(Self {
            endpoints: Arc::new(Nowhere),
            sessions: Sessions::new(sessions.clone()),
            notices: Arc::new(Notices::new(sessions)),
            plugins: self.plugins.clone(),
            metrics: self.metrics.clone(),
            rsa: self.rsa.clone(),
            background,
            plugin_failures: Summary::new(FAILURE_LINES_OF_A_FLOW, FAILURE_LINES),
        })
    }

    /// Finds the endpoint at `/flows/{tenant}/{flow}`.
    pub async fn resolve(&self, tenant: &str, flow: &str) -> Result<Arc<Endpoint>, ExchangeError> {
        let found = self.endpoints.resolve(tenant, flow).await;
        found.map_err(ExchangeError::Endpoints)?.ok_or(ExchangeError::UnknownEndpoint)
    }

    /// Asks a version of the plugin, active or not, how it would answer an INIT with this data (a
    /// JSON object), and checks the answer like any other. This stores no session, no exchange and
    /// nothing in the plugin's store. Outbound requests are sent. What the plugin said and why it
    /// failed goes to `tally`.
    pub async fn rehearse(
        &self,
        endpoint: &Arc<Endpoint>,
        version: &ActivePlugin,
        data: String,
        tally: Tally,
    ) -> Result<CheckedAnswer, ExchangeError> {
        let plugin = endpoint.plugin(version);
        let exchange = Exchange {
            action: Action::Init,
            screen: None,
            data,
            flow_token: FlowToken::new(REHEARSAL_TOKEN.to_owned()),
            version: DATA_API_VERSION.to_owned(),
            flow_token_signature: None,
        };
        let input = TurnInput {
            state: None,
            context: None,
            exchanges: 0,
            token_verified: false,
            shared: false,
        };
        let call = Call {
            plugin: Arc::new(plugin),
            request: None,
            token: None,
            purpose: Purpose::Rehearse(tally),
        };
        Ok(self.ask(endpoint, &call, &Arc::new(exchange), &input).await?)
    }

    /// Answers a request. The caller has checked that the endpoint is switched on, and says what the
    /// plugin is called for.
    pub async fn answer(
        self: &Arc<Self>,
        endpoint: &Arc<Endpoint>,
        raw: RawRequest,
        id: RequestId,
        purpose: Purpose,
    ) -> Result<SealedReply, ExchangeError> {
        let at = Instant::now();
        let body = signature::verify(&endpoint.tenant.app_secrets(), raw)?;
        // Only requests that Meta signed count, or anybody could use up a tenant's share. The limit
        // stands before the expensive step, the decryption.
        let rate = endpoint.tenant.rate.as_ref();
        rate.map_or(Ok(()), |rate| rate.admit())
            .map_err(|retry_after| ExchangeError::RateLimited { retry_after })?;
        let opened =
            envelope::open(self.rsa.as_ref(), endpoint.tenant.private_keys(), body).await?;
        let reply = self.answer_opened(endpoint, opened.request, id, at, purpose).await?;
        Ok(opened.seal.seal(&reply)?)
    }

    /// Answers a request that is already opened: a whole turn without its envelope. The caller says
    /// what the plugin is called for.
    pub async fn answer_opened(
        self: &Arc<Self>,
        endpoint: &Arc<Endpoint>,
        opened: OpenedRequest,
        id: RequestId,
        at: Instant,
        purpose: Purpose,
    ) -> Result<FlowReply, ExchangeError> {
        let received = Received { digest: opened.digest(), id, at };
        let call = endpoint.active.as_ref().map(|active| Call {
            plugin: active.clone(),
            request: Some(id),
            token: None,
            purpose,
        });
        match opened.into_request() {
            FlowRequest::Ping => self.answer_ping(endpoint).await,
            FlowRequest::ClientError(error) => Ok(self.acknowledge(endpoint, error, call).await),
            FlowRequest::Exchange(exchange) => {
                self.take_turn(endpoint, &Arc::new(exchange), received, call.as_ref()).await
            }
        }
    }

    /// Answers a ping with `active` only if the flow has a plugin that can be called.
    async fn answer_ping(&self, endpoint: &Endpoint) -> Result<FlowReply, ExchangeError> {
        let active = endpoint.active.as_ref().ok_or(ExchangeError::NoPlugin)?;
        self.plugins
            .ensure_loadable(endpoint.scope.tenant, active.digest)
            .await
            .map_err(ExchangeError::NotLoadable)?;
        Ok(FlowReply::active())
    }

    /// Records an error that the client reports, and tells the plugin about it in the background.
    /// The acknowledgement is the same whether or not that succeeds.
    async fn acknowledge(
        self: &Arc<Self>,
        endpoint: &Arc<Endpoint>,
        error: ClientError,
        call: Option<Call>,
    ) -> FlowReply {
        if let Err(failure) = self.sessions.record_client_error(&endpoint.space, &error).await {
            tracing::warn!(error = %telemetry::chain(&failure), "a client's error report was not recorded");
        }
        if error.is_about_the_public_key()
            && let Err(failure) =
                self.endpoints.report_key_error(endpoint.scope.tenant, &error.key).await
        {
            tracing::warn!(error = %telemetry::chain(failure.as_ref()), "a client's report of the public key was not recorded");
        }
        if let Some(mut call) = call {
            call.token = error.flow_token.as_ref().map(FlowToken::hash);
            let (this, endpoint) = (self.clone(), endpoint.clone());
            let report = async move {
                if let Err(failure) = this.plugins.report_client_error(&call, &error).await
                    && call.purpose.serves()
                {
                    this.log_plugin_failure(
                        &endpoint,
                        &ExchangeError::Plugin(failure),
                        "nobody waits for it: a client reported an error",
                    );
                }
            };
            self.background.spawn(report.in_current_span());
        }
        FlowReply::acknowledged()
    }

    /// Takes a turn. If another turn of the session was committed first, it begins again, as long
    /// as there is time for one more try like the last.
    async fn take_turn(
        &self,
        endpoint: &Arc<Endpoint>,
        exchange: &Arc<Exchange>,
        received: Received,
        call: Option<&Call>,
    ) -> Result<FlowReply, ExchangeError> {
        let holds = || token_signature_holds(&endpoint.tenant.app_secrets(), exchange);
        let standing = token_standing(&endpoint.settings, exchange, holds);
        let mut pauses = PAUSES.build();
        loop {
            let tried = Instant::now();
            let result = self.try_turn(endpoint, standing, exchange, received, call).await;
            let (Err(ExchangeError::Session(SessionError::Conflict)), Some(pause)) =
                (&result, pauses.next())
            else {
                return result;
            };
            if received.at.elapsed() + pause + tried.elapsed() > TURN_TIME {
                return result;
            }
            sleep(pause).await;
        }
    }

    async fn try_turn(
        &self,
        endpoint: &Arc<Endpoint>,
        standing: TokenStanding,
        exchange: &Arc<Exchange>,
        received: Received,
        call: Option<&Call>,
    ) -> Result<FlowReply, ExchangeError> {
        let Begin { met, notice } =
            self.sessions.begin(&endpoint.space, standing, exchange, received).await?;
        // What somebody tries says nothing about how the flow is sent.
        if let Some(notice) = notice
            && call.is_none_or(|call| call.purpose.serves())
        {
            self.tell(endpoint, notice);
        }
        match met {
            Met::OldRepeat => Err(ExchangeError::OldRepeat),
            Met::Over(turn) => Ok(turn.refuse(&endpoint.settings.token_rejected_text).await?),
            Met::Repeat(reply) => Ok(reply),
            Met::Turn(turn) => {
                let call = call.ok_or(ExchangeError::NoPlugin)?;
                let call = &Call { token: Some(turn.token()), ..call.clone() };
                let answer = match self.ask(endpoint, call, exchange, turn.input()).await {
                    Ok(answer) => answer,
                    Err(failure) => self.failure_answer(
                        endpoint,
                        exchange,
                        self.log_refusal(endpoint, call, failure),
                        call.purpose.serves(),
                    )?,
                };
                Ok(turn.commit(answer, Some(call.plugin.version())).await?)
            }
        }
    }

    /// The answer where the plugin failed. The user sees a text on the screen if the flow's
    /// settings ask for that, the plugin is at fault, the request names a screen and the phone
    /// would accept the reply. Otherwise the failure itself is returned.
    fn failure_answer(
        &self,
        endpoint: &Endpoint,
        exchange: &Exchange,
        failure: TurnFailure,
        serves: bool,
    ) -> Result<CheckedAnswer, ExchangeError> {
        let settings = &endpoint.settings;
        let shown = match settings.on_failure {
            OnFailure::ErrorMessage if failure.is_the_plugins() => {
                CheckedAnswer::failure(exchange, &settings.failure_text, endpoint.reply_rules())
            }
            OnFailure::ErrorMessage | OnFailure::Status => None,
        };
        let failure = ExchangeError::from(failure);
        let Some(answer) = shown else { return Err(failure) };
        if serves {
            self.log_plugin_failure(endpoint, &failure, "the user sees the flow's failure text");
        }
        Ok(answer)
    }

    /// Logs a failure that gets no status of its own. Each failure of each flow has at most one
    /// line a minute, because a tenant can sign any number of requests.
    fn log_plugin_failure(
        &self,
        endpoint: &Endpoint,
        failure: &ExchangeError,
        answered: &'static str,
    ) {
        let (kind, blame, error) =
            (failure.kind(), failure.blame().as_str(), telemetry::chain(failure));
        if let Some(others) = self
            .plugin_failures
            .note(&format!("{}/{}", endpoint.tenant.slug, endpoint.name), &error)
        {
            tracing::warn!(blame, kind, error, answered, others, "a plugin failed");
        }
    }

    /// Counts a request to the flow that got no reply.
    pub fn count_failure(&self, endpoint: &Endpoint, kind: &'static str, blame: Blame) {
        self.metrics.plugins.of(&endpoint.counted_as).refused(kind, blame);
    }

    /// Tells the tenant about its tokens: every such exchange is counted, the first one is logged,
    /// and `flow show` shows when it was last noticed.
    fn tell(&self, endpoint: &Endpoint, notice: TokenNotice) {
        self.metrics.plugins.of(&endpoint.counted_as).token_shared();
        let news = self.notices.news(endpoint.scope.flow, notice);
        if news == News::First {
            let (tenant, flow) = (&endpoint.tenant.slug, &endpoint.name);
            tracing::warn!(notice = notice.as_str(), tenant, flow, "{}", notice.advice());
        }
        if news != News::Known {
            let (notices, scope) = (self.notices.clone(), endpoint.scope);
            let noting = async move {
                if let Err(failure) = notices.note(scope, notice).await {
                    tracing::warn!(error = %telemetry::chain(&failure), "what was noticed of a flow was not noted");
                }
            };
            self.background.spawn(noting.in_current_span());
        }
    }

    /// Asks the plugin and checks its answer.
    async fn ask(
        &self,
        endpoint: &Arc<Endpoint>,
        call: &Call,
        exchange: &Arc<Exchange>,
        input: &TurnInput,
    ) -> Result<CheckedAnswer, TurnFailure> {
        let answered = self.plugins.invoke(call, exchange, input).await?;
        Ok(answered.check(answer_check(endpoint, exchange)).await??)
    }

    /// Writes the whole reason of a refused answer to the plugin's log. The error that goes on may
    /// reach the host's log, so it is short.
    fn log_refusal(&self, endpoint: &Endpoint, call: &Call, failure: TurnFailure) -> TurnFailure {
        let TurnFailure::Answer(error) = failure else { return failure };
        self.plugins.note_refusal(call, &error);
        TurnFailure::Answer(error.in_short(endpoint.reply_rules()))
    }
}

/// The check of a plugin's answer to this exchange, as a closure that can run on another thread.
fn answer_check(
    endpoint: &Arc<Endpoint>,
    exchange: &Arc<Exchange>,
) -> impl FnOnce(Answer) -> Result<CheckedAnswer, AnswerError> + Send + 'static {
    let (endpoint, exchange) = (endpoint.clone(), exchange.clone());
    move |answer| endpoint.settings.check_answer(answer, &exchange, endpoint.reply_rules())
}

/// Lines per minute. A line is about 500 bytes.
const FAILURE_LINES_OF_A_FLOW: usize = 10;
const FAILURE_LINES: usize = 100;

/// The flow token of a rehearsal. No session has it, since a rehearsal begins none.
const REHEARSAL_TOKEN: &str = "flowhost-rehearsal";

/// The version that clients send today (`protocol.md` section 3).
const DATA_API_VERSION: &str = "3.0";

/// Time from a request's arrival to its reply, including tries that lost to another turn of the
/// session. Meta gives up after 10 s.
const TURN_TIME: Duration = Duration::from_secs(9);

/// Pauses between tries. A double tap is resolved after the first one; the jitter spreads out turns
/// that keep colliding.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(2))
    .with_max_delay(Duration::from_millis(200))
    .without_max_times()
    .with_jitter();
