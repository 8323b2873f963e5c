//! `GET /metrics`.

use flowhost::client::payload;
use flowhost_tests::{Component, TestHost, eventually};
use serde_json::json;

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
    assert_eq!(flow.client().signing_with("another secret").call(&payload::ping()).await.unwrap().status, 432);

    shown("flowhost_requests_total{status=\"200\"} 3").await;
    shown("flowhost_requests_total{status=\"432\"} 1").await;
    shown("flowhost_request_duration_seconds_count 4").await;
    // The clients are gone, and so are their connections.
    shown("flowhost_connections{listener=\"public\"} 0").await;
    let page = host.admin().get("/metrics").await.text;
    assert!(!page.contains("acme") && !page.contains(&host.database().tenant_id("acme").await), "{page}");
}

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
