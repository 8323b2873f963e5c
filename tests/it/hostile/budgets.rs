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
async fn guests_of_many_instances_leave_other_calls_theirs() {
    let host = TestHost::configured(|config| config.guests.calls = 16).await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    let many = wat::component(&wat::world_with_instances("asleep", 6));
    let mut asleep = Vec::new();
    for (tenant, calls) in [("first", 6), ("second", 2)] {
        let flow = deployed(&host.tenant(tenant).await, "asleep", many.clone()).await;
        asleep.push(submitted(&flow, calls));
    }
    eventually("eight calls of eight instances", async || {
        (metric(&host, &used("places")).await == 8).then_some(())
    })
    .await;

    for number in 1..=3 {
        assert_eq!(neighbour.count("token-of-ana").await, number);
    }

    for statuses in join_all(asleep).await {
        let statuses = statuses.unwrap();
        assert!(statuses.iter().all(|&status| status == 200), "{statuses:?}");
    }
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
