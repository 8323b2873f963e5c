//! Components that were built once and are kept in `fixtures/components/`: every host takes them and
//! answers as it did then, whatever has changed since. Nothing here builds them again.
//!
//! Between them they call every function of the contract, with every type that it has, so a contract
//! that is no longer theirs makes their upload fail: a component is linked when it is uploaded, and
//! then all of its imports and exports have to fit.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flowhost_client::payload;
use flowhost_runtime::plugins::inspect;
use flowhost_tests::{
    Outside, TestFlow, TestHost, eventually, fixture, repository, watch, without_manifest,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::manifests::keeps_and_redacts;

/// The languages of which a component of each version of the contract is kept. Python's takes 17 MiB;
/// `it/python.rs` makes one in each run.
const LANGUAGES: [&str; 2] = ["rust", "typescript"];

/// What is kept: the contract's version, the file's name, and its SHA-256, since nobody is to build it
/// again.
const KEPT: [(&str, &str, &str); 3] = [
    ("v1", "rust", "b922397980d3318aa6ea9efd020c5b937294108a8090d33de86c62e5a55dd7ff"),
    ("v1", "typescript", "71dfb6ba418bfc692b6d4bb640451c793408ec39c81828e9c4b87f1bffc5a41e"),
    ("v1", "wac-plug", "2a7ff12960b39849113fee43acbea028c07afd49ce1429db787a741c27d260be"),
];

#[test]
fn each_version_of_the_contract_has_its_components_as_they_were() {
    let versions: BTreeSet<String> = fs::read_dir(repository("guest-sdk/wit"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    for language in LANGUAGES {
        let kept: BTreeSet<String> = KEPT
            .into_iter()
            .filter(|(_, kept, _)| *kept == language)
            .map(|(version, ..)| version.to_owned())
            .collect();
        assert_eq!(kept, versions, "{language}: fixtures/components/README.md says how to make it");
    }
    for (version, name, digest) in KEPT {
        let found = hex::encode(Sha256::digest(component(version, name)));
        assert_eq!(found, digest, "{version}/{name}.wasm is another one");
    }
}

#[test]
fn what_is_kept_imports_all_of_the_contract() {
    let contract = fs::read_to_string(repository("guest-sdk/wit/v1/flow.wit")).unwrap();
    let imported = contract.lines().filter_map(|line| line.trim().strip_prefix("import "));
    let imported: Vec<_> = imported.map(|name| name.trim_end_matches(';')).collect();
    assert_eq!(imported.len(), 5, "{imported:?}");
    for language in LANGUAGES {
        let inspection = inspect(&component("v1", language)).unwrap();
        for name in &imported {
            let name = format!("flowhost:flow/{name}@1.0.0");
            assert!(inspection.imports.contains(&name), "{language}: {name}");
        }
    }
}

/// As if the contract were another one than the component's.
#[tokio::test]
async fn a_type_that_is_not_the_contracts_any_more_is_noticed_at_the_upload() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("kept", json!({})).await;
    let kept = component("v1", "rust");
    for (was, is, function) in
        [("check-failed", "check-passed", "`fetch`"), ("unavailable", "unreachable", "`get`")]
    {
        let at = kept.windows(was.len()).position(|bytes| bytes == was.as_bytes()).unwrap();
        let mut changed = kept.clone();
        changed[at..at + is.len()].copy_from_slice(is.as_bytes());

        let refused = flow.upload(changed).await;

        let why = refused.problem(422);
        assert!(why.contains(function) && why.contains(was), "{why}");
    }
}

#[tokio::test]
async fn a_component_of_rust_that_was_built_long_ago_still_plays() {
    plays("v1", "rust").await;
}

#[tokio::test]
async fn a_component_of_typescript_that_was_built_long_ago_still_plays() {
    plays("v1", "typescript").await;
}

/// The host keeps their runtime once: a test in `plugins/native_code.rs` loads the same two.
#[tokio::test]
async fn two_plugins_with_one_runtime_each_say_their_own() {
    let host = TestHost::start().await;
    let kept = component("v1", "typescript");
    let says = ["not this one", "not that one"];
    let mut changed = kept.clone();
    for at in 0..kept.len() {
        if kept[at..].starts_with(says[0].as_bytes()) {
            changed[at..][..says[1].len()].copy_from_slice(says[1].as_bytes());
        }
    }
    let flows = [deployed(&host, "acme", kept).await, deployed(&host, "other", changed).await];
    for _ in 0..2 {
        for (flow, says) in flows.iter().zip(says) {
            assert_eq!(data(flow, "refuse", TOKEN).await, json!({"error_message": says}));
        }
    }
}

/// Made by the real tool, of `tests/hostile/redactor` and `keeper`; `hostile/composed.rs` composes them
/// as they are now by a library that does the same.
#[tokio::test]
async fn what_wac_plug_made_is_served() {
    let host = TestHost::start().await;
    let store = json!({"grants": {"store": true}});
    let flow = host.tenant("acme").await.flow_without_plugin("kept", store).await;

    let uploaded = flow.upload(component("v1", "wac-plug")).await.expect(201);

    assert_eq!((&uploaded["manifest"], &uploaded["sdk"]), (&json!(true), &json!("0.1.0")));
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    keeps_and_redacts(&flow).await;
}

/// Deploys what is kept, and plays a conversation that calls all of the contract.
async fn plays(version: &str, language: &str) {
    let outside = Outside::start().await;
    let egress = outside.egress();
    let host = TestHost::configured(|config| config.egress = egress).await;
    let flow = deployed(&host, "acme", component(version, language)).await;

    opens_goes_back_and_counts(&flow).await;
    keeps_draws_and_is_told(&flow).await;
    reaches_what_is_granted(&flow, &outside).await;
    refuses_fails_and_ends(&flow).await;
    says_in_the_log_what_it_said_then(&flow).await;
    flow.set(json!({"grants": {"store": false}})).await;
    assert_eq!(flow.ask("keep", "token-without-a-store").await.status, 500);
}

async fn deployed(host: &TestHost, tenant: &str, component: Vec<u8>) -> TestFlow {
    let grants = json!({"grants": {"http": ["api.example.com"], "store": true, "media": true}});
    let flow = host.tenant(tenant).await.flow_without_plugin("kept", grants).await;
    let asked_for = json!({"http": ["api.example.com:443"], "store": true, "media": true});
    let uploaded = flow.upload(component).await.expect(201);
    assert_eq!((&uploaded["manifest"], &uploaded["requests"]), (&json!(true), &asked_for));
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    flow.call("PUT", "/config/greeting", json!({"value": "Zoë"})).await.expect(204);
    watch(SECRET);
    let bound = json!({"value": SECRET, "secret": true, "hosts": ["api.example.com"]});
    flow.call("PUT", "/config/key", bound).await.expect(204);
    flow
}

async fn opens_goes_back_and_counts(flow: &TestFlow) {
    let answer = async |request: Value| {
        let reply = flow.client().call(&request).await.unwrap();
        assert_eq!(reply.status, 200, "{request}");
        reply.payload.unwrap()
    };
    let opened = answer(payload::init(TOKEN)).await;
    assert_eq!(opened, json!({"screen": "FORM", "data": {"greeting": "Zoë"}}));
    let back = answer(payload::back("LATER", TOKEN)).await;
    assert_eq!(back, json!({"screen": "FORM", "data": {"from": "LATER", "count": 2}}));
    let counted = data(flow, "count", TOKEN).await;
    assert_eq!(counted, json!({"count": 3, "exchanges": 2, "error_message": "so many"}));
    let report = payload::error_notification("FORM", "some-error", "on a phone", TOKEN);
    answer(report).await;
}

async fn keeps_draws_and_is_told(flow: &TestFlow) {
    let kept = data(flow, "keep", TOKEN).await;
    let keys = ["whole/a", "whole/b"];
    assert_eq!(
        kept,
        json!({"swapped": true, "again": false, "keys": keys, "a": "世界", "b": null})
    );
    let drawn = data(flow, "draw", TOKEN).await;
    assert_eq!(drawn, json!({"characters": 6, "is_later_than_2020": true}));
    let minted = flow.call("POST", "/tokens", json!({"context": {"customer": 7}})).await;
    let minted = minted.expect(201)["flow_token"].as_str().unwrap().to_owned();
    watch(&minted);
    let told = data(flow, "context", &minted).await;
    assert_eq!(told, json!({"context": {"customer": 7}, "shared": false}));
}

async fn reaches_what_is_granted(flow: &TestFlow, outside: &Outside) {
    let body = r#"{"day":"2026-11-23"}"#;
    let sent = data(flow, "send", TOKEN).await;
    assert_eq!(
        sent,
        json!({"status": 200, "method": "POST", "body": body, "refused": "not-granted"})
    );
    let [visit] = &outside.visits()[..] else { panic!("one request was granted") };
    assert_eq!(visit.header("authorization"), Some(&*format!("Bearer {SECRET}")));

    let vectors: Value = serde_json::from_str(&fixture("media.json")).unwrap();
    let vector = &vectors["vectors"][0];
    outside.put_file("photo", STANDARD.decode(vector["file"].as_str().unwrap()).unwrap());
    for key in ["encryption_key", "hmac_key"] {
        watch(vector["encryption_metadata"][key].as_str().unwrap());
    }
    for (url, expected) in [
        ("https://mmg.whatsapp.net/file/photo", json!({"text": "a small picture, as it were"})),
        ("https://api.example.com/file/photo", json!({"error": "invalid-reference"})),
    ] {
        let photo = json!({"media_id": "1", "cdn_url": url, "file_name": "a.jpg", "encryption_metadata": vector["encryption_metadata"]});
        let form = json!({"do": "fetch", "photo": photo});
        let reply = flow.client().call(&payload::data_exchange("FORM", form, TOKEN)).await.unwrap();
        assert_eq!(reply.payload.unwrap()["data"], expected);
    }
}

async fn refuses_fails_and_ends(flow: &TestFlow) {
    let before = data(flow, "count", TOKEN).await["count"].as_u64().unwrap();
    let refused = data(flow, "refuse", TOKEN).await;
    assert_eq!(refused, json!({"error_message": "not this one"}));
    assert_eq!(flow.ask("fail", TOKEN).await.status, 500);
    let after = data(flow, "count", TOKEN).await["count"].as_u64().unwrap();
    assert_eq!(after, before + 1, "what is refused or fails leaves the state as it was");

    let rejected = flow.ask("reject", "token-to-reject").await;
    assert_eq!(rejected.status, 427);
    assert_eq!(rejected.payload.unwrap(), json!({"error_msg": "This offer has ended."}));
    let closed = flow.ask("close", "token-to-close").await;
    assert_eq!((closed.status, &closed.payload.unwrap()["screen"]), (200, &json!("SUCCESS")));
    let ended = flow.ask("end", TOKEN).await.payload.unwrap();
    let params = &ended["data"]["extension_message_response"]["params"];
    assert_eq!((&ended["screen"], &params["count"]), (&json!("SUCCESS"), &json!(after + 1)));
}

async fn says_in_the_log_what_it_said_then(flow: &TestFlow) {
    data(flow, "say", "token-of-one-who-says").await;
    let expected = [
        "info: opened for Zoë",
        "error: the phone reports some-error: on a phone",
        "error: it failed",
        "trace: t",
        "debug: d",
        "warn: w",
        "error: e",
    ];
    eventually("every line is written", async || {
        let log = flow.call("GET", "/logs?limit=100", Value::Null).await.text;
        let lines: Vec<String> = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| {
                format!(
                    "{}: {}",
                    line["level"].as_str().unwrap(),
                    line["message"].as_str().unwrap()
                )
            })
            .collect();
        let is_there = |said: &&str| lines.iter().any(|line| line.contains(*said));
        expected.iter().all(is_there).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_asks_by_its_manifest_alone() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("kept", json!({})).await;
    for (version, name, _) in KEPT {
        let uploaded = flow.upload(without_manifest(&component(version, name))).await;
        assert_eq!(uploaded.expect(201)["requests"]["store"], false, "{version}/{name}");
    }
}

/// The data of the screen that a form with the field `do` leads to.
async fn data(flow: &TestFlow, what: &str, token: &str) -> Value {
    let reply = flow.ask(what, token).await;
    assert_eq!(reply.status, 200, "{what}: {reply:?}");
    reply.payload.unwrap()["data"].clone()
}

fn component(version: &str, language: &str) -> Vec<u8> {
    let file = repository(&format!("tests/fixtures/components/{version}/{language}.wasm"));
    fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

const SECRET: &str = "recognisable-kept-secret";

const TOKEN: &str = "token-of-ana";
