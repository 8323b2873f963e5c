//! A new key pair or app secret takes over under load, on two hosts, and no request is lost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use flowhost_client::{FlowClient, Reply, payload};
use flowhost_tests::{Component, TestFlow, TestHost, asking, eventually};
use serde_json::{Value, json};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_rotation_under_traffic_fails_no_request() {
    let (_hosts, flows) = two_hosts().await;
    let tenant = &flows[0].tenant;
    let meta = Arc::new(Meta::new(&tenant.public_key_pem));
    let traffic = Traffic::start(&flows, &meta);
    traffic.goes_on("before the rotation").await;

    let key = tenant.call("POST", "/keys", json!({})).await.expect(201);
    traffic.goes_on("while the hosts learn the new key").await;
    let new_key = key["public_key_pem"].as_str().unwrap();
    accepted_everywhere(&flows, |client| client.encrypting_to(new_key).unwrap()).await;
    meta.publish(new_key);
    // Half of the phones fetch the new key, as at the start of a conversation; the others keep the
    // old one.
    traffic.eager_phones_fetch();
    traffic.goes_on("with both keys").await;
    assert_eq!(traffic.refetched(), 0, "nobody was refused while the old key was retiring");

    let keys = tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"].clone();
    let retiring = keys.as_array().unwrap().iter().find(|key| key["state"] == "retiring").unwrap()
        ["id"]
        .clone();
    tenant
        .call("DELETE", &format!("/keys/{}", retiring.as_str().unwrap()), Value::Null)
        .await
        .expect(204);
    eventually("the others were told to fetch the new key", async || {
        (traffic.refetched() == PHONES / 2).then_some(())
    })
    .await;
    traffic.goes_on("with the new key only").await;

    for phone in traffic.stop().await {
        assert_eq!(
            phone.refetched,
            usize::from(!phone.eager),
            "one 421 for each that had the old key"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_follow_each_other_fast_fail_no_request() {
    let (_hosts, flows) = two_hosts().await;
    let meta = Arc::new(Meta::new(&flows[0].tenant.public_key_pem));
    let traffic = Traffic::start(&flows, &meta);
    for round in 0..4 {
        // The hosts take turns.
        let key = flows[round % 2].tenant.call("POST", "/keys", json!({})).await.expect(201);
        let new_key = key["public_key_pem"].as_str().unwrap();
        accepted_everywhere(&flows, |client| client.encrypting_to(new_key).unwrap()).await;
        meta.publish(new_key);
        traffic.eager_phones_fetch();
        traffic.goes_on("after a rotation").await;
    }

    assert_eq!(traffic.refetched(), 0, "five keys side by side");
    traffic.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_secret_rotation_under_traffic_fails_no_request() {
    let (_hosts, flows) = two_hosts().await;
    let tenant = &flows[0].tenant;
    let meta = Arc::new(Meta::new(&tenant.public_key_pem));
    let traffic = Traffic::start(&flows, &meta);
    traffic.goes_on("before the reset").await;

    tenant
        .set_app_secret(json!({"secret": "the-new-secret", "keep_previous_for_seconds": 3600}))
        .await;
    traffic.goes_on("while the hosts learn the new secret").await;
    accepted_everywhere(&flows, |client| client.signing_with("the-new-secret")).await;
    meta.sign_with("the-new-secret");
    traffic.goes_on("with the new secret").await;

    // Setting it again ends the grace period of the old secret.
    tenant.set_app_secret(json!({"secret": "the-new-secret"})).await;
    for flow in &flows {
        let client = flow.client();
        eventually("the old secret stops", async || (ping(&client).await == 432).then_some(()))
            .await;
    }
    traffic.goes_on("after the old secret stopped").await;
    traffic.stop().await;
}

/// Meta's view of the tenant: phones fetch the public key, servers sign with the app secret.
struct Meta {
    public_key_pem: Mutex<String>,
    app_secret: Mutex<Option<String>>,
}

impl Meta {
    fn new(public_key_pem: &str) -> Self {
        Self { public_key_pem: Mutex::new(public_key_pem.to_owned()), app_secret: Mutex::new(None) }
    }

    fn publish(&self, public_key_pem: &str) {
        public_key_pem.clone_into(&mut self.public_key_pem.lock().unwrap());
    }

    fn sign_with(&self, app_secret: &str) {
        *self.app_secret.lock().unwrap() = Some(app_secret.to_owned());
    }
}

/// A phone in a conversation of its own. Like WhatsApp, it keeps its public key until it is
/// refused.
struct Phone {
    clients: [FlowClient; 2],
    meta: Arc<Meta>,
    token: String,
    counted: u64,
    /// It also fetches the key when told to, not only when refused.
    eager: bool,
    refetched: usize,
}

impl Phone {
    /// Sends one request, alternating between the hosts. It must be answered, and counted exactly
    /// once.
    async fn count(&mut self) {
        let mut reply = self.send().await;
        if reply.status == 421 {
            self.fetch_key();
            self.refetched += 1;
            reply = self.send().await;
        }
        assert_eq!(reply.status, 200, "request {} of {}", self.counted, self.token);
        self.counted += 1;
        assert_eq!(reply.payload.unwrap()["data"]["count"], self.counted, "{}", self.token);
    }

    async fn send(&self) -> Reply {
        let mut client = self.clients[usize::from(self.counted % 2 == 1)].clone();
        if let Some(secret) = &*self.meta.app_secret.lock().unwrap() {
            client = client.signing_with(secret);
        }
        client.call(&asking("count", &self.token)).await.unwrap()
    }

    fn fetch_key(&mut self) {
        let pem = self.meta.public_key_pem.lock().unwrap().clone();
        self.clients = self.clients.clone().map(|client| client.encrypting_to(&pem).unwrap());
    }
}

/// Phones that send requests in sequence until they are stopped or have sent [`MOST_REQUESTS`].
struct Traffic {
    phones: JoinSet<Phone>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    sent: AtomicUsize,
    refetched: AtomicUsize,
    /// How often the eager phones were told to fetch the key.
    fetches: AtomicUsize,
    stopped: AtomicUsize,
}

impl Traffic {
    fn start(flows: &[TestFlow; 2], meta: &Arc<Meta>) -> Self {
        let state = Arc::new(State::default());
        let mut phones = JoinSet::new();
        for number in 0..PHONES {
            let clients = [flows[0].client(), flows[1].client()];
            let (token, eager) = (format!("token-of-phone-{number}"), number % 2 == 0);
            let phone =
                Phone { clients, meta: meta.clone(), token, counted: 0, eager, refetched: 0 };
            phones.spawn(send_until_stopped(phone, state.clone()));
        }
        Self { phones, state }
    }

    /// Waits until every phone can have sent some more requests.
    async fn goes_on(&self, when: &str) {
        let enough = self.state.sent.load(Ordering::SeqCst) + 4 * PHONES;
        eventually(&format!("traffic goes on {when}"), async || {
            (self.state.sent.load(Ordering::SeqCst) >= enough).then_some(())
        })
        .await;
    }

    fn eager_phones_fetch(&self) {
        self.state.fetches.fetch_add(1, Ordering::SeqCst);
    }

    /// How many requests were refused because of their key and sent again.
    fn refetched(&self) -> usize {
        self.state.refetched.load(Ordering::SeqCst)
    }

    /// Stops all phones. A phone that failed fails the test.
    async fn stop(self) -> Vec<Phone> {
        self.state.stopped.store(1, Ordering::SeqCst);
        self.phones.join_all().await
    }
}

async fn send_until_stopped(mut phone: Phone, state: Arc<State>) -> Phone {
    let mut fetched = 0;
    while state.stopped.load(Ordering::SeqCst) == 0 && phone.counted < MOST_REQUESTS {
        let fetches = state.fetches.load(Ordering::SeqCst);
        if phone.eager && fetched < fetches {
            phone.fetch_key();
            fetched = fetches;
        }
        let refused_before = phone.refetched;
        phone.count().await;
        state.refetched.fetch_add(phone.refetched - refused_before, Ordering::SeqCst);
        state.sent.fetch_add(1, Ordering::SeqCst);
    }
    phone
}

async fn two_hosts() -> ([TestHost; 2], [TestFlow; 2]) {
    let one = TestHost::start().await;
    let two = one.second().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let there = flow.served_at(&two).await;
    ([one, two], [flow, there])
}

/// Waits until every host accepts what this client sends. Hosts learn of a change within a second,
/// and nobody uploads a key faster.
async fn accepted_everywhere(flows: &[TestFlow; 2], change: impl Fn(FlowClient) -> FlowClient) {
    for flow in flows {
        let client = change(flow.client());
        eventually("the host knows it", async || (ping(&client).await == 200).then_some(())).await;
    }
}

async fn ping(client: &FlowClient) -> u16 {
    client.call(&payload::ping()).await.unwrap().status
}

const PHONES: usize = 6;

/// Far more than a test needs. It ends the traffic of a test that hangs.
const MOST_REQUESTS: u64 = 20_000;
