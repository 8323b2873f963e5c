//! The Flow JSON of a version of the plugin: it becomes the flow's with the version, and comes back
//! with it.

use flowhost_tests::{AdminReply, Component, Ended, TestFlow, TestHost, flowhost};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{document, put};

#[tokio::test]
async fn each_version_brings_its_own_and_a_rollback_brings_back_the_one_before() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Parrot).await;
    assert_eq!(served(&flow).await, Value::Null);
    put(&flow, &titled("one")).await;
    let one = served(&flow).await;

    uploaded(&flow, Component::Steady).await;
    put_for(&flow, 2, &titled("two")).await.expect(204);
    assert_eq!(served(&flow).await, one, "version 2 is not active");
    let audit = host.admin().get("/v1/audit?limit=1").await.expect(200);
    assert_eq!(audit["entries"][0]["before"], Value::Null, "version 2 had none");
    activate(&flow, 2).await;
    let two = served(&flow).await;
    assert_ne!(two, one);
    let text = flow.call("GET", "/flow-json", Value::Null).await.text;
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), titled("two"));

    let back = flow.call("POST", "/rollback", Value::Null).await.expect(200);
    assert_eq!(back["new_flow_json"], one, "it has to be published at Meta");
    assert_eq!(served(&flow).await, one, "also if it was set on its own");
    activate(&flow, 2).await;
    assert_eq!(served(&flow).await, two);
    let of_versions: Vec<_> =
        versions(&flow).await.iter().map(|version| version["flow_json_digest"].clone()).collect();
    assert_eq!(of_versions, [two.clone(), one]);

    // What is set for the active version is served at once, and stays with it.
    put_for(&flow, 2, &titled("three")).await.expect(204);
    let three = served(&flow).await;
    assert_ne!(three, two);
    flow.call("DELETE", "/flow-json", Value::Null).await.expect(204);
    assert_eq!(versions(&flow).await[0]["flow_json_digest"], Value::Null);
    // One without leaves the flow's as it is.
    activate(&flow, 1).await;
    let of_one = served(&flow).await;
    activate(&flow, 2).await;
    assert_eq!(served(&flow).await, of_one);
}

#[tokio::test]
async fn what_a_flow_had_before_its_first_version_comes_back_with_that_version() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    put(&flow, &titled("one")).await;
    let one = served(&flow).await;
    flow.deploy(Component::Steady).await;
    assert_eq!(served(&flow).await, one);
    uploaded(&flow, Component::Parrot).await;
    put_for(&flow, 2, &titled("two")).await.expect(204);
    activate(&flow, 2).await;
    assert_ne!(served(&flow).await, one);

    flow.call("POST", "/rollback", Value::Null).await.expect(200);

    assert_eq!(served(&flow).await, one);
}

#[tokio::test]
async fn a_version_is_tried_against_its_own() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Parrot).await;
    put(&flow, &document()).await;
    let rehearse = async |version: i32| {
        let data = json!({"do": "screen", "screen": [["ELSEWHERE", 1]], "data": [["{}", 1]]});
        flow.call("POST", &format!("/versions/{version}/rehearse"), json!({ "data": data })).await
    };
    rehearse(1).await.problem(422);
    uploaded(&flow, Component::Parrot).await;
    let renamed = document().to_string().replace("START", "ELSEWHERE");
    put_for(&flow, 2, &serde_json::from_str(&renamed).unwrap()).await.expect(204);

    assert_eq!(rehearse(2).await.expect(200)["screen"], "ELSEWHERE");
    rehearse(1).await.problem(422);
}

#[tokio::test]
async fn a_version_that_is_not_there_has_none_and_a_bad_one_is_refused() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;

    put_for(&flow, 7, &document()).await.problem(404);
    put_for(&flow, 1, &json!({"version": "7.3"})).await.problem(422);
    assert_eq!(served(&flow).await, Value::Null);
}

#[tokio::test]
async fn deploy_takes_it_along_and_makes_no_version_of_what_is_there() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let folder = TempDir::new().unwrap();
    let component = folder.path().join("steady.wasm");
    std::fs::write(&component, Component::Steady.bytes().await).unwrap();
    let deploy = async |more: &[&str]| {
        let mut command = flowhost(&["plugin", "deploy", "acme", "booking", "--json"]);
        command.arg(&component).args(more);
        let ended = run(&host, command).await;
        serde_json::from_str::<Value>(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
    };

    let first = deploy(&["--note", "opening hours"]).await;
    let again = deploy(&[]).await;

    assert_eq!((&first["version"], &first["existed"]), (&json!(1), &json!(false)));
    assert_eq!((&again["version"], &again["existed"]), (&json!(1), &json!(true)));
    assert_eq!(versions(&flow).await[0]["note"], "opening hours");
    deploy(&["--note", "hours, mended"]).await;
    assert_eq!(versions(&flow).await[0]["note"], "hours, mended", "also if it was there");
    // The same component with another Flow JSON is another version.
    let other = format!("?unless_same=true&flow_json_digest=sha256:{}", "0".repeat(64));
    let path = format!("/v1/tenants/acme/flows/booking/versions{other}");
    let bytes = Component::Steady.bytes().await.to_vec();
    let sent = host.admin().send("POST", &path, "application/wasm", bytes).await;
    assert_eq!(sent.expect(201)["version"], 2);
    let listed = run(&host, flowhost(&["plugin", "versions", "acme", "booking"])).await;
    assert!(
        listed.stdout.contains("hours, mended") && listed.stdout.contains("sha256:"),
        "{listed:?}"
    );
    let refused = flow.tenant.call("POST", "/flows/booking/versions?note=a%0Ab", json!({})).await;
    assert!(refused.problem(422).contains("one line"), "{}", refused.text);
}

#[tokio::test]
async fn a_version_that_is_not_active_can_be_deleted() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Parrot).await;
    uploaded(&flow, Component::Steady).await;
    activate(&flow, 2).await;
    let components = async || {
        let count = sqlx::query_scalar::<_, i64>("select count(*) from components");
        count.fetch_one(&host.database().pool().await).await.unwrap()
    };
    assert_eq!(components().await, 2);
    let delete = async |version: i32| {
        flow.call("DELETE", &format!("/versions/{version}"), Value::Null).await
    };

    assert!(delete(2).await.problem(409).contains("active"));
    delete(1).await.expect(204);
    delete(1).await.problem(404);

    assert_eq!(components().await, 1, "nobody else uses it");
    assert!(flow.call("POST", "/rollback", Value::Null).await.problem(409).contains("no version"));
    assert_eq!(flow.count("token-of-ana").await, 1);
}

/// The digest of the Flow JSON that replies are checked against.
async fn served(flow: &TestFlow) -> Value {
    flow.call("GET", "", Value::Null).await.expect(200)["flow_json_digest"].clone()
}

async fn versions(flow: &TestFlow) -> Vec<Value> {
    let list = flow.call("GET", "/versions", Value::Null).await.expect(200);
    list["versions"].as_array().unwrap().clone()
}

async fn uploaded(flow: &TestFlow, component: Component) {
    flow.upload(component.bytes().await).await.expect(201);
}

async fn put_for(flow: &TestFlow, version: i32, document: &Value) -> AdminReply {
    flow.call("PUT", &format!("/versions/{version}/flow-json"), document.clone()).await
}

async fn activate(flow: &TestFlow, version: i32) {
    flow.call("POST", "/activate", json!({ "version": version })).await.expect(200);
}

async fn run(host: &TestHost, mut command: std::process::Command) -> Ended {
    command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", host.admin_token());
    Ended::of(command).await
}

fn titled(title: &str) -> Value {
    let mut document = document();
    document["screens"][0]["title"] = title.into();
    document
}
