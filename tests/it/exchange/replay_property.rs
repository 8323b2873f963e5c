//! The property behind all of `replay`: whatever happens in between, and wherever copies of it are
//! sent, a sealed request gets at most one ciphertext back. A second one under the same AES key and
//! nonce would break both.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};

use flowhost_client::{FlowClient, SealedRequest, payload};
use flowhost_tests::{Component, TestFlow, TestHost, asking, sign};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{TestCaseResult, TestRunner};
use serde_json::{Value, json};

#[test]
fn no_sealed_request_ever_gets_two_different_answers() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::set());
    let config = ProptestConfig {
        cases: 12,
        max_shrink_iters: 100,
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };

    let steps = proptest::collection::vec(step(), 1..=25);
    let held = TestRunner::new(config).run(&steps, |steps| runtime.block_on(stage.play(&steps)));

    held.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(
        stage.repeated.load(Ordering::Relaxed) > 0,
        "no copy was ever answered: this proved nothing"
    );
    // The hosts must be dropped inside their runtime.
    runtime.block_on(async move { drop(stage) });
}

#[derive(Clone, Debug)]
enum Step {
    Send(Sending),
    /// Several requests and changes at the same time.
    AtOnce(Vec<Act>),
    Change(Change),
}

#[derive(Clone, Debug)]
enum Act {
    Send(Sending),
    Change(Change),
}

/// A request to one of the flows at one of the hosts.
#[derive(Clone, Debug)]
struct Sending {
    what: What,
    flow: usize,
    host: usize,
}

#[derive(Clone, Debug)]
enum What {
    /// A new request.
    New(Payload),
    /// A copy of an earlier request. If `rewritten`, it has other white space and a new signature,
    /// but is still the same request.
    Copy { of: Index, rewritten: bool },
}

#[derive(Clone, Debug)]
enum Payload {
    /// Calls the plugin in one of the conversations, or in none.
    Ask {
        what: &'static str,
        token: usize,
    },
    BadlySigned,
    Init {
        token: usize,
    },
    Notice,
    Ping,
}

#[derive(Clone, Debug)]
enum Change {
    /// Activates another plugin.
    Activate { flow: usize, host: usize, plugin: usize },
    /// Deletes the flow and creates it again with one plugin.
    Renew { flow: usize, host: usize },
    Set {
        flow: usize,
        host: usize,
        text: u8,
        on_failure: &'static str,
        token_policy: &'static str,
        token_signature: &'static str,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let act = prop_oneof![5 => sending().prop_map(Act::Send), 1 => change().prop_map(Act::Change)];
    prop_oneof![
        6 => sending().prop_map(Step::Send),
        2 => proptest::collection::vec(act, 2..6).prop_map(Step::AtOnce),
        2 => change().prop_map(Step::Change),
    ]
}

fn sending() -> impl Strategy<Value = Sending> {
    let copy =
        (any::<Index>(), any::<bool>()).prop_map(|(of, rewritten)| What::Copy { of, rewritten });
    let what = prop_oneof![3 => payload_to_seal().prop_map(What::New), 4 => copy];
    (what, 0..2_usize, 0..2_usize).prop_map(|(what, flow, host)| Sending { what, flow, host })
}

fn payload_to_seal() -> impl Strategy<Value = Payload> {
    let asked = prop::sample::select(vec![
        "count",
        "trap",
        "complete",
        "reject",
        "close",
        "bad-request",
        "internal",
        "bad-json",
    ]);
    prop_oneof![
        8 => (asked, 0..TOKENS).prop_map(|(what, token)| Payload::Ask { what, token }),
        1 => (0..TOKENS).prop_map(|token| Payload::Init { token }),
        1 => Just(Payload::BadlySigned),
        1 => Just(Payload::Notice),
        1 => Just(Payload::Ping),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let activate = (0..2_usize, 0..2_usize, 0..PLUGINS.len())
        .prop_map(|(flow, host, plugin)| Change::Activate { flow, host, plugin });
    let on_failure = prop::sample::select(vec!["status", "error-message"]);
    let token_policy = prop::sample::select(vec!["open", "open", "minted"]);
    let token_signature = prop::sample::select(vec!["if-present", "ignore", "required"]);
    let set = (0..2_usize, 0..2_usize, any::<u8>(), on_failure, token_policy, token_signature)
        .prop_map(|(flow, host, text, on_failure, token_policy, token_signature)| Change::Set {
            flow,
            host,
            text,
            on_failure,
            token_policy,
            token_signature,
        });
    let renew = (0..2_usize, 0..2_usize).prop_map(|(flow, host)| Change::Renew { flow, host });
    prop_oneof![4 => activate, 4 => set, 1 => renew]
}

/// Two flows of one tenant, each reachable at two hosts, with every plugin uploaded.
struct Stage {
    _hosts: [TestHost; 2],
    /// By flow, then by host.
    flows: [[TestFlow; 2]; 2],
    clients: [[FlowClient; 2]; 2],
    cases: AtomicU32,
    repeated: AtomicU32,
}

/// A request that was sealed in this case, with all bodies that came back for it.
struct Sealed {
    request: SealedRequest,
    bodies: HashSet<Vec<u8>>,
    answers: u32,
}

impl Stage {
    async fn set() -> Self {
        let one = TestHost::start().await;
        let two = one.second().await;
        let tenant = one.tenant("acme").await;
        let mut flows = Vec::new();
        for name in ["one", "two"] {
            let flow = tenant.flow_without_plugin(name, json!({})).await;
            for plugin in PLUGINS {
                flow.deploy(plugin).await;
            }
            let there = flow.served_at(&two).await;
            flows.push([flow, there]);
        }
        let flows: [[TestFlow; 2]; 2] = flows.try_into().unwrap();
        let clients = flows.each_ref().map(|hosts| hosts.each_ref().map(TestFlow::client));
        Self {
            _hosts: [one, two],
            flows,
            clients,
            cases: AtomicU32::new(0),
            repeated: AtomicU32::new(0),
        }
    }

    /// Plays one case, with conversations of its own.
    async fn play(&self, steps: &[Step]) -> TestCaseResult {
        let case = self.cases.fetch_add(1, Ordering::Relaxed);
        let mut sealed: Vec<Sealed> = Vec::new();
        for step in steps {
            let acts = match step {
                Step::Send(sending) => vec![Act::Send(sending.clone())],
                Step::AtOnce(acts) => acts.clone(),
                Step::Change(change) => vec![Act::Change(change.clone())],
            };
            // Requests of this step are registered before any is sent, because a copy may overtake
            // its original.
            let sendings: Vec<(usize, Sending)> = acts
                .iter()
                .filter_map(|act| match act {
                    Act::Send(sending) => self
                        .prepare(sending, case, &mut sealed)
                        .map(|request| (request, sending.clone())),
                    Act::Change(_) => None,
                })
                .collect();
            let changes = acts.iter().filter_map(|act| match act {
                Act::Change(change) => Some(self.make(change)),
                Act::Send(_) => None,
            });
            let sent = sendings
                .iter()
                .map(|(request, sending)| self.send(&sealed[*request].request, sending));
            let (replies, _) = tokio::join!(join_all(sent), join_all(changes));
            for ((request, _), (status, body)) in sendings.into_iter().zip(replies) {
                sealed[request].note(status, body)?;
            }
        }
        let repeated = sealed.iter().filter(|sealed| sealed.answers > 1).count();
        self.repeated.fetch_add(u32::try_from(repeated).unwrap(), Ordering::Relaxed);
        Ok(())
    }

    /// The index of the request to send; `None` for a copy if there is nothing to copy yet.
    fn prepare(&self, sending: &Sending, case: u32, sealed: &mut Vec<Sealed>) -> Option<usize> {
        match &sending.what {
            What::Copy { of, .. } => (!sealed.is_empty()).then(|| of.index(sealed.len())),
            What::New(payload) => {
                let request = self.clients[0][0].seal(&payload.json(case)).unwrap();
                sealed.push(Sealed { request, bodies: HashSet::new(), answers: 0 });
                Some(sealed.len() - 1)
            }
        }
    }

    async fn send(&self, request: &SealedRequest, sending: &Sending) -> (u16, Vec<u8>) {
        let mut request = request.clone();
        if let What::Copy { rewritten: true, .. } = sending.what {
            request.body.push(b' ');
            request.signature = sign(&self.flows[0][0].tenant.app_secret, &request.body);
        }
        let reply = self.clients[sending.flow][sending.host].send(&request).await.unwrap();
        (reply.status, reply.body)
    }

    async fn make(&self, change: &Change) {
        match change {
            Change::Activate { flow, host, plugin } => {
                let body = json!({"version": plugin + 1});
                // Concurrent changes of one flow may collide, and then one of them is refused.
                self.flows[*flow][*host].call("POST", "/activate", body).await;
            }
            Change::Renew { flow, host } => {
                let flow = &self.flows[*flow][*host];
                flow.call("DELETE", "", Value::Null).await;
                flow.call("PUT", "", json!({})).await;
                flow.upload(PLUGINS[0].bytes().await).await;
                flow.call("POST", "/activate", json!({"version": 1})).await;
            }
            Change::Set { flow, host, text, on_failure, token_policy, token_signature } => {
                let settings = json!({
                    "token_rejected_text": format!("refused {text}"),
                    "failure_text": format!("failed {text}"),
                    "on_failure": on_failure,
                    "token_policy": token_policy,
                    "token_signature": token_signature,
                });
                let answer = self.flows[*flow][*host].call("PATCH", "", settings).await;
                assert!([200, 404].contains(&answer.status), "{}", answer.text);
            }
        }
    }
}

impl Sealed {
    fn note(&mut self, status: u16, body: Vec<u8>) -> TestCaseResult {
        prop_assert!([200, 404, 409, 427, 500, 503].contains(&status), "status {}", status);
        if [200, 427].contains(&status) {
            prop_assert!(self.request.open(&body).is_ok(), "it doesn't open");
            self.bodies.insert(body);
            self.answers += 1;
            let plain: Vec<Value> =
                self.bodies.iter().map(|body| self.request.open(body).unwrap()).collect();
            prop_assert!(plain.len() == 1, "one key and nonce sealed {:?}", plain);
        } else {
            prop_assert!(body.is_empty(), "a {} with a body", status);
        }
        Ok(())
    }
}

impl Payload {
    fn json(&self, case: u32) -> Value {
        // The last token is empty, so its requests belong to no conversation.
        let token = |number: usize| {
            if number + 1 == TOKENS { String::new() } else { format!("case-{case}-token-{number}") }
        };
        match self {
            Self::Ask { what, token: number } => asking(what, &token(*number)),
            Self::Init { token: number } => payload::init(&token(*number)),
            Self::BadlySigned => {
                payload::with_flow_token_signature(asking("count", &token(0)), "not.a.jwt")
            }
            Self::Notice => {
                payload::error_notification("FORM", "timeout_error", "too slow", &token(0))
            }
            Self::Ping => payload::ping(),
        }
    }
}

const PLUGINS: [Component; 3] = [Component::Steady, Component::Chatty, Component::Trapper];

const TOKENS: usize = 3;
