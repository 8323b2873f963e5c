//! If the log can't be written, its lines are lost and nothing else.

use std::fs::File;
use std::io::{PipeReader, pipe};
use std::process::Stdio;

use flowhost_client::payload;
use flowhost_protocol::crypto::MasterKey;
use flowhost_server::config::AdminToken;
use flowhost_tests::{Component, HostProcess, TestDatabase, eventually, flowhost, post};
use serde_json::json;

#[tokio::test]
async fn a_host_whose_log_nobody_holds_any_more_serves_on() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);

    serves_with_a_log_that_goes_to(writer.into(), None).await;
}

#[tokio::test]
async fn a_host_whose_log_is_on_a_full_disk_serves_on() {
    let full = File::options().write(true).open("/dev/full").unwrap();

    serves_with_a_log_that_goes_to(full.into(), None).await;
}

#[tokio::test]
async fn a_host_whose_log_nobody_reads_serves_on() {
    let (reader, writer) = pipe().unwrap();

    serves_with_a_log_that_goes_to(writer.into(), Some(reader)).await;
}

/// Runs the host at level debug, at which everything it does writes lines: no operation may fail or
/// wait because of the log.
async fn serves_with_a_log_that_goes_to(log: Stdio, unread: Option<PipeReader>) {
    let production = Production::new().await;
    let there = production.host("warn", Stdio::inherit()).await;
    let flow = there.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let host = production.host("debug", log).await;
    let here = flow.moved_to(host.adopt(&flow.tenant));

    for _ in 0..500 {
        assert_eq!(post(&here.url(), None, "unsigned").await.0, 432);
    }
    assert_eq!(here.count("token-of-ana").await, 1);
    // Unread lines wait as long as the pipe and the queue have room, so none need be lost.
    if unread.is_none() {
        let metrics = host.admin().get("/metrics").await.text;
        let lost = metrics
            .lines()
            .find_map(|line| line.strip_prefix("flowhost_host_log_lines_lost_total "));
        assert!(lost.unwrap().parse::<u64>().unwrap() > 0, "{lost:?}");
    }
    assert_eq!(host.admin().get("/readyz").await.status, 200);

    flow.set(json!({"disabled": true})).await;
    eventually("the kill switch is heard", async || {
        (here.client().call(&payload::ping()).await.unwrap().status == 503).then_some(())
    })
    .await;
    host.terminate();
    assert_eq!(host.ended().await.code(), Some(0));
}

/// A database, and everything needed to start hosts on it.
struct Production {
    database: TestDatabase,
    folder: tempfile::TempDir,
    token: AdminToken,
    key: String,
}

impl Production {
    async fn new() -> Self {
        let key = MasterKey::generate().to_base64().to_string();
        let folder = tempfile::tempdir().unwrap();
        Self {
            database: TestDatabase::migrated().await,
            folder,
            token: AdminToken::generate(),
            key,
        }
    }

    async fn host(&self, filter: &str, log: Stdio) -> HostProcess {
        let mut command = flowhost(&["serve"]);
        command.env("DATABASE_URL", self.database.url()).env("FLOWHOST_MASTER_KEY", &self.key);
        command.env("FLOWHOST_ADMIN_TOKEN", self.token.expose());
        HostProcess::serving_and_logging(
            command,
            self.folder.path(),
            self.token.expose(),
            filter,
            log,
        )
        .await
    }
}
