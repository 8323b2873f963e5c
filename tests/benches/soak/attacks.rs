//! The attacks of tenants and strangers on a host: each stays within what it is allowed, and all
//! run at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use flowhost_client::payload;
use flowhost_tests::{Component, RawConnection, TestFlow, TestTenant, asking, post};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::hosts::Hosts;
use crate::wat;

pub(crate) struct Attacks {
    stop: Arc<AtomicBool>,
    tally: Arc<Tally>,
    under_way: Vec<JoinHandle<()>>,
}

/// How often attacks got what they asked for, and how often not.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) well: AtomicU32,
    pub(crate) otherwise: AtomicU32,
}

/// A flow, the forms that it is sent in turns, and the number of concurrent senders.
pub(crate) struct Hostile {
    flow: TestFlow,
    asked: Vec<Value>,
    at_once: usize,
}

impl Hostile {
    async fn new(
        tenant: &TestTenant,
        name: &str,
        settings: Value,
        plugin: Vec<u8>,
        asked: &[Value],
        at_once: usize,
    ) -> Self {
        let flow = tenant.flow_without_plugin(name, settings).await;
        let version = flow.upload(plugin).await.expect(201)["version"].clone();
        flow.call("POST", "/activate", json!({"version": version})).await.expect(200);
        Self { flow, asked: asked.to_vec(), at_once }
    }
}

/// The flows of the hostile tenants. Some also get requests that succeed, which keeps their circuit
/// closed.
pub(crate) async fn flows(hosts: &Hosts) -> Vec<Hostile> {
    let mut flows = Vec::new();
    let wild = hosts.tenant("wild").await;
    let kinds: [(&str, Value, Component, &[&str]); 5] = [
        (
            "looping",
            json!({"cpu_ms": 100}),
            Component::Looper,
            &["loop", "compute", "loop", "count"],
        ),
        ("trapping", json!({}), Component::Trapper, &["trap", "panic", "exit", "stack", "count"]),
        (
            "hoarding",
            json!({"cpu_ms": 2000}),
            Component::Hoarder,
            &["hoard", "hoard-at-once", "count"],
        ),
        ("sleeping", json!({"wall_ms": 1000}), Component::Slow, &["sleep", "sleep", "count"]),
        (
            "chatting",
            json!({}),
            Component::Chatty,
            &[
                "flood",
                "long-line",
                "big-reply",
                "big-state",
                "bad-json",
                "not-an-object",
                "success",
                "internal",
                "bad-request",
            ],
        ),
    ];
    for (name, limits, component, asked) in kinds {
        let asked: Vec<Value> = asked.iter().map(|what| json!({"do": what})).collect();
        flows.push(
            Hostile::new(
                &wild,
                name,
                json!({"limits": limits}),
                component.bytes().await.to_vec(),
                &asked,
                2,
            )
            .await,
        );
    }
    // Each call takes 62 MiB for three seconds.
    let limits = json!({"limits": {"cpu_ms": 2000, "concurrency": 64, "queue": 64}});
    let greedy = hosts.tenant("greedy").await;
    flows.push(
        Hostile::new(
            &greedy,
            "memory",
            limits.clone(),
            wat::plugin("memory-asleep"),
            &[json!({})],
            24,
        )
        .await,
    );
    // Each call takes eight core instances.
    let many = wat::component(&wat::world_with_modules("asleep", [""; 6]));
    flows.push(
        Hostile::new(
            &hosts.tenant("many").await,
            "instances",
            limits.clone(),
            many,
            &[json!({})],
            16,
        )
        .await,
    );
    // Eight tenants whose calls hold their places for eight seconds each.
    let sleeps = json!({"limits": {"wall_ms": 8000, "concurrency": 64}});
    for number in 1..=8 {
        let tenant = hosts.tenant(&format!("sleeper-{number}")).await;
        let slow = Component::Slow.bytes().await.to_vec();
        flows.push(
            Hostile::new(&tenant, "sleeping", sleeps.clone(), slow, &[json!({"do": "sleep"})], 16)
                .await,
        );
    }
    // Replies that take long to check: 350,000 values each.
    let limits = json!({"limits": {"cpu_ms": 2000, "reply_bytes": 1 << 20}});
    let values = json!({"do": "screen", "data": [["{\"a\":[1", 1], [",1", 350_000], ["]}", 1]]});
    let replies = hosts.tenant("replies").await;
    flows.push(
        Hostile::new(
            &replies,
            "large",
            limits,
            Component::Parrot.bytes().await.to_vec(),
            &[values],
            4,
        )
        .await,
    );
    // Host names that don't resolve, or whose DNS servers don't respond.
    let asking = json!({"grants": {"http": ["gone.example.com"]}, "limits": {"wall_ms": 8000, "concurrency": 64}});
    let sent = json!({"do": "send", "url": "https://gone.example.com/"});
    let caller = Component::Caller.bytes_asking_for(json!({"http": ["gone.example.com"]})).await;
    let names = hosts.tenant("names").await;
    flows.push(Hostile::new(&names, "asking", asking, caller, &[sent], 32).await);
    flows
}

impl Attacks {
    pub(crate) async fn start(hosts: &Hosts, flows: &[Hostile], round: &str) -> Self {
        let (stop, tally) = (Arc::new(AtomicBool::new(false)), Arc::new(Tally::default()));
        let mut under_way = Vec::new();
        for (kind, hostile) in flows.iter().enumerate() {
            for number in 0..hostile.at_once {
                let name = format!("{round}-{kind}-{number}");
                under_way.push(tokio::spawn(ask(
                    hostile.flow.clone(),
                    hostile.asked.clone(),
                    name,
                    stop.clone(),
                    tally.clone(),
                )));
            }
        }
        under_way.push(tokio::spawn(upload_bombs(
            hosts.flow_json_of("wild", "looping"),
            stop.clone(),
            tally.clone(),
        )));
        for _ in 0..64 {
            under_way.push(tokio::spawn(send_bodies(hosts.proxy.url().to_owned(), stop.clone())));
        }
        for _ in 0..4 {
            let url = format!("{}/flows/wild/looping", hosts.proxy.url());
            under_way.push(tokio::spawn(be_refused(url, stop.clone(), tally.clone())));
        }
        Self { stop, tally, under_way }
    }

    /// Lets the attacks end and returns their tally.
    pub(crate) async fn stop(self) -> Arc<Tally> {
        self.stop.store(true, Ordering::Relaxed);
        for attack in self.under_way {
            attack.await.expect("an attack goes on to its end");
        }
        self.tally
    }
}

impl Tally {
    fn note(&self, well: bool) {
        if well { &self.well } else { &self.otherwise }.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends one form after another, in conversations of a few exchanges each.
async fn ask(
    flow: TestFlow,
    asked: Vec<Value>,
    name: String,
    stop: Arc<AtomicBool>,
    tally: Arc<Tally>,
) {
    let client = flow.client();
    for (number, form) in asked.iter().cycle().enumerate() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let reply = client
            .call(&payload::data_exchange(
                "FORM",
                form.clone(),
                &format!("{name}-{}", number / EXCHANGES),
            ))
            .await;
        let well = reply.is_ok_and(|reply| reply.status == 200);
        tally.note(well);
        sleep(if well { PAUSE } else { PAUSE_AFTER_REFUSAL }).await;
    }
}

/// Uploads documents that are small compared to the work of checking them: deeply nested lists full
/// of actions.
async fn upload_bombs(upload: RequestBuilder, stop: Arc<AtomicBool>, tally: Arc<Tally>) {
    let action = json!({"type": "EmbeddedLink", "text": "a", "on-click-action": {"name": "navigate", "next": {"name": "B"}}});
    let actions: Vec<Value> = (0..15_000).map(|_| action.clone()).collect();
    let mut children = json!(actions);
    for _ in 0..50 {
        children = json!([{"type": "If", "condition": "true", "then": children}]);
    }
    let layout = json!({"type": "SingleColumnLayout", "children": children});
    let bomb = json!({"version": "7.3", "screens": [{"id": "A", "layout": layout}]});
    while !stop.load(Ordering::Relaxed) {
        let reply = upload.try_clone().expect("it has no body yet").json(&bomb).send().await;
        tally.note(reply.is_ok_and(|reply| reply.status() == 204));
        sleep(Duration::from_secs(5)).await;
    }
}

/// Sends bodies of 1 MiB without credentials, as slowly as allowed.
async fn send_bodies(url: String, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let mut connection = RawConnection::open(&url).await;
        connection
            .write(
                "POST /flows/wild/looping HTTP/1.1\r\nhost: x\r\ncontent-length: 1048576\r\n\r\n",
            )
            .await;
        for _ in 0..16 {
            connection.write([b'x'; 64 << 10]).await;
            if stop.load(Ordering::Relaxed) {
                return;
            }
            sleep(PAUSE * 5).await;
        }
        let _ = timeout(Duration::from_secs(20), connection.read_head()).await;
    }
}

/// Sends unsigned requests, each of which could write a log line.
async fn be_refused(url: String, stop: Arc<AtomicBool>, tally: Arc<Tally>) {
    while !stop.load(Ordering::Relaxed) {
        let (status, _) = post(&url, None, "unsigned").await;
        tally.note(status == 200);
        sleep(PAUSE).await;
    }
}

/// An honest form, whose answer counts the exchanges of the conversation.
pub(crate) fn counting(token: &str) -> Value {
    asking("count", token)
}

/// The length of a conversation, in exchanges.
const EXCHANGES: usize = 20;

/// The pause between an answer and the next request.
const PAUSE: Duration = Duration::from_millis(100);

/// Without this pause the test would measure how fast two cores, which also run the client, can
/// refuse.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_secs(2);
