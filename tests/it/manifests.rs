//! The manifest in a component: how it gets lost, what is said then, and how it is written in again.

use std::fs;
use std::path::Path;

use flowhost_client::payload;
use flowhost_runtime::plugins::{Sections, section_id};
use flowhost_tests::{Component, Ended, TestFlow, TestHost, eventually, flowhost, repository};
use serde_json::{Value, json};

use crate::hostile::components::{HEADER, section};
use crate::hostile::composed::plugged;

#[tokio::test]
async fn however_a_manifest_was_lost_the_author_is_told_what_to_type() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let folder = tempfile::tempdir().unwrap();
    let (keeper, redactor) = (Component::Keeper.bytes().await, Component::Redactor.bytes().await);
    let cargos = repository("target/wasm/wasm32-wasip2/release/keeper.wasm");
    let writes_it = "`flowhost plugin build DIR --component FILE`";
    for (name, component, said) in [
        ("stripped", stripped(keeper), ["`wasm-tools strip`", writes_it]),
        ("composed", plugged(redactor, keeper), ["composed of others", writes_it]),
        ("cargos", fs::read(cargos).unwrap(), ["cargo's own output", "in target/flowhost/"]),
    ] {
        let file = folder.path().join(format!("{name}.wasm"));
        fs::write(&file, &component).unwrap();

        let uploaded = flow.upload(component).await.expect(201);
        let checked = run(&host, &["plugin", "check"], &file).await;
        let deploy = ["plugin", "deploy", "acme", "booking", "--no-activate"];
        let deployed = run(&host, &deploy, &file).await;

        assert_eq!(uploaded["manifest"], false, "{name}");
        assert_eq!((checked.code, deployed.code), (Some(0), Some(0)), "{checked:?} {deployed:?}");
        for told in [uploaded["lost_manifest"].as_str().unwrap(), &checked.stdout, &deployed.stdout]
        {
            assert!(told.contains("has no manifest, so it may reach nothing"), "{name}: {told}");
            assert!(said.iter().all(|said| told.contains(said)), "{name}: {told}");
        }
    }
}

#[tokio::test]
async fn a_component_of_parts_gets_a_manifest_and_is_served() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("booking.wasm");
    let parts = plugged(Component::Redactor.bytes().await, Component::Keeper.bytes().await);
    fs::write(&file, parts).unwrap();
    let keeper = repository("tests/hostile/keeper");

    let written = run(&host, &["plugin", "build", &keeper, "--json", "--component"], &file).await;

    let written: Value = serde_json::from_str(&written.stdout).unwrap();
    assert_eq!(written["path"], json!(file));
    assert_eq!(written["requests"], json!({"http": [], "store": true, "media": false}));
    assert_eq!(written["sdk"], "0.1.0", "that of the part that has one");
    let deployed = run(&host, &["plugin", "deploy", "acme", "booking", "--grant"], &file).await;
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    assert!(!deployed.stdout.contains("manifest"), "{deployed:?}");
    keeps_and_redacts(&flow).await;
}

/// The parts work together, and may do what the manifest asks for.
pub(crate) async fn keeps_and_redacts(flow: &TestFlow) {
    let submit = async |form: Value| {
        let form = payload::data_exchange("FORM", form, "token-of-ana");
        flow.client().call(&form).await.unwrap().payload.unwrap()["data"].clone()
    };
    submit(json!({"do": "set", "key": "a", "value": "b"})).await;
    assert_eq!(submit(json!({"do": "get", "key": "a"})).await["value"], "b");
    submit(json!({"do": "log", "level": "warn", "value": "card 4111 1111, zwölf Uhr"})).await;
    eventually("the line is written without digits", async || {
        let log = flow.call("GET", "/logs", Value::Null).await.text;
        log.contains("card #### ####, zwölf Uhr").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_file_that_can_not_be_used_is_refused_in_one_sentence() {
    let host = TestHost::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (module, keeper) = (folder.path().join("module.wasm"), repository("tests/hostile/keeper"));
    fs::write(&module, b"\0asm\x01\0\0\0").unwrap();
    let nothing = folder.path().to_str().unwrap();
    for (arguments, code, said) in [
        (&["plugin", "build", &keeper, "--component"][..], 1, "core module"),
        (&["plugin", "build", nothing, "--component"], 1, "has no flowhost.toml"),
        (&["dev", "--plugin"], 64, "is a file: name the folder of a plugin project"),
    ] {
        let refused = run(&host, arguments, &module).await;

        assert_eq!(refused.code, Some(code), "{arguments:?}: {refused:?}");
        assert!(refused.stderr.contains(said), "{arguments:?}: {refused:?}");
        assert_eq!(fs::read(&module).unwrap(), b"\0asm\x01\0\0\0", "it is as it was");
    }
}

/// Runs the program on a file.
async fn run(host: &TestHost, arguments: &[&str], file: &Path) -> Ended {
    let mut command = flowhost(arguments);
    command
        .arg(file)
        .env("FLOWHOST_URL", host.admin().url(""))
        .env("FLOWHOST_TOKEN", host.admin_token());
    Ended::of(command).await
}

/// As `wasm-tools strip --all` leaves a component: without custom sections, its own and those of the
/// modules in it.
fn stripped(component: &[u8]) -> Vec<u8> {
    let (_, sections) = Sections::of(component, 0..component.len()).unwrap();
    let kept = sections.filter(|(id, _)| *id != section_id::CUSTOM).map(|(id, content)| {
        let content = &component[content];
        match Sections::of(content, 0..content.len()) {
            Some(_) => section(id, &stripped(content)),
            None => section(id, content),
        }
    });
    component[..HEADER.len()].iter().copied().chain(kept.flatten()).collect()
}
