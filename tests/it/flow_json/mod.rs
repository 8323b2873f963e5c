//! Flow JSON in the host: replies that the phone would refuse never reach it.

mod document;
mod replies;
mod versions;

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost};
use serde_json::{Value, json};

/// A flow with the plugin `parrot` and the Flow JSON of [`document`].
async fn parrot(host: &TestHost, settings: Value) -> TestFlow {
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Parrot).await;
    put(&flow, &document()).await;
    flow
}

async fn put(flow: &TestFlow, document: &Value) {
    flow.call("PUT", "/flow-json", document.clone()).await.expect(204);
}

/// Its routes are START > FORM > NEXT or STRICT > LAST. FORM declares no data, STRICT requires
/// some.
fn document() -> Value {
    let button = json!({"type": "Footer", "label": "Next", "on-click-action": {"name": "data_exchange", "payload": {}}});
    let screen = |id: &str| json!({"id": id, "title": id, "layout": {"type": "SingleColumnLayout", "children": [button]}});
    let with_data = |id: &str, data: Value| {
        let mut screen = screen(id);
        screen["data"] = data;
        screen
    };
    let mut last = with_data("LAST", json!({}));
    last["terminal"] = true.into();
    json!({
        "version": "7.3",
        "data_api_version": "3.0",
        "routing_model": {"START": ["FORM"], "FORM": ["NEXT", "STRICT"], "NEXT": ["LAST"], "STRICT": ["LAST"], "LAST": []},
        "screens": [
            with_data("START", json!({"greeting": {"type": "string", "__example__": "Hello"}})),
            screen("FORM"),
            with_data("NEXT", json!({
                "greeting": {"type": "string", "__example__": ""},
                "count": {"type": "integer", "__example__": 1},
                "days": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
                    "__example__": [],
                },
            })),
            with_data("STRICT", json!({"name": {"type": "string", "__example__": "Ana"}, "required": ["name"]})),
            last,
        ],
    })
}

/// A form that makes the parrot show a screen with this data.
fn showing(screen: &str, data: Value) -> Value {
    json!({"do": "screen", "screen": [[screen, 1]], "data": [[data.to_string(), 1]]})
}

/// A request from a screen; without a screen, INIT.
fn request(from: Option<&str>, form: Value, token: &str) -> Value {
    let mut request = payload::data_exchange(from.unwrap_or_default(), form, token);
    if from.is_none() {
        request["action"] = "INIT".into();
    }
    request
}

/// A fresh token.
fn token() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("flow-json-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}
