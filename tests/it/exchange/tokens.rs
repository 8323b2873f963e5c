//! Flow tokens: which are admitted, and what happens to the others.

use flowhost_client::{Reply, payload};
use flowhost_tests::{Component, TestFlow, TestHost, asking, eventually, fixture};
use serde_json::{Value, json};

#[tokio::test]
async fn an_expired_session_answers_with_the_flows_text() {
    let host = TestHost::start().await;
    let settings = json!({"session_ttl_seconds": 1, "token_rejected_text": "Tarde demais: peça outro, por favor."});
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Steady).await;
    assert_eq!(flow.ask("nothing", "token-of-ana").await.status, 200);

    eventually("the session expires", async || {
        (flow.session().await["status"] == "expired").then_some(())
    })
    .await;
    let late = flow.ask("nothing", "token-of-ana").await;

    assert_eq!(refusal(&late), "Tarde demais: peça outro, por favor.");
    let session = flow.session().await;
    assert_eq!(session["status"], "expired");
    assert_eq!(session["history"][1]["outcome"], "refused");
    assert_eq!(session["history"][1]["plugin_version"], Value::Null);
    assert_eq!(flow.ask("nothing", "another-token").await.status, 200);
}

#[tokio::test]
async fn a_completed_and_a_rejected_session_stay_over() {
    let host = TestHost::start().await;
    let flow = host
        .tenant("acme")
        .await
        .flow("booking", json!({"token_rejected_text": "over"}), Component::Chatty)
        .await;

    assert_eq!(flow.ask("complete", "finished-token").await.status, 200);
    let rejected = flow.ask("reject", "unwanted").await;

    assert_eq!(refusal(&rejected), "This offer has ended.");
    for token in ["finished-token", "unwanted"] {
        for request in [payload::init(token), asking("count", token), payload::back("NEXT", token)]
        {
            assert_eq!(refusal(&flow.client().call(&request).await.unwrap()), "over", "{token}");
        }
    }
    let mut statuses: Vec<_> = flow
        .sessions()
        .await
        .iter()
        .map(|session| session["status"].as_str().unwrap().to_owned())
        .collect();
    statuses.sort();
    assert_eq!(statuses, ["completed", "rejected"]);
}

#[tokio::test]
async fn requests_without_a_token_are_answered_and_share_nothing() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let mut without = asking("count", "");
    without.as_object_mut().unwrap().remove("flow_token");

    for request in [&without, &without, &asking("count", "")] {
        let reply = flow.client().call(request).await.unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(reply.payload.unwrap()["data"]["count"], 1);
    }

    assert_eq!(flow.sessions().await.len(), 3);
}

#[tokio::test]
async fn a_flow_of_minted_tokens_refuses_tokens_that_nobody_minted() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("known before").await, 1);
    flow.set(json!({"token_policy": "minted", "token_rejected_text": "unknown"})).await;

    let reply = flow.ask("count", "made up").await;
    let mut without = asking("count", "");
    without.as_object_mut().unwrap().remove("flow_token");
    let no_token = flow.client().call(&without).await.unwrap();

    assert_eq!(refusal(&reply), "unknown");
    assert_eq!(refusal(&no_token), "unknown");
    assert_eq!(flow.count("known before").await, 2);
    flow.set(json!({"token_policy": "open"})).await;
    assert_eq!(
        flow.count("made up").await,
        1,
        "a refusal leaves no session behind under that token"
    );
}

#[tokio::test]
async fn a_bad_signature_of_a_token_is_refused_and_its_session_unharmed() {
    let host = TestHost::start().await;
    let flow = host
        .tenant("acme")
        .await
        .flow("booking", json!({"token_rejected_text": "no"}), Component::Steady)
        .await;
    let client = flow.client();
    assert_eq!(flow.count("token-of-ana").await, 1);
    let of_another_token = client.flow_token_signature("another-token");
    let of_another_secret =
        client.clone().signing_with("another secret").flow_token_signature("token-of-ana");

    for signature in [of_another_token.as_str(), &of_another_secret, "", "x.y.z"] {
        let request =
            payload::with_flow_token_signature(asking("count", "token-of-ana"), signature);
        assert_eq!(refusal(&client.call(&request).await.unwrap()), "no", "{signature}");
    }

    assert_eq!(flow.count("token-of-ana").await, 2);
    let good = payload::with_flow_token_signature(
        asking("count", "token-of-ana"),
        &client.flow_token_signature("token-of-ana"),
    );
    assert_eq!(client.call(&good).await.unwrap().payload.unwrap()["data"]["count"], 3);
}

#[tokio::test]
async fn where_signatures_of_tokens_are_required_only_exchanges_need_them() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let client = flow.client();
    assert_eq!(flow.count("token-of-ana").await, 1);
    flow.set(json!({"token_signature": "required", "token_rejected_text": "unsigned"})).await;

    for missing in [
        asking("count", "token-of-ana"),
        payload::init("token-of-ana"),
        payload::back("NEXT", "token-of-ana"),
    ] {
        assert_eq!(refusal(&client.call(&missing).await.unwrap()), "unsigned");
    }
    let signed = payload::with_flow_token_signature(
        asking("count", "token-of-ana"),
        &client.flow_token_signature("token-of-ana"),
    );

    assert_eq!(client.call(&signed).await.unwrap().payload.unwrap()["data"]["count"], 2);
    for never_signed in
        [payload::ping(), payload::error_notification("NEXT", "timeout_error", "", "token-of-ana")]
    {
        assert_eq!(client.call(&never_signed).await.unwrap().status, 200, "{never_signed}");
    }
    flow.set(json!({"token_signature": "ignore"})).await;
    let bad = payload::with_flow_token_signature(asking("count", "token-of-ana"), "x.y.z");
    assert_eq!(client.call(&bad).await.unwrap().payload.unwrap()["data"]["count"], 3);
}

#[tokio::test]
async fn agrees_with_the_outside_judge_on_every_signature_of_a_token() {
    let judge: Value = serde_json::from_str(&fixture("flow_token_signatures.json")).unwrap();
    let text = |name: &str| judge[name].as_str().unwrap().to_owned();
    let host = TestHost::start().await;
    let mut tenant = host.tenant("acme").await;
    tenant.set_app_secret(json!({"secret": text("old_app_secret")})).await;
    tenant
        .set_app_secret(json!({"secret": text("app_secret"), "keep_previous_for_seconds": 3600}))
        .await;
    tenant.app_secret = text("app_secret");
    let flow =
        tenant.flow("booking", json!({"token_signature": "required"}), Component::Steady).await;
    let cases = judge["vectors"].as_array().unwrap();

    for case in cases {
        let exchange = asking("nothing", &text("flow_token"));
        let request = payload::with_flow_token_signature(exchange, case["jwt"].as_str().unwrap());
        let status = flow.client().call(&request).await.unwrap().status;

        assert_eq!(status, if case["ok"] == true { 200 } else { 427 }, "{}", case["name"]);
    }

    let good = cases.iter().filter(|case| case["ok"] == true).count();
    let admitted = flow.sessions().await.into_iter().filter(|session| session["status"] == "open");
    assert_eq!(
        admitted.map(|session| session["exchanges"].as_u64().unwrap()).collect::<Vec<_>>(),
        [good as u64]
    );
}

#[tokio::test]
async fn a_token_has_a_session_in_each_flow() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let one: TestFlow = tenant.flow("one", json!({}), Component::Steady).await;
    let two = tenant.flow("two", json!({}), Component::Steady).await;

    assert_eq!(one.count("token-of-ana").await, 1);
    assert_eq!(one.count("token-of-ana").await, 2);
    assert_eq!(two.count("token-of-ana").await, 1);
}

/// The text of a 427, whose body is sealed like any answer.
#[track_caller]
fn refusal(reply: &Reply) -> String {
    assert_eq!(reply.status, 427);
    let payload = reply.payload.as_ref().unwrap();
    assert_eq!(payload.as_object().unwrap().len(), 1, "{payload}");
    payload["error_msg"].as_str().unwrap().to_owned()
}
