//! Output that can't be written: a reader that stops early, and a full disk.

use std::fs::File;
use std::io::pipe;
use std::process::Stdio;

use flowhost_tests::{Component, Ended, TestHost, flowhost};
use serde_json::json;

#[tokio::test]
async fn a_reader_that_has_enough_is_no_failure() {
    let host = started().await;
    for command in COMMANDS {
        let (reader, writer) = pipe().unwrap();
        drop(reader);

        let ended = run(&host, command, writer.into()).await;

        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{command:?}");
    }
}

#[tokio::test]
async fn a_result_that_is_lost_to_a_full_disk_is_a_failure() {
    let host = started().await;
    for command in COMMANDS {
        let full = File::options().write(true).open("/dev/full").unwrap();

        let ended = run(&host, command, full.into()).await;

        assert_eq!(ended.code, Some(1), "{command:?}: {ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{command:?}: {ended:?}");
        assert!(
            command == ["--help"] || ended.stderr.contains("can't be printed"),
            "{command:?}: {ended:?}"
        );
    }
}

#[tokio::test]
async fn an_error_that_nobody_is_told_is_one_all_the_same() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for arguments in [&["tenant", "list", "--admin-url", "http://127.0.0.1:1"][..], &["frobnicate"]]
    {
        let mut command = flowhost(arguments);
        command.stdout(full()).stderr(full());
        let ended = Ended::of(command).await;
        assert_eq!(ended.code, Some(if arguments.len() == 1 { 64 } else { 1 }), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_log_is_followed_no_longer_than_somebody_reads_it() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    flow.ask("flood", "token-of-ana").await;

    let ended = run(&host, &["plugin", "logs", "acme", "booking", "--follow"], writer.into()).await;

    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

async fn started() -> TestHost {
    let host = TestHost::start().await;
    host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    host
}

async fn run(host: &TestHost, arguments: &[&str], stdout: Stdio) -> Ended {
    let mut command = flowhost(arguments);
    command
        .env("FLOWHOST_URL", host.admin().url(""))
        .env("FLOWHOST_TOKEN", host.admin_token())
        .stdout(stdout);
    Ended::of(command).await
}

const COMMANDS: [&[&str]; 7] = [
    &["--help"],
    &["tenant", "list"],
    &["tenant", "list", "--json"],
    &["key", "list", "acme", "--pem"],
    &["flow", "show", "acme", "booking"],
    &["audit"],
    &["master-key", "generate"],
];
