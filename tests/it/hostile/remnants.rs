//! A call leaves nothing behind for the next: not in memory, tables, globals or statics, and not
//! across tenants.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::wat;

#[tokio::test]
async fn nothing_that_a_guest_keeps_to_itself_survives_its_call() {
    let host = TestHost::start().await;
    let flow = host
        .tenant("acme")
        .await
        .flow("booking", json!({"limits": {"cpu_ms": 2000}}), Component::Peeper)
        .await;
    for _ in 0..20 {
        let reply = flow.ask("remember", "token-of-ana").await;
        assert_eq!(
            (reply.status, reply.payload),
            (200, Some(json!({"screen": "NEXT", "data": {"got": []}})))
        );
    }
    assert_eq!(flow.count("token-of-ana").await, 21, "the state is what lasts");
}

/// Two tenants take turns, also concurrently, so that their calls reuse each other's slots in the
/// pool again and again. Each call looks for anything that is not its own and leaves its mark
/// everywhere; some trap with the mark in place.
#[tokio::test]
async fn no_call_finds_a_trace_of_another() {
    let host = TestHost::start().await;
    let flows = join_all([("acme", "0x5a"), ("neighbour", "0xa5")].map(async |(slug, mark)| {
        let flow = host
            .tenant(slug)
            .await
            .flow_without_plugin("canary", json!({"limits": {"cpu_ms": 2000}}))
            .await;
        flow.upload(wat::plugin_with("canary", &[("mark", mark)])).await.expect(201);
        flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
        flow
    }))
    .await;

    for round in 0..ROUNDS {
        let calls = (0..4)
            .map(|number| look(&flows[number % 2], payload::init(&format!("t{round}-{number}"))));
        assert_eq!(join_all(calls).await, [200; 4], "round {round}");
        if round % (ROUNDS / 2) == 0 {
            let trapping = flows.iter().map(|flow| {
                look(flow, payload::data_exchange("FORM", json!({}), &format!("t{round}")))
            });
            assert_eq!(join_all(trapping).await, [500; 2], "round {round}");
        }
    }
}

async fn look(flow: &TestFlow, request: Value) -> u16 {
    flow.client().call(&request).await.unwrap().status
}

/// Each round has four calls.
const ROUNDS: usize = 80;
