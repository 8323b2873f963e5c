//! `/v1/tenants/{tenant}/app-secret`.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn a_new_secret_replaces_the_old_one_at_once() {
    let (_host, flow) = start().await;
    let old = flow.tenant.app_secret.clone();

    flow.tenant.set_app_secret(json!({"secret": "new"})).await;

    assert_eq!(ping(&flow, &old).await, 432);
    assert_eq!(ping(&flow, "new").await, 200);
}

#[tokio::test]
async fn the_old_secret_is_valid_for_the_time_that_was_given_and_no_longer() {
    let (_host, flow) = start().await;
    let old = flow.tenant.app_secret.clone();
    flow.tenant.set_app_secret(json!({"secret": "new", "keep_previous_for_seconds": 3600})).await;
    assert_eq!((ping(&flow, &old).await, ping(&flow, "new").await), (200, 200));

    flow.tenant.set_app_secret(json!({"secret": "newer", "keep_previous_for_seconds": 1})).await;

    assert_eq!(ping(&flow, &old).await, 432, "only one secret before the current one is kept");
    assert_eq!(ping(&flow, "newer").await, 200);
    eventually("the secret before stops", async || (ping(&flow, "new").await == 432).then_some(()))
        .await;
    assert_eq!(ping(&flow, "newer").await, 200);
}

#[tokio::test]
async fn what_is_no_secret_is_refused_and_none_is_ever_shown() {
    let (host, flow) = start().await;
    let put = async |body: Value| flow.tenant.call("PUT", "/app-secret", body).await;
    for (body, named) in [
        (json!({}), "secret"),
        (json!({"secret": ""}), "secret"),
        (json!({"secret": " \n"}), "secret"),
        (json!({"secret": "x".repeat(257)}), "256"),
        (json!({"secret": ["x"]}), "string"),
        (json!({"secret": "a-secret-to-be-refused", "keep": 1}), "keep"),
        (json!({"secret": "a-secret-to-be-refused", "keep_previous_for_seconds": "1h"}), "1h"),
    ] {
        let refused = put(body.clone()).await;
        assert!(refused.problem(422).contains(named), "{body}: {}", refused.text);
        assert!(!refused.text.contains("a-secret-to-be-refused"), "{}", refused.text);
    }
    put(json!({"secret": format!(" {}\n", flow.tenant.app_secret)})).await.expect(204);
    assert_eq!(
        ping(&flow, &flow.tenant.app_secret).await,
        200,
        "white space around a secret is none of it"
    );

    for path in
        ["/v1/tenants", "/v1/tenants/acme", "/v1/tenants/acme/keys", "/v1/tenants/acme/flows"]
    {
        assert!(!host.admin().get(path).await.text.contains(&flow.tenant.app_secret), "{path}");
    }
    for method in ["GET", "DELETE", "POST"] {
        flow.tenant.call(method, "/app-secret", Value::Null).await.problem(405);
    }
}

async fn start() -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    (host, flow)
}

/// The status of a health check signed with this secret.
async fn ping(flow: &TestFlow, app_secret: &str) -> u16 {
    flow.client().signing_with(app_secret).call(&payload::ping()).await.unwrap().status
}
