//! What plugins can reach outside their sandbox, and what they can't.

mod clock_and_chance;
mod config;
mod http;
mod logs;
mod media;
mod store;

use flowhost_client::payload;
use flowhost_tests::{Component, Outside, TestFlow, TestHost, TestTenant};
use serde_json::{Value, json};

/// A flow with the plugin `keeper`, which asks for a store and is granted one.
pub(crate) async fn keeper(tenant: &TestTenant, name: &str) -> TestFlow {
    let flow = tenant.flow_without_plugin(name, json!({"grants": {"store": true}})).await;
    flow.deploy(Component::Keeper).await;
    flow
}

/// Uploads a component and activates it.
async fn deploy(flow: &TestFlow, component: &[u8]) {
    let uploaded = flow.upload(component).await.expect(201);
    flow.call("POST", "/activate", json!({"version": uploaded["version"]})).await.expect(200);
}

/// Submits a form in a conversation of its own; gives the data of the screen that comes.
pub(crate) async fn submit(flow: &TestFlow, form: Value) -> Value {
    let reply = flow.client().call(&payload::data_exchange("FORM", form.clone(), &token())).await.unwrap();
    assert_eq!(reply.status, 200, "{form}");
    reply.payload.unwrap()["data"].clone()
}

/// Submits a form in a conversation of its own, whatever comes of it; 0 where the client lost its patience.
async fn status_of(flow: &TestFlow, form: Value) -> u16 {
    flow.client().call(&payload::data_exchange("FORM", form, &token())).await.map_or(0, |reply| reply.status)
}

/// A token that was not used before.
fn token() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("capability-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A host whose plugins reach these servers, and a flow that grants what its plugin, `caller`, asks for.
pub(crate) async fn start() -> (Outside, TestHost, TestFlow) {
    let outside = Outside::start().await;
    let egress = outside.egress();
    let host = TestHost::configured(|config| config.egress = egress).await;
    let flow = calling_flow(&host.tenant("acme").await).await;
    (outside, host, flow)
}

async fn calling_flow(tenant: &TestTenant) -> TestFlow {
    tenant.flow("calling", json!({"grants": {"http": GRANTED, "media": true}}), Component::Caller).await
}

/// Lets the plugin do something once; gives the outcome.
pub(crate) async fn outcome(flow: &TestFlow, form: Value) -> Value {
    outcomes(flow, form).await[0].clone()
}

/// Lets the plugin do something so many times in one call; gives each outcome.
async fn outcomes(flow: &TestFlow, form: Value) -> Vec<Value> {
    let request = payload::data_exchange("FORM", form, "token-of-ana");
    let reply = flow.client().call(&request).await.unwrap();
    assert_eq!(reply.status, 200, "{request}");
    let payload = reply.payload.unwrap();
    payload["data"]["outcomes"].as_array().unwrap_or_else(|| panic!("{payload}")).clone()
}

/// What `caller` asks for.
const GRANTED: [&str; 13] = [
    "api.example.com:443",
    "api.example.com:80",
    "gone.example.com:443",
    "loopback.example.com:443",
    "mapped.example.com:443",
    "metadata.example.com:443",
    "mixed.example.com:443",
    "nat64.example.com:443",
    "other.example.com:443",
    "plain.example.com:80",
    "rebinding.example.com:443",
    "stranger.example.com:443",
    "ungranted.example.com:443",
];
