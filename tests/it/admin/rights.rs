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

    host.admin()
        .call("DELETE", &format!("/v1/api-tokens/{partner_id}"), Value::Null)
        .await
        .expect(204);

    for gone in [&partner, &child, &grandchild] {
        second.admin().with_token(gone.token()).get("/v1/tenants/acme").await.problem(401);
    }
    other.get("/v1/tenants/acme").await.expect(200);
    let entry = host.admin().get("/v1/audit?limit=1").await.expect(200)["entries"][0].clone();
    assert_eq!(entry["action"], "api-token.delete");
    assert!(
        entry["after"]["revoked"].as_array().unwrap().contains(&json!(grandchild_id)),
        "{entry}"
    );
}

#[tokio::test]
async fn a_token_lives_no_longer_than_the_one_that_made_it() {
    let host = TestHost::start().await;
    let short = host.api_token(json!({"partner": "default", "expires_in_seconds": 5})).await;
    let mut children = Vec::new();
    for asked in [
        json!({"partner": "default"}),
        json!({"partner": "default", "expires_in_seconds": 1_000_000}),
    ] {
        let made = short.call("POST", "/v1/api-tokens", asked).await.expect(201);
        assert!(made["expires_at"].is_string(), "it is told how long it lives: {made}");
        children.push(host.admin().with_token(made["token"].as_str()));
    }
    let shorter = short
        .call("POST", "/v1/api-tokens", json!({"partner": "default", "expires_in_seconds": 1}))
        .await
        .expect(201);
    let ends = |token: &Value| token["expires_at"].as_str().unwrap().to_owned();
    let list = host.admin().get("/v1/api-tokens").await.expect(200)["api_tokens"].clone();
    assert_eq!((ends(&list[1]), ends(&list[2])), (ends(&list[3]), ends(&list[3])), "{list}");
    assert_eq!(ends(&list[0]), ends(&shorter), "{list}");

    for child in children {
        eventually("it ends", async || {
            (child.get("/v1/tenants").await.status == 401).then_some(())
        })
        .await;
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
    assert_eq!(
        (&put["disabled"], &put["settings"]["failure_text"]),
        (&json!(true), &json!("Sorry.")),
        "the rest is its own"
    );
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
    let report =
        payload::error_notification("FORM", "some-error", "Ana typed this", "token-of-ana");
    assert_eq!(flow.client().call(&report).await.unwrap().status, 200);
    let id = flow.session().await["id"].as_str().unwrap().to_owned();

    for (role, message) in [("deploy", json!("Ana typed this")), ("read", Value::Null)] {
        let caller = host.api_token(json!({"tenant": "acme", "role": role})).await;
        let session =
            caller.get(&format!("/v1/tenants/acme/flows/booking/sessions/{id}")).await.expect(200);

        let error = &session["client_errors"][0];
        assert_eq!((&error["key"], &error["message"]), (&json!("some-error"), &message), "{role}");
    }
}

#[tokio::test]
async fn lists_have_what_the_token_sees_and_nothing_else() {
    let host = TestHost::start().await;
    host.admin().call("POST", "/v1/partners", json!({"slug": "solo"})).await.expect(201);
    for tenant in [
        json!({"slug": "acme"}),
        json!({"slug": "bolt"}),
        json!({"slug": "cone", "partner": "solo"}),
    ] {
        host.admin().call("POST", "/v1/tenants", tenant).await.expect(201);
    }

    for (token, tenants, tokens) in [
        (json!({"tenant": "acme", "role": "read"}), vec!["acme"], None),
        (json!({"tenant": "bolt", "role": "deploy"}), vec!["bolt"], None),
        (json!({"partner": "solo"}), vec!["cone"], Some(1)),
        (json!({"partner": "default"}), vec!["acme", "bolt"], Some(3)),
        (json!({"scope": "operator"}), vec!["acme", "bolt", "cone"], Some(5)),
    ] {
        let caller = host.api_token(token.clone()).await;
        let seen = caller.get("/v1/tenants").await.expect(200);
        let slugs: Vec<_> = seen["tenants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tenant| tenant["slug"].as_str().unwrap())
            .collect();
        assert_eq!(slugs, tenants, "{token}");
        let listed = caller.get("/v1/api-tokens").await;
        match tokens {
            Some(count) => assert_eq!(
                listed.expect(200)["api_tokens"].as_array().unwrap().len(),
                count,
                "{token}"
            ),
            None => assert_eq!(listed.status, 403, "{token}"),
        }
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_twice_hears_of_the_same_thing_first() {
    let host = TestHost::start().await;
    host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let (operator, reader) =
        (host.admin(), host.api_token(json!({"tenant": "acme", "role": "read"})).await);

    // What can't be read comes first, then ids that are none, then what is not there, then what is
    // not allowed.
    for (method, path, body, status) in [
        ("PATCH", "/v1/tenants/nobody", json!({"x": 1}), 422),
        ("PATCH", "/v1/tenants/acme", json!({"x": 1}), 422),
        ("PATCH", "/v1/tenants/nobody%00", json!({"x": 1}), 404),
        ("POST", "/v1/partners", json!({"x": 1}), 422),
        ("GET", "/v1/tenants/nobody/flows/booking/sessions?x=1", Value::Null, 400),
        ("POST", "/v1/tenants/acme/keys/none/upload", json!({"x": 1}), 422),
        ("POST", "/v1/tenants/acme/keys/none/upload", json!({}), 404),
        ("DELETE", "/v1/tenants/acme/keys/none", Value::Null, 404),
        ("PATCH", "/v1/tenants/nobody", json!({}), 404),
        ("PATCH", "/v1/tenants/acme", json!({}), 403),
        ("PATCH", "/v1/tenants/acme/flows/nothing", json!({}), 403),
    ] {
        let answer = reader.call(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
    }
    // What a value may be comes last.
    for (method, path, body) in [
        ("PUT", "/v1/tenants/nobody/app-secret", json!({"secret": ""})),
        ("PUT", "/v1/tenants/acme/flows/nothing/config/a%20b", json!({"value": "x"})),
        ("GET", "/v1/tenants/acme/flows/nothing/sessions?limit=0", Value::Null),
    ] {
        operator.call(method, path, body).await.problem(404);
    }
}

async fn make(with: &Admin, new: Value) -> (Admin, String) {
    let made = with.call("POST", "/v1/api-tokens", new).await.expect(201);
    (with.with_token(made["token"].as_str()), made["id"].as_str().unwrap().to_owned())
}
