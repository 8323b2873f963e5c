//! Versions that are tried on a phone, of which nothing is stored.

use flowhost_tests::{Component, TestFlow, TestHost, eventually};
use serde_json::{Value, json};

use super::{Phone, clinic, received, with};

#[tokio::test]
async fn a_rehearsal_stores_nothing_and_shows_what_the_plugin_logs() {
    let settings = json!({"grants": {"store": true}, "token_policy": "minted"});
    let (host, flow, browser) = with(Component::Steady, settings).await;
    let uploaded = flow.upload(Component::Keeper.bytes().await).await.expect(201);
    assert_eq!(uploaded["version"], 2);
    let before = stored(&host, &flow).await;

    let phone = Phone::open(&browser, "2").await;
    let page = phone.submit(json!({"do": "log", "level": "info", "value": "<i>seen"})).await;
    assert!(
        page.contains("info: &lt;i&gt;seen") && page.contains("Rehearsal of version 2"),
        "{page}"
    );
    let page = phone.submit(json!({"do": "set", "key": "a", "value": "b"})).await;
    assert!(page.contains("light good\">200"), "{page}");
    let page = phone.submit(json!({"do": "panic", "value": "on purpose"})).await;
    assert!(page.contains("light bad\">500") && page.contains("on purpose"), "{page}");
    phone.tap(&[("do", "report"), ("key", "timeout_error")]).await;
    let page = phone.tap(&[("do", "repeat")]).await;
    assert!(page.contains("repeated: "), "{page}");

    assert_eq!(stored(&host, &flow).await, before);
    assert_eq!(flow.call("GET", "", Value::Null).await.expect(200)["active_version"], 1);
    // Lines are written after their call, and in order.
    flow.call("POST", "/activate", json!({"version": 2})).await.expect(200);
    let phone = Phone::open(&browser, "active").await;
    let page = phone.submit(json!({"do": "log", "level": "info", "value": "kept"})).await;
    assert!(!page.contains("info: kept"), "only a rehearsal shows lines: {page}");
    let log = eventually("the line is written", async || {
        let log = flow.call("GET", "/logs", Value::Null).await.text;
        (!log.is_empty()).then_some(log)
    })
    .await;
    assert!(log.lines().count() == 1 && log.contains("\"kept\""), "{log}");
    host.stop().await;
}

#[tokio::test]
async fn a_version_is_rehearsed_with_its_own_flow_json_and_state() {
    let (host, flow, browser) = clinic().await;
    flow.upload(Component::Steady.bytes().await).await.expect(201);
    flow.set(json!({"disabled": true})).await;

    let phone = Phone::open(&browser, "1").await;
    let page = phone.page().await;
    assert_eq!(received(&page)["screen"], "APPOINTMENT", "{page}");
    let page = Phone::open(&browser, "2").await.page().await;
    assert!(page.contains("The Flow does not open"), "no screen of the Flow JSON: {page}");
    assert!(page.contains("light bad\">500"), "{page}");
    let page = Phone::open(&browser, "active").await.page().await;
    assert!(page.contains("light bad\">503"), "switched off: {page}");
    host.stop().await;
}

#[tokio::test]
async fn a_conversation_goes_on_in_a_rehearsal() {
    let (host, flow, browser) = with(Component::Steady, json!({})).await;
    let phone = Phone::open(&browser, "1").await;

    for count in 2..4 {
        let page = phone.submit(json!({"do": "count"})).await;
        assert_eq!(received(&page)["data"]["count"], count, "{page}");
    }
    assert!(flow.sessions().await.is_empty());
    host.stop().await;
}

#[tokio::test]
async fn a_rehearsals_failures_leave_no_lines_in_the_flows_log() {
    let (host, flow, browser) = with(Component::Trapper, json!({})).await;
    let page = Phone::open(&browser, "1").await.submit(json!({"do": "panic"})).await;
    assert!(page.contains("on purpose"), "{page}");

    // Lines are written after their call, and in order: that of a customer's failure comes alone.
    Phone::open(&browser, "active").await.submit(json!({"do": "panic"})).await;
    let log = eventually("the line is written", async || {
        let log = flow.call("GET", "/logs", Value::Null).await.text;
        (!log.is_empty()).then_some(log)
    })
    .await;
    assert!(log.lines().count() == 1 && log.contains("on purpose"), "{log}");
    host.stop().await;
}

#[tokio::test]
async fn a_shared_token_is_rehearsed_as_customers_have_it() {
    let (host, flow, browser) = with(Component::Steady, json!({})).await;
    let fields = [("line", "1"), ("flow_token", "unused")];
    let phone = Phone::open_with(&browser, &fields).await;

    for _ in 0..3 {
        let page = phone.submit(json!({"do": "count"})).await;
        assert_eq!(received(&page)["data"]["count"], 1, "each exchange stands alone: {page}");
    }
    let page = phone.tap(&[("do", "repeat")]).await;
    assert_eq!(received(&page)["data"]["count"], 1, "the last one is known: {page}");
    assert!(flow.sessions().await.is_empty());
    host.stop().await;
}

/// How many rows there are of what conversations and plugins leave behind.
async fn stored(host: &TestHost, flow: &TestFlow) -> Vec<i64> {
    let pool = host.database().pool().await;
    let mut counts = vec![flow.sessions().await.len() as i64];
    for count in [
        "select count(*) from sessions",
        "select count(*) from exchanges",
        "select count(*) from client_errors",
        "select count(*) from plugin_log_lines",
        "select count(*) from flow_values",
        "select count(*) from answered_requests",
    ] {
        counts.push(sqlx::query_scalar(count).fetch_one(&pool).await.unwrap());
    }
    counts
}
