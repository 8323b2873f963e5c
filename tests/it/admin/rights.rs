//! The limits of lesser tokens: they do not outlive the token that made them, can't switch on what
//! was switched off, and can't read what customers typed.

use flowhost_client::payload;
use flowhost_tests::{Admin, Component, TestHost, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn a_token_is_revoked_with_the_one_that_made_it() {
    let host = TestHost::start().await;
    let second = host.second().await;
    host.tenant_without_app_secret("acme").await;
    let (partner, partner_id) = make(host.admin(), json!({"partner": "default"})).await;
    let (child, _) = make(&partner, json!({"partner": "default"})).await;
    let (grandchild, grandchild_id) = make(&child, json!({"tenant": "acme", "role": "read"})).await;
    let (other, _) = make(host.admin(), json!({"tenant": "acme", "role": "read"})).await;
    second.admin().with_token(grandchild.token()).get("/v1/tenants/acme").await.expect(200);

    host.admin().call("DELETE", &format!("/v1/api-tokens/{partner_id}"), Value::Null).await.expect(204);

    for gone in [&partner, &child, &grandchild] {
        second.admin().with_token(gone.token()).get("/v1/tenants/acme").await.problem(401);
    }
    other.get("/v1/tenants/acme").await.expect(200);
    let entry = host.admin().get("/v1/audit?limit=1").await.expect(200)["entries"][0].clone();
    assert_eq!(entry["action"], "api-token.delete");
    assert!(entry["after"]["revoked"].as_array().unwrap().contains(&json!(grandchild_id)), "{entry}");
}

#[tokio::test]
async fn a_token_lives_no_longer_than_the_one_that_made_it() {
    let host = TestHost::start().await;
    let short = host.api_token(json!({"partner": "default", "expires_in_seconds": 5})).await;
    let mut children = Vec::new();
    for asked in [json!({"partner": "default"}), json!({"partner": "default", "expires_in_seconds": 1_000_000})] {
        let made = short.call("POST", "/v1/api-tokens", asked).await.expect(201);
        assert!(made["expires_at"].is_string(), "it is told how long it lives: {made}");
        children.push(host.admin().with_token(made["token"].as_str()));
    }
    let shorter = short.call("POST", "/v1/api-tokens", json!({"partner": "default", "expires_in_seconds": 1})).await.expect(201);
    let ends = |token: &Value| token["expires_at"].as_str().unwrap().to_owned();
    let list = host.admin().get("/v1/api-tokens").await.expect(200)["api_tokens"].clone();
    assert_eq!((ends(&list[1]), ends(&list[2])), (ends(&list[3]), ends(&list[3])), "{list}");
    assert_eq!(ends(&list[0]), ends(&shorter), "{list}");

    for child in children {
        eventually("it ends", async || (child.get("/v1/tenants").await.status == 401).then_some(())).await;
    }
}

#[tokio::test]
async fn who_deploys_may_switch_a_flow_off_and_not_on_again() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let deployer = host.api_token(json!({"tenant": "acme", "role": "deploy"})).await;
    let path = "/v1/tenants/acme/flows/booking";
    deployer.call("PATCH", path, json!({"disabled": true})).await.expect(200);

    deployer.call("PATCH", path, json!({"disabled": false})).await.problem(403);
    deployer.call("PUT", path, json!({"disabled": false})).await.problem(403);
    deployer.call("DELETE", path, Value::Null).await.problem(403);
    let put = deployer.call("PUT", path, json!({"failure_text": "Sorry."})).await.expect(200);
    assert_eq!((&put["disabled"], &put["settings"]["failure_text"]), (&json!(true), &json!("Sorry.")), "the rest is its own");
    let patched = deployer.call("PATCH", path, json!({"failure_text": "No."})).await.expect(200);
    assert_eq!(patched["disabled"], true);

    let partner = host.api_token(json!({"partner": "default"})).await;
    partner.call("PATCH", path, json!({"disabled": false})).await.expect(200);
    assert_eq!(flow.client().call(&payload::ping()).await.unwrap().status, 200);
    deployer.call("PATCH", path, json!({"disabled": false})).await.expect(200);
}

#[tokio::test]
async fn who_may_only_look_reads_no_text_of_a_client() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.client().call(&payload::init("token-of-ana")).await.unwrap().status, 200);
    let report = payload::error_notification("FORM", "some-error", "Ana typed this", "token-of-ana");
    assert_eq!(flow.client().call(&report).await.unwrap().status, 200);
    let id = flow.session().await["id"].as_str().unwrap().to_owned();

    for (role, message) in [("deploy", json!("Ana typed this")), ("read", Value::Null)] {
        let caller = host.api_token(json!({"tenant": "acme", "role": role})).await;
        let session = caller.get(&format!("/v1/tenants/acme/flows/booking/sessions/{id}")).await.expect(200);

        let error = &session["client_errors"][0];
        assert_eq!((&error["key"], &error["message"]), (&json!("some-error"), &message), "{role}");
    }
}

async fn make(with: &Admin, new: Value) -> (Admin, String) {
    let made = with.call("POST", "/v1/api-tokens", new).await.expect(201);
    (with.with_token(made["token"].as_str()), made["id"].as_str().unwrap().to_owned())
}
