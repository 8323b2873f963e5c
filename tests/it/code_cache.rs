//! The cache of compiled code: a restarted host loads only code that it sealed itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flowhost_protocol::crypto::{MasterKey, MasterKeys};
use flowhost_server::config::HostConfig;
use flowhost_tests::{Component, TestFlow, TestHost, logged, variant};
use serde_json::{Value, json};
use tempfile::TempDir;
use tracing::Level;

#[tokio::test]
async fn a_host_that_starts_again_needs_no_compiler() {
    let (cache, host, flow) = with_plugin(1).await;
    let again = host.second_configured(|config| without_compiler(config, cache.path())).await;

    assert_eq!(flow.at(&again).count("token-of-ana").await, 1);

    assert_eq!(
        fs::metadata(code_folder(cache.path())).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let file = only_file(cache.path());
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn without_a_cache_there_is_nothing_to_start_from() {
    let (_cache, host, flow) = with_plugin(2).await;
    let again = host.second_configured(|config| config.compile.program = "/bin/false".into()).await;

    assert_eq!(flow.at(&again).ask("count", "token-of-ana").await.status, 503);
}

#[tokio::test]
async fn any_damage_is_noticed_and_compiled_again() {
    let (cache, host, flow) = with_plugin(3).await;
    let file = only_file(cache.path());
    let good = fs::read(&file).unwrap();
    let flipped = |at: usize| {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        damaged
    };
    for damaged in [
        flipped(0),
        flipped(60),
        flipped(good.len() / 2),
        flipped(good.len() - 1),
        good[..good.len() / 2].to_vec(),
        Vec::new(),
    ] {
        fs::write(&file, damaged).unwrap();
        let blocked = host.second_configured(|config| without_compiler(config, cache.path())).await;
        assert_eq!(
            flow.at(&blocked).ask("count", "token-of-ana").await.status,
            503,
            "it is not loaded"
        );
        assert!(!file.exists(), "it is of no more use");

        let again = host
            .second_configured(|config| config.compile.code_cache = Some(code_folder(cache.path())))
            .await;
        assert_eq!(flow.at(&again).ask("count", "token-of-ana").await.status, 200);
        assert!(file.exists(), "it is there for the next start");
    }
    let digest =
        flow.call("GET", "/versions", Value::Null).await.expect(200)["versions"][0]["digest"]
            .clone();
    assert!(
        logged(Level::WARN, "it is compiled again")
            .iter()
            .any(|line| line.contains(digest.as_str().unwrap()))
    );
}

#[tokio::test]
async fn one_plugins_code_under_anothers_name_is_not_loaded() {
    let (cache, host, flow) = with_plugin(4).await;
    let first = only_file(cache.path());
    let other = flow.tenant.flow_without_plugin("other", json!({})).await;
    other.upload(variant(Component::Echo.bytes().await, 4)).await.expect(201);
    let second = files(cache.path()).into_iter().find(|file| *file != first).unwrap();
    fs::copy(&second, &first).unwrap();

    let again = host.second_configured(|config| without_compiler(config, cache.path())).await;

    assert_eq!(flow.at(&again).ask("count", "token-of-ana").await.status, 503);
}

#[tokio::test]
async fn code_of_another_master_key_is_compiled_again_the_second_keys_is_not() {
    let (cache, host, flow) = with_plugin(5).await;
    let new = MasterKey::generate();
    let both = MasterKeys::new(new, Some(host.master_key()));
    let again = host
        .second_configured(|config| {
            without_compiler(config, cache.path());
            config.master_keys = both;
        })
        .await;
    assert_eq!(flow.at(&again).count("token-of-ana").await, 1);

    let stranger = TestHost::compiling(|config| without_compiler(config, cache.path())).await;
    let flow = stranger.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    flow.upload(variant(Component::Steady.bytes().await, 5)).await.problem(500);
}

#[tokio::test]
async fn a_folder_that_can_not_be_used_is_said_so_and_costs_a_compilation() {
    // Nobody can create a folder there, not even root.
    let folder = PathBuf::from("/proc/flowhost-code-cache");
    let host = TestHost::compiling(|config| config.compile.code_cache = Some(folder.clone())).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;

    assert_eq!(flow.count("token-of-ana").await, 1);
    let lines = logged(Level::WARN, "the folder for compiled code can't be used");
    assert_eq!(
        lines.iter().filter(|line| line.contains("/proc/flowhost-code-cache")).count(),
        1,
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_folder_that_goes_away_is_said_so_and_costs_a_compilation() {
    let cache = TempDir::new().unwrap();
    let folder = code_folder(cache.path());
    let host = TestHost::compiling(|config| config.compile.code_cache = Some(folder.clone())).await;
    fs::remove_dir(&folder).unwrap();
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;

    assert_eq!(flow.count("token-of-ana").await, 1);
    let lines = logged(Level::WARN, "compiled code can't be kept");
    assert_eq!(
        lines.iter().filter(|line| line.contains(&*folder.to_string_lossy())).count(),
        1,
        "{lines:?}"
    );
}

#[tokio::test]
async fn an_upload_takes_its_time_even_if_another_tenants_is_in_the_cache() {
    let (cache, host, flow) = with_plugin(6).await;
    let again = host.second_configured(|config| without_compiler(config, cache.path())).await;
    let component = variant(Component::Steady.bytes().await, 6);
    let other = again.tenant("other").await.flow_without_plugin("booking", json!({})).await;

    flow.at(&again).upload(component.clone()).await.expect(201);

    // It went to the compiler, which this host lacks.
    other.upload(component).await.problem(500);
}

/// A host with a cache, and a flow whose active plugin has bytes that are unique to the test.
async fn with_plugin(number: u64) -> (TempDir, TestHost, TestFlow) {
    let cache = TempDir::new().unwrap();
    let host =
        TestHost::compiling(|config| config.compile.code_cache = Some(code_folder(cache.path())))
            .await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    flow.upload(variant(Component::Steady.bytes().await, number)).await.expect(201);
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    (cache, host, flow)
}

fn without_compiler(config: &mut HostConfig, cache: &Path) {
    config.compile.program = "/bin/false".into();
    config.compile.code_cache = Some(code_folder(cache));
}

/// The host creates this folder.
fn code_folder(cache: &Path) -> PathBuf {
    cache.join("code")
}

fn only_file(cache: &Path) -> PathBuf {
    let files = files(cache);
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap()
}

fn files(cache: &Path) -> Vec<PathBuf> {
    fs::read_dir(code_folder(cache)).unwrap().map(|entry| entry.unwrap().path()).collect()
}
