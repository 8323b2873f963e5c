//! Refused requests to a flow: anybody can send any number of them, and the log has one line for
//! each kind.

use flowhost_client::payload;
use flowhost_tests::{Component, TestHost, logged, post};
use reqwest::Client;
use serde_json::json;
use sqlx::Executor;
use tracing::Level;

#[tokio::test]
async fn strangers_at_a_known_endpoint_can_not_fill_the_log() {
    let host = TestHost::start().await;
    let flow = host.tenant("noisy").await.flow("booking", json!({}), Component::Steady).await;
    let stranger = flow.client().signing_with("another secret");

    for _ in 0..20 {
        assert_eq!(post(&flow.url(), None, "{}").await.0, 432);
        assert_eq!(stranger.call(&payload::ping()).await.unwrap().status, 432);
        assert_eq!(post(&flow.url(), None, vec![b'x'; (1 << 20) + 1]).await.0, 413);
    }

    let lines = logged(Level::INFO, "tenant.slug=\"noisy\"");
    assert_eq!(lines.len(), 3, "one for each sort: {lines:#?}");
    assert!(lines.iter().all(|line| line.contains("flow.name=\"booking\"")), "{lines:#?}");
    let page = host.admin().get("/metrics").await.text;
    let count = |kind: &str| {
        format!(
            "{{tenant=\"noisy\",flow=\"booking\",version=\"1\",kind=\"{kind}\",blame=\"peer\"}}"
        )
    };
    assert!(
        page.contains(&format!("flow_requests_failed_total{} 40", count("signature"))),
        "{page}"
    );
    assert!(page.contains(&format!("flow_requests_failed_total{} 20", count("body"))), "{page}");
}

#[tokio::test]
async fn what_keeps_failing_inside_a_plugin_has_a_line_too() {
    let host = TestHost::start().await;
    let settings = json!({"on_failure": "error-message", "failure_text": "Sorry."});
    let flow = host.tenant("failing").await.flow("booking", settings, Component::Trapper).await;

    for _ in 0..3 {
        flow.ask("trap", "token-of-ana").await;
    }

    let lines = logged(Level::WARN, "tenant.slug=\"failing\"");
    assert_eq!(
        lines.iter().filter(|line| line.contains("a plugin failed")).count(),
        1,
        "{lines:#?}"
    );
}

#[tokio::test]
async fn who_asks_whether_a_host_is_ready_can_not_fill_the_log() {
    let host = TestHost::start().await;
    host.database()
        .pool()
        .await
        .execute("alter table sessions disable row level security")
        .await
        .unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    let mut lines = Vec::new();
    for _ in 0..10 {
        let asked = client.get(host.admin().url("/readyz")).send().await.unwrap();
        assert_eq!(asked.status(), 503);
        lines.extend(logged(Level::INFO, asked.headers()["x-request-id"].to_str().unwrap()));
    }

    assert_eq!(
        lines.iter().filter(|line| line.contains("the host is not ready")).count(),
        1,
        "{lines:#?}"
    );
}
