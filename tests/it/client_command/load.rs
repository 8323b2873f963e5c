//! `flowhost client load`: what is counted, and what is judged.

use std::path::Path;

use flowhost_tests::{
    Component, Ended, NodeEndpoint, TestCertificate, TestFlow, TestHost, flowhost,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client;

#[tokio::test]
async fn each_request_begins_a_conversation_of_its_own_and_is_counted_once() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Appointment).await;

    let ended = load(&flow, None, &CLOSED, &["--action", "INIT"]).await;

    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = report(&ended);
    let fields: Vec<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, FIELDS);
    assert_eq!(report["statuses"], json!({"200": 40}));
    for (field, value) in [
        ("rate", Value::Null),
        ("connections", json!(4)),
        ("prepared", json!(40)),
        ("warm_up", json!(0)),
        ("counted", json!(40)),
        ("expected", json!(40)),
        ("ran_out", json!(true)),
        ("failures", json!([])),
        ("sample", json!({"judged": 40, "wrong": 0, "problems": []})),
    ] {
        assert_eq!(report[field], value, "{field} in {report}");
    }
    let latency = &report["latency_ms"];
    let quantiles = ["min", "p50", "p90", "p99", "p99_9", "max"]
        .map(|name| latency[name].as_f64().unwrap_or_else(|| panic!("no {name} in {report}")));
    assert!(quantiles.is_sorted() && quantiles[0] > 0.0, "{quantiles:?}");
    assert!(ended.stderr.contains("the 40 prepared requests were used up"), "{ended:?}");
    assert_eq!(flow.sessions().await.len(), 40);
}

#[tokio::test]
async fn bad_signatures_are_refused_with_432_and_reach_no_plugin() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Echo).await;

    let ended = load(&flow, None, &CLOSED, &["--action", "INIT", "--bad-signature"]).await;

    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = report(&ended);
    assert_eq!(report["statuses"], json!({"432": 40}));
    assert_eq!((&report["expected_status"], &report["expected"]), (&json!(432), &json!(40)));
    assert_eq!(report["sample"]["judged"], 0);
    assert_eq!(flow.sessions().await.len(), 0);
}

#[tokio::test]
async fn an_open_loop_sends_all_that_is_due_and_tells_how_far_it_is() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Echo).await;
    let open = ["--rate", "40", "--duration", "2", "--warm-up", "1", "--json", "--progress"];

    let ended = load(&flow, None, &open, &[]).await;

    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = report(&ended);
    for (field, value) in [
        ("rate", json!(40.0)),
        ("prepared", json!(120)),
        ("warm_up", json!(40)),
        ("counted", json!(80)),
        ("measured_s", json!(2.0)),
        ("per_second", json!(40.0)),
        ("ran_out", json!(false)),
    ] {
        assert_eq!(report[field], value, "{field} in {report}");
    }
    assert!(ended.stderr.contains("sealing 120 requests\n"), "{ended:?}");
    assert!(ended.stderr.contains(" s of 3: "), "{ended:?}");
}

#[tokio::test]
async fn https_is_sent_to_whom_the_environment_says_to_trust() {
    let certificate = TestCertificate::generate();
    let host = TestHost::configured(|config| config.tls = Some(certificate.files())).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Echo).await;

    let stranger = load(&flow, None, &CLOSED, &[]).await;
    assert_eq!(stranger.code, Some(1), "{stranger:?}");
    assert!(stranger.stderr.contains("SSL_CERT_FILE"), "{stranger:?}");
    let known = load(&flow, Some(&certificate.files().certificate), &CLOSED, &[]).await;
    assert_eq!(known.code, Some(0), "{known:?}");
    assert_eq!(report(&known)["statuses"], json!({"200": 40}));
}

#[tokio::test]
async fn a_200_from_somebody_else_counts_only_if_its_answer_is_right() {
    let endpoint = NodeEndpoint::start();
    let right = client("load", &endpoint, &[&["--action", "INIT"], &CLOSED[..]].concat()).await;
    assert_eq!(right.code, Some(0), "{right:?}");
    assert_eq!(report(&right)["sample"], json!({"judged": 40, "wrong": 0, "problems": []}));

    let endpoint = NodeEndpoint::with_bug("plain-text");
    let people = ["--action", "INIT", "--requests", "40", "--duration", "60", "--warm-up", "0"];
    let wrong = client("load", &endpoint, &people).await;
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.stdout.contains("closed loop, 16 connections"), "{wrong:?}");
    assert!(wrong.stdout.contains("40 of 40 requests were answered 200"), "{wrong:?}");
    assert!(wrong.stdout.contains("40 of the answers were opened and judged: 40 are wrong"));
    assert!(wrong.stdout.contains("  - the body is JSON in plain text"), "{wrong:?}");
    assert!(wrong.stderr.contains("40 of 40 answers are not right"), "{wrong:?}");
}

#[tokio::test]
async fn statuses_that_are_not_expected_are_counted_and_fail_the_command() {
    let endpoint = NodeEndpoint::with_bug("500");

    let ended = client("load", &endpoint, &[&["--action", "INIT"], &CLOSED[..]].concat()).await;

    assert_eq!(ended.code, Some(1), "{ended:?}");
    let report = report(&ended);
    assert_eq!(report["statuses"], json!({"500": 40}));
    assert_eq!((&report["expected"], &report["latency_ms"]), (&json!(0), &Value::Null));
    assert!(ended.stderr.contains("40 of 40 requests were not answered"), "{ended:?}");
}

#[tokio::test]
async fn more_requests_than_memory_may_hold_are_bad_usage() {
    let endpoint = NodeEndpoint::start();

    let ended = client("load", &endpoint, &["--rate", "1e6", "--duration", "3600"]).await;

    assert_eq!(ended.code, Some(64), "{ended:?}");
    assert!(ended.stderr.contains("1073741824 bytes that they may"), "{ended:?}");
}

/// Runs the command against a flow of our own host.
async fn load(flow: &TestFlow, trusted: Option<&Path>, pace: &[&str], extra: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    let public_key = folder.path().join("acme.pem");
    std::fs::write(&public_key, &flow.tenant.public_key_pem).unwrap();
    let mut command = flowhost(&["client", "load", "--url", &flow.url(), "--public-key"]);
    command.arg(&public_key).args(pace).args(extra);
    command.env("FLOWHOST_APP_SECRET", &flow.tenant.app_secret);
    trusted.map(|file| command.env("SSL_CERT_FILE", file));
    Ended::of(command).await
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

/// Forty requests, in far more time than they take.
const CLOSED: [&str; 9] =
    ["--requests", "40", "--connections", "4", "--duration", "60", "--warm-up", "0", "--json"];

const FIELDS: [&str; 14] = [
    "rate",
    "connections",
    "prepared",
    "warm_up",
    "counted",
    "measured_s",
    "ran_out",
    "expected_status",
    "expected",
    "per_second",
    "statuses",
    "failures",
    "latency_ms",
    "sample",
];
