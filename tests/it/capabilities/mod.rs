//! What plugins can reach outside their sandbox, and what they can't.

mod logs;
mod store;

use flowhost::client::payload;
use flowhost_tests::{Component, TestFlow, TestTenant};
use serde_json::{Value, json};

/// A flow with the plugin `keeper`, which asks for a store and is granted one.
pub(crate) async fn keeper(tenant: &TestTenant, name: &str) -> TestFlow {
    let flow = tenant.flow_without_plugin(name, json!({"grants": {"store": true}})).await;
    deploy(&flow, &asking_for(Component::Keeper, json!({"store": true})).await).await;
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

/// A component that asks for these capabilities, whatever it asks for as it was built.
async fn asking_for(component: Component, requests: Value) -> Vec<u8> {
    let bytes = component.bytes().await;
    let (header, mut rest) = bytes.split_at(8);
    let mut changed = header.to_vec();
    while let Some((&kind, after)) = rest.split_first() {
        let (size, length) = leb128(after);
        let content = &after[length..length + size];
        let (name_size, name_length) = leb128(content);
        if kind != 0 || &content[name_length..name_length + name_size] != SECTION.as_bytes() {
            changed.extend_from_slice(&rest[..1 + length + size]);
        }
        rest = &after[length + size..];
    }
    let document = json!({"requests": requests}).to_string();
    let content = [&[SECTION.len() as u8], SECTION.as_bytes(), document.as_bytes()].concat();
    assert!(content.len() < 128, "its size is one byte");
    changed.extend([0, content.len() as u8]);
    changed.extend(content);
    changed
}

/// A number as WebAssembly writes it, and how many bytes it takes.
fn leb128(bytes: &[u8]) -> (usize, usize) {
    let length = bytes.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let number = bytes[..length.min(5)].iter().rev().fold(0_usize, |number, byte| (number << 7) | usize::from(byte & 0x7f));
    (number, length)
}

/// A token that was not used before.
fn token() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("capability-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

const SECTION: &str = flowhost::flow::PLUGIN_SECTION;
