//! One conversation with the plugin: what the host does around a call, done in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, from_slice};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::Sandbox;
use super::fakes::Fake;
use crate::scenarios::{Answers, Came, Inside, NoAnswer, Request, Scenario, Usage};
use flowhost_exchange::exchange::token_standing;
use flowhost_exchange::sessions::{Entry, KnownSession, Opening, SessionStatus, TokenStanding, entry, is_suspect, restarts};
use flowhost_protocol::flow::{
    Action, BoundSecret, CheckedAnswer, ClientError, Exchange, FlowConfig, FlowReply, FlowRequest, OnReopen, Outcome, ReplyKind,
    TurnInput,
};
use flowhost_protocol::ids::Scope;
use flowhost_runtime::plugins::{Call, CallLimits, Fixed, PluginVersion, Purpose, Tally, Test};
use flowhost_runtime::telemetry::{self, CallUsage, FlowVersion};

/// A session of the plugin, in memory.
pub struct Conversation {
    sandbox: Arc<Sandbox>,
    fake: Arc<Fake>,
    plugin: Arc<PluginVersion>,
    tally: Tally,
    seed: u64,
    calls: u32,
    context: Option<String>,
    on_reopen: OnReopen,
    session: Option<Session>,
}

/// What is remembered of the conversation, as the host's database would.
struct Session {
    known: KnownSession,
    state: Option<String>,
}

/// What came of one request.
struct Outcomes {
    reply: Option<FlowReply>,
    failure: Option<String>,
    problems: Vec<String>,
    usage: Option<Usage>,
}

impl Conversation {
    pub(super) fn new(sandbox: Arc<Sandbox>, scope: Scope, fake: Arc<Fake>, scenario: &Scenario) -> Self {
        let plugin = PluginVersion {
            scope,
            name: FlowVersion { tenant: "sandbox".to_owned(), flow: "sandbox".to_owned(), version: 1 },
            digest: sandbox.digest,
            limits: CallLimits::from(&sandbox.settings.limits),
            capabilities: Arc::new(sandbox.settings.grants.clone()),
            config: Arc::new(config(scenario)),
        };
        let (plugin, tally) = (Arc::new(plugin), Tally::default());
        let context = scenario.context.as_ref().map(Value::to_string);
        let on_reopen = scenario.on_reopen.unwrap_or(sandbox.settings.on_reopen);
        Self { sandbox, fake, plugin, tally, seed: scenario.seed.unwrap_or_default(), calls: 0, context, on_reopen, session: None }
    }

    async fn exchange(&mut self, exchange: &Exchange, signed: bool, now: OffsetDateTime) -> Outcomes {
        let sandbox = self.sandbox.clone();
        let settings = &sandbox.settings;
        let standing = TokenStanding { verified: signed, ..token_standing(settings, exchange, || signed) };
        let known = self.session.as_ref().filter(|_| !standing.shared).map(|session| session.known);
        let opening = Opening {
            opened: exchange.action == Action::Init,
            restart: restarts(self.on_reopen, exchange.action, known),
            suspect: known.is_some_and(|session| is_suspect(exchange.action, session, now)),
        };
        let shared = match entry(standing, known, now) {
            Entry::Over(_) | Entry::Refused => {
                if let Some(session) = &mut self.session {
                    session.known = session.known.reopened(opening.suspect);
                }
                return Outcomes::refused(CheckedAnswer::refusal(&settings.token_rejected_text).into_reply());
            }
            Entry::StandAlone => true,
            Entry::Turn => false,
        };
        let goes_on = !shared && !opening.restart;
        let input = TurnInput {
            state: self.session.as_ref().filter(|_| goes_on).and_then(|session| session.state.clone()).map(Zeroizing::new),
            context: self.context.clone().map(Zeroizing::new),
            exchanges: known.filter(|_| goes_on).map_or(0, |session| session.exchanges(self.on_reopen)),
            token_verified: signed,
            shared,
        };
        let call = self.next_call(now);
        let checked = match sandbox.plugins.invoke(&call, exchange, &input).await {
            Ok(answered) => {
                let (sandbox, exchange) = (sandbox.clone(), exchange.clone());
                let check = move |answer| sandbox.settings.check_answer(answer, &exchange, sandbox.rules.as_ref());
                answered.check(check).await
            }
            Err(failure) => Err(failure),
        };
        let used = self.tally.take().usage.unwrap_or_default();
        match checked {
            Err(failure) => Outcomes::failed(telemetry::chain(&failure), &used),
            Ok(Ok(checked)) if shared => Outcomes::answered(checked, &used),
            Ok(Ok(checked)) => self.commit(checked, opening, &used, now),
            Ok(Err(refused)) => {
                sandbox.plugins.note_refusal(&call, &refused);
                Outcomes::failed(refused.to_string(), &used)
            }
        }
    }

    /// Takes over what the host would store together with the exchange.
    fn commit(&mut self, answer: CheckedAnswer, opening: Opening, used: &CallUsage, now: OffsetDateTime) -> Outcomes {
        let time_to_live = self.sandbox.settings.session_time_to_live();
        let began = || KnownSession {
            status: SessionStatus::Open,
            expires_at: now.saturating_add(time_to_live.try_into().unwrap_or(time::Duration::MAX)),
            version: 0,
            opened_at: 0,
            updated_at: now,
            reopenings: 0,
        };
        let session = self.session.get_or_insert_with(|| Session { known: began(), state: None });
        let known = session.known.reopened(opening.suspect);
        session.known = KnownSession {
            status: match answer.outcome() {
                Outcome::Completed => SessionStatus::Completed,
                Outcome::Rejected => SessionStatus::Rejected,
                Outcome::Failed | Outcome::Refused | Outcome::Screen => SessionStatus::Open,
            },
            version: known.version + 1,
            opened_at: if opening.opened { known.version } else { known.opened_at },
            updated_at: now,
            ..known
        };
        if opening.restart {
            session.state = None;
        }
        session.state = answer.state().map(str::to_owned).or(session.state.take());
        Outcomes::answered(answer, used)
    }

    /// The acknowledgement is the same whatever the plugin does; that it failed is told all the same.
    async fn client_error(&mut self, error: &ClientError, now: OffsetDateTime) -> Outcomes {
        let call = self.next_call(now);
        let told = self.sandbox.plugins.report_client_error(&call, error).await;
        let used = self.tally.take().usage.unwrap_or_default();
        let problem = |failure| format!("the plugin failed on the client's report: {}", telemetry::chain(&failure));
        let problems = told.err().map(problem).into_iter().collect();
        Outcomes { reply: Some(FlowReply::acknowledged()), failure: None, problems, usage: Some(usage(&used, 0, 0)) }
    }

    fn next_call(&mut self, now: OffsetDateTime) -> Call {
        self.calls += 1;
        let fixed = Fixed { now, seed: self.seed, call: self.calls };
        let purpose = Purpose::Test(Test { fixed, tally: self.tally.clone() });
        Call { plugin: self.plugin.clone(), request: None, purpose }
    }
}

impl Answers for Conversation {
    async fn answer(&mut self, request: &Request) -> Result<Came, NoAnswer> {
        let began = Instant::now();
        let now = request.now.unwrap_or(DEFAULT_NOW);
        self.fake.set_clock(now);
        let parsed = FlowRequest::parse(request.payload.to_string().as_bytes()).map_err(|error| NoAnswer(error.to_string()))?;
        let outcomes = match parsed {
            FlowRequest::Ping => Outcomes::of_the_host(FlowReply::active()),
            FlowRequest::ClientError(error) => self.client_error(&error, now).await,
            FlowRequest::Exchange(exchange) => self.exchange(&exchange, request.signed, now).await,
        };
        let (log, unanswered) = self.fake.take_log_and_problems();
        let state = self.session.as_ref().and_then(|session| session.state.as_deref());
        let state = state.and_then(|state| serde_json::from_str(state).ok());
        let problems = [outcomes.problems, unanswered].concat();
        let inside = Inside { state, log, failure: outcomes.failure, problems, usage: outcomes.usage };
        let status = match outcomes.reply.as_ref().map(FlowReply::kind) {
            Some(ReplyKind::Answer) => 200,
            Some(ReplyKind::TokenRejected) => 427,
            // As `on_failure` says by default.
            None => 500,
        };
        let payload = outcomes.reply.and_then(|reply| from_slice(reply.payload()).ok());
        Ok(Came { status, payload, took: began.elapsed(), inside: Some(inside) })
    }

    fn finish(&mut self) -> Vec<String> {
        self.fake.never_asked_for()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.sandbox.fakes.leave(self.plugin.scope.tenant);
    }
}

impl Outcomes {
    fn failed(why: String, used: &CallUsage) -> Self {
        Self { reply: None, failure: Some(why), problems: Vec::new(), usage: Some(usage(used, 0, 0)) }
    }

    fn answered(answer: CheckedAnswer, used: &CallUsage) -> Self {
        let state_bytes = answer.state().map_or(0, str::len);
        let reply = answer.into_reply();
        let usage = usage(used, reply.payload().len(), state_bytes);
        Self { reply: Some(reply), failure: None, problems: Vec::new(), usage: Some(usage) }
    }

    fn refused(reply: FlowReply) -> Self {
        Self::of_the_host(reply)
    }

    /// The plugin was not called.
    fn of_the_host(reply: FlowReply) -> Self {
        Self { reply: Some(reply), failure: None, problems: Vec::new(), usage: None }
    }
}

fn usage(used: &CallUsage, reply_bytes: usize, state_bytes: usize) -> Usage {
    Usage {
        cpu: used.cpu.unwrap_or_default(),
        wall: used.wall.unwrap_or_default(),
        memory_bytes: used.memory_bytes.unwrap_or_default(),
        reply_bytes: reply_bytes as u64,
        state_bytes: state_bytes as u64,
    }
}

/// Settings as they are; each secret is its own placeholder, so that the scenario sees where it went and not what it is.
fn config(scenario: &Scenario) -> FlowConfig {
    let secret = |name: &String| Zeroizing::new(format!("{{{{secret:{name}}}}}"));
    let secrets = scenario.surroundings.secrets.iter();
    let secrets = secrets.map(|(name, hosts)| (name.clone(), BoundSecret { value: secret(name), hosts: hosts.clone() }));
    FlowConfig { settings: scenario.surroundings.config.clone(), secrets: secrets.collect::<BTreeMap<_, _>>() }
}

/// What time it is where a scenario doesn't say: noon of 2026-01-01 (UTC), so that it comes out the same tomorrow.
const DEFAULT_NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::seconds(1_767_268_800));
