//! What plugins can reach outside of their sandbox, and what they can't.

mod clock_and_chance;
mod config;
mod http;
mod logs;
mod media;
mod stand_ins;
mod store;

use flowhost_client::payload;
use flowhost_tests::{Component, Outside, TestFlow, TestHost, TestTenant};
use serde_json::{Value, json};

/// A flow with the plugin `keeper`, which requests a store and is granted one.
pub(crate) async fn keeper(tenant: &TestTenant, name: &str) -> TestFlow {
    let flow = tenant.flow_without_plugin(name, json!({"grants": {"store": true}})).await;
    flow.deploy(Component::Keeper).await;
    flow
}

async fn deploy(flow: &TestFlow, component: &[u8]) {
    let uploaded = flow.upload(component).await.expect(201);
    flow.call("POST", "/activate", json!({"version": uploaded["version"]})).await.expect(200);
}

/// Submits a form in a new conversation and returns the data of the screen in the reply.
pub(crate) async fn submit(flow: &TestFlow, form: Value) -> Value {
    let reply =
        flow.client().call(&payload::data_exchange("FORM", form.clone(), &token())).await.unwrap();
    assert_eq!(reply.status, 200, "{form}");
    reply.payload.unwrap()["data"].clone()
}

/// Submits a form in a new conversation and returns the status, or 0 if the client gave up.
async fn status_of(flow: &TestFlow, form: Value) -> u16 {
    flow.client()
        .call(&payload::data_exchange("FORM", form, &token()))
        .await
        .map_or(0, |reply| reply.status)
}

/// A fresh token.
fn token() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("capability-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Starts servers outside, a host whose plugins can reach them, and a flow that grants everything
/// that its plugin `caller` requests.
pub(crate) async fn start() -> (Outside, TestHost, TestFlow) {
    let outside = Outside::start().await;
    let egress = outside.egress();
    let host = TestHost::configured(|config| config.egress = egress).await;
    let flow = calling_flow(&host.tenant("acme").await).await;
    (outside, host, flow)
}

/// A flow with the plugin `caller`, which is granted everything that it requests.
pub(crate) async fn calling_flow(tenant: &TestTenant) -> TestFlow {
    tenant
        .flow("calling", json!({"grants": {"http": GRANTED, "media": true}}), Component::Caller)
        .await
}

/// Makes the plugin act once and returns the outcome.
pub(crate) async fn outcome(flow: &TestFlow, form: Value) -> Value {
    outcomes(flow, form).await[0].clone()
}

/// Makes the plugin act this often in one call and returns all outcomes.
async fn outcomes(flow: &TestFlow, form: Value) -> Vec<Value> {
    let request = payload::data_exchange("FORM", form, "token-of-ana");
    let reply = flow.client().call(&request).await.unwrap();
    assert_eq!(reply.status, 200, "{request}");
    let payload = reply.payload.unwrap();
    payload["data"]["outcomes"].as_array().unwrap_or_else(|| panic!("{payload}")).clone()
}

/// The hosts that `caller` requests.
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
