//! `flowhost dev --plugin`: a project is built, deployed and served, with what its `dev.toml` says.

use std::fs;
use std::path::Path;
use std::process::Command;

use flowhost_client::payload;
use flowhost_tests::{
    DataFolder, Ended, HostProcess, Outside, eventually_built, flowhost, repository,
};
use serde_json::json;

#[tokio::test]
async fn a_project_is_served_with_the_settings_secrets_and_mocks_of_its_file() {
    let (outside, data, folder) =
        (Outside::start().await, DataFolder::new(), tempfile::tempdir().unwrap());
    let project = folder.path().join("prices");
    write_project(&project);
    let file = format!(
        "[config]\ngreeting = \"Hello\"\n\
         [secrets]\nkey = {{ value = \"recognisable-dev-secret\", hosts = [\"api.example.com\"] }}\n\
         [mocks]\n\"api.example.com\" = \"http://{}\"\n",
        outside.plain
    );
    fs::write(project.join("dev.toml"), file).unwrap();

    let in_target = |command: &mut Command| {
        command.arg(&project).env("CARGO_TARGET_DIR", repository("target/wasm"));
    };
    // The first build may take longer than anything else here.
    let mut build = flowhost(&["plugin", "build"]);
    in_target(&mut build);
    let built = Ended::of(build).await;
    assert_eq!(built.code, Some(0), "{built:?}");

    let host = HostProcess::dev_with(&data, |command| in_target(command.arg("--plugin"))).await;
    let client = host.dev_client(&data, "prices").await;

    let reply = client.call(&payload::init("token-of-ana")).await.unwrap();

    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.payload.unwrap()["data"]["said"], "Hello 200");
    // The first was that of the trial before the plugin became active.
    let visits = outside.visits();
    let [_, visit] = &visits[..] else { panic!("{visits:#?}") };
    assert_eq!(visit.header("host"), Some("api.example.com"));
    assert_eq!(visit.header("authorization"), Some("Bearer recognisable-dev-secret"));

    // What is in the file no longer goes, and what was set otherwise stays.
    let config = "/v1/tenants/dev/flows/prices/config";
    let own = json!({"value": "by hand"});
    host.admin().call("PUT", &format!("{config}/own"), own).await.expect(204);
    fs::write(project.join("dev.toml"), "[config]\nwelcome = \"Hello\"\n").unwrap();
    eventually_built("the settings are the file's", async || {
        let list = host.admin().get(config).await.expect(200);
        let keys: Vec<_> = list["config"].as_array()?.iter().map(|value| &value["key"]).collect();
        (keys == ["own", "welcome"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn mocks_are_for_development_only() {
    for arguments in [
        &["serve", "--mock", "api.example.com=http://127.0.0.1:1"][..],
        &["serve", "--ca", "own-ca.pem"],
        &["dev", "--mock", "api.example.com=http://8.8.8.8"],
    ] {
        let refused = Ended::of(flowhost(arguments)).await;
        assert_eq!(refused.code, Some(64), "{refused:?}");
    }
}

fn write_project(project: &Path) {
    fs::create_dir_all(project.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"prices\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [lib]\ncrate-type = [\"cdylib\"]\n\
         [dependencies]\nflowhost-sdk = {{ path = {:?} }}\n\
         [profile.release]\nopt-level = \"s\"\nlto = true\ncodegen-units = 1\npanic = \"abort\"\nstrip = \"debuginfo\"\n\
         [workspace]\n",
        repository("guest-sdk")
    );
    fs::write(project.join("Cargo.toml"), manifest).unwrap();
    // The versions that other guests have, which are compiled already.
    fs::copy(repository("tests/hostile/Cargo.lock"), project.join("Cargo.lock")).unwrap();
    fs::write(project.join("flowhost.toml"), "[requests]\nhttp = [\"api.example.com\"]\n").unwrap();
    fs::write(project.join("src/lib.rs"), SOURCE).unwrap();
}

const SOURCE: &str = r#"
use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, config, http, json};

struct Prices;

impl FlowPlugin for Prices {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let answer = http::Request::get("https://api.example.com/close")
            .header("authorization", "Bearer {{secret:key}}")
            .send()?;
        let said = format!("{} {}", config::require("greeting")?, answer.status());
        Ok(Reply::screen("PRICES").data(json!({ "said": said })))
    }

    fn submit(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Err(Error::internal("it has one screen"))
    }
}

flowhost_sdk::export!(Prices);
"#;
