//! A host decrypts in batches where it can, and serves all the same where it can't.

use std::path::PathBuf;

use flowhost_client::payload;
use flowhost_server::config::RsaBatches;
use flowhost_tests::{Component, TestHost, logged};
use futures_util::future::join_all;
use serde_json::json;
use tracing::Level;

#[tokio::test]
async fn without_the_library_a_host_serves_and_says_why_once() {
    let missing = "/does/not/exist/libcrypto_mb.so.11";
    let host = host_with(RsaBatches::With(missing.into())).await;

    assert_pings_are_answered(&host, 2).await;

    let lines = logged(Level::WARN, missing);
    assert!(lines.len() == 1 && lines[0].contains("one by one"), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_library_many_tenants_are_answered_at_once() {
    let Some(path) = library() else { return };
    let host = host_with(RsaBatches::With(path.clone())).await;
    let name = path.display().to_string();
    let lines = logged(Level::INFO, &name);
    assert!(lines.iter().all(|line| line.contains("RSA operations are done")), "{lines:?}");

    assert_pings_are_answered(&host, 24).await;

    assert_eq!(logged(Level::ERROR, "RSA operations"), Vec::<String>::new());
}

async fn host_with(batches: RsaBatches) -> TestHost {
    TestHost::configured(|config| config.rsa_batches = batches).await
}

async fn assert_pings_are_answered(host: &TestHost, pings: usize) {
    let mut flows = Vec::new();
    for tenant in ["acme", "zenith", "corner"] {
        flows.push(host.tenant(tenant).await.flow("booking", json!({}), Component::Steady).await);
    }
    let clients: Vec<_> = flows.iter().map(|flow| flow.client()).collect();
    let ping = payload::ping();
    let calls = (0..pings).map(|number| clients[number % clients.len()].call(&ping));
    for reply in join_all(calls).await {
        assert_eq!(reply.unwrap().status, 200);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has no configuration")]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn library() -> Option<PathBuf> {
    let path = std::env::var_os("FLOWHOST_CRYPTO_MB").map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: FLOWHOST_CRYPTO_MB doesn't say where libcrypto_mb.so.11 is");
    }
    path
}
