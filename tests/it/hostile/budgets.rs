//! Tenants whose guests each stay within their limits, but together take everything the host has.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, TestTenant, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::wat;

#[tokio::test]
async fn guests_that_take_all_the_memory_leave_others_theirs() {
    // One tenant alone gets 96 of 256 MiB: one call of 62 MiB, and what other calls need to begin.
    let host = TestHost::configured(|config| config.guests.memory_bytes = 256 << 20).await;
    let greedy =
        deployed(&host.tenant("greedy").await, "memory-asleep", wat::plugin("memory-asleep")).await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    let under_way = submitted(&greedy, 16);
    eventually("memory is in use", async || {
        (metric(&host, &used("guest-memory-bytes")).await >= 62 << 20).then_some(())
    })
    .await;

    for number in 1..=5 {
        assert_eq!(neighbour.count("token-of-ana").await, number);
    }

    let statuses = under_way.await.unwrap();
    let count = |status| statuses.iter().filter(|&&of| of == status).count();
    assert_eq!((count(200), count(503)), (1, 15), "{statuses:?}");
    let failed = r#"flowhost_plugin_failures_total{tenant="greedy",flow="memory-asleep",version="1",kind="host-full",blame="host"}"#;
    assert_eq!(metric(&host, failed).await, 15);
    assert_eq!(metric(&host, &used("guest-memory-bytes")).await, 0);
    assert_eq!(submitted(&greedy, 1).await.unwrap(), [200], "its circuit is closed");
}

#[tokio::test]
async fn guests_of_many_instances_memories_and_tables_leave_other_calls_theirs() {
    let host = TestHost::configured(|config| config.guests.calls = 16).await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    // With those of the guest itself: 64 instances, eight memories, sixteen tables.
    let modules =
        [&["(memory 1) (table 9 funcref)"; 7][..], &["(table 9 funcref)"; 9], &[""; 46]].concat();
    let many = wat::component(&wat::world_with_modules("asleep", modules));
    let first = deployed(&host.tenant("first").await, "asleep", many.clone()).await;
    let second = deployed(&host.tenant("second").await, "asleep", many).await;
    let asleep = [submitted(&first, 6), submitted(&second, 2)];
    eventually("two calls of four places", async || {
        (metric(&host, &used("places")).await == 8).then_some(())
    })
    .await;

    for number in 1..=3 {
        assert_eq!(neighbour.count("token-of-ana").await, number);
    }

    for statuses in join_all(asleep).await {
        let statuses = statuses.unwrap();
        let count = |status| statuses.iter().filter(|&&of| of == status).count();
        assert_eq!((count(200), count(429)), (1, statuses.len() - 1), "{statuses:?}");
    }
}

#[tokio::test]
async fn a_guest_as_large_as_a_runtime_has_its_memory_before_it_begins() {
    let host = TestHost::configured(|config| config.guests.memory_bytes = 256 << 20).await;
    let tenant = host.tenant("acme").await;
    // What CPython takes: 38 instances, a table of thousands of functions, 12.4 MiB.
    let modules = [&["(table 12000 funcref)"][..], &["(memory 198)"], &[""; 34]].concat();
    let large = wat::component(&wat::world_with_modules("asleep", modules));
    let flow = deployed(&tenant, "asleep", large).await;
    let under_way = submitted(&flow, 1);

    let claimed = eventually("it is under way", async || {
        let claimed = metric(&host, &used("guest-memory-bytes")).await;
        (claimed > 0).then_some(claimed)
    })
    .await;

    let (memory, functions) = (202 * 65_536, 12_000 * (8 + 32));
    assert_eq!(claimed.saturating_sub(memory + functions) >> 10, 0, "nothing more as it begins");
    assert!(claimed >= memory + functions, "{claimed}");
    assert_eq!(metric(&host, &used("places")).await, 1);
    assert_eq!(under_way.await.unwrap(), [200]);
}

async fn deployed(tenant: &TestTenant, name: &str, plugin: Vec<u8>) -> TestFlow {
    let flow = tenant.flow_without_plugin(name, json!({"limits": {"cpu_ms": 2000}})).await;
    flow.upload(plugin).await.expect(201);
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    flow
}

/// Submits this many forms at once, each in a new conversation, and returns their statuses.
fn submitted(flow: &TestFlow, forms: usize) -> tokio::task::JoinHandle<Vec<u16>> {
    let client = flow.client();
    tokio::spawn(async move {
        let form =
            |number| payload::data_exchange("FORM", json!({}), &format!("token-of-{number}"));
        let requests: Vec<Value> = (0..forms).map(form).collect();
        join_all(requests.iter().map(async |request| client.call(request).await.unwrap().status))
            .await
    })
}

fn used(budget: &str) -> String {
    format!("flowhost_budget_used{{budget=\"{budget}\"}}")
}

/// The value of a metric; 0 if it is absent.
async fn metric(host: &TestHost, series: &str) -> u64 {
    let page = host.admin().get("/metrics").await.text;
    let line = page.lines().find_map(|line| line.strip_prefix(series));
    line.map_or(0, |number| number.trim().parse().unwrap())
}
