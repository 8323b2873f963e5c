//! `GET /metrics`.

use flowhost_client::payload;
use flowhost_tests::{Component, TestHost, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn requests_are_counted_by_status_and_shown_without_a_token() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let shown = async |line: &str| {
        let line = line.to_owned();
        eventually(&line, async || {
            let page = host.admin().with_token(None).get("/metrics").await;
            assert_eq!((page.status, page.content_type.as_str()), (200, MEDIA_TYPE));
            page.text.lines().any(|shown| shown == line).then_some(())
        })
        .await;
    };

    for _ in 0..3 {
        assert_eq!(flow.client().call(&payload::ping()).await.unwrap().status, 200);
    }
    assert_eq!(
        flow.client().signing_with("another secret").call(&payload::ping()).await.unwrap().status,
        432
    );

    shown("flowhost_requests_total{status=\"200\"} 3").await;
    shown("flowhost_requests_total{status=\"432\"} 1").await;
    shown("flowhost_request_duration_seconds_count 4").await;
    // The clients are gone, and with them their connections.
    shown("flowhost_connections{listener=\"public\"} 0").await;
    let page = host.admin().get("/metrics").await.text;
    assert!(!page.contains(&host.database().tenant_id("acme").await), "{page}");
    let refused = "flow_requests_failed_total{tenant=\"acme\",flow=\"booking\",version=\"1\",kind=\"signature\",blame=\"peer\"} 1";
    assert!(
        page.contains(refused),
        "what was refused before the plugin is counted by flow too: {page}"
    );
}

#[tokio::test]
async fn calls_are_counted_by_flow_and_version_until_the_flow_is_gone() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    flow.deploy(Component::Trapper).await;
    let page = async || host.admin().get("/metrics").await.text;
    assert!(!page().await.contains("acme"), "nobody called a plugin yet");

    for what in ["count", "trap", "count", "panic"] {
        flow.ask(what, "token-of-ana").await;
    }

    let (shown, labels) = (page().await, "tenant=\"acme\",flow=\"booking\",version=\"2\"");
    for line in [
        format!("flowhost_plugin_calls_total{{{labels}}} 4"),
        format!("flowhost_plugin_failures_total{{{labels},kind=\"trap\",blame=\"guest\"}} 1"),
        format!("flowhost_plugin_failures_total{{{labels},kind=\"panic\",blame=\"guest\"}} 1"),
        format!("flowhost_plugin_queue_seconds_count{{{labels}}} 4"),
        format!("flowhost_plugin_start_seconds_count{{{labels}}} 4"),
        format!("flowhost_plugin_cpu_seconds_count{{{labels}}} 4"),
        format!("flowhost_plugin_wall_seconds_count{{{labels}}} 4"),
        format!("flowhost_plugin_circuit_open{{{labels}}} 0"),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in:\n{shown}");
    }
    let memory = format!("flowhost_plugin_memory_high_water_bytes{{{labels}}} ");
    let bytes: u64 =
        shown.lines().find_map(|line| line.strip_prefix(&memory)).unwrap().parse().unwrap();
    assert!((64 << 10..=64 << 20).contains(&bytes), "{bytes}");
    assert!(!shown.contains(&host.database().tenant_id("acme").await), "{shown}");

    flow.call("DELETE", "", Value::Null).await.expect(204);
    eventually("the flow's series are gone", async || {
        (!page().await.contains("acme")).then_some(())
    })
    .await;
}

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
