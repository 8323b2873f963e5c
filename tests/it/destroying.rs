//! Destructive commands need `--yes` if there is no terminal on which to ask for confirmation.

use flowhost_tests::{Component, Ended, TestHost, flowhost};
use serde_json::{Value, json};

#[tokio::test]
async fn without_a_terminal_what_destroys_needs_a_yes() {
    let host = TestHost::start().await;
    host.admin().call("POST", "/v1/partners", json!({"slug": "solo"})).await.expect(201);
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow_without_plugin("booking", json!({})).await;
    flow.upload(Component::Steady.bytes().await).await.expect(201);
    tenant
        .call("PUT", "/flows/booking/config/greeting", json!({"value": "Hi", "secret": false}))
        .await
        .expect(204);
    let flow_json = include_str!("../../plugins/appointment/flow.json");
    tenant
        .call("PUT", "/flows/booking/flow-json", serde_json::from_str(flow_json).unwrap())
        .await
        .expect(204);
    tenant
        .call("PUT", "/graph", json!({"access_token": "token", "phone_number_ids": ["1"]}))
        .await
        .expect(204);
    let token =
        host.admin().call("POST", "/v1/api-tokens", json!({"scope": "operator"})).await.expect(201);
    let old = tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"][0]["id"].clone();
    tenant.call("POST", "/keys", json!({})).await.expect(201);

    let minted = tenant.call("POST", "/flows/booking/tokens", json!({})).await.expect(201);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{}\n", minted["flow_token"].as_str().unwrap())).unwrap();
    let flow_token = file.path().display().to_string();

    for command in [
        &["flow", "config", "delete", "acme", "booking", "greeting"][..],
        &["flow", "json", "delete", "acme", "booking"],
        &["plugin", "delete", "acme", "booking", "1"],
        &["session", "delete", "acme", "booking", "--from-file", &flow_token],
        &["flow", "delete", "acme", "booking"],
        &["graph", "forget", "acme"],
        &["key", "delete", "acme", old.as_str().unwrap()],
        &["api-token", "revoke", token["id"].as_str().unwrap()],
        &["tenant", "delete", "acme"],
        &["partner", "delete", "solo"],
    ] {
        let unasked = run(&host, command).await;
        assert_eq!(unasked.code, Some(64), "{command:?}: {unasked:?}");
        assert!(unasked.stderr.contains("--yes"), "{command:?}: {unasked:?}");
        let meant = run(&host, &[command, &["--yes"]].concat()).await;
        assert_eq!(meant.code, Some(0), "it was still there, {command:?}: {meant:?}");
    }
}

async fn run(host: &TestHost, arguments: &[&str]) -> Ended {
    let mut command = flowhost(arguments);
    command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", host.admin_token());
    Ended::of(command).await
}
