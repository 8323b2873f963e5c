//! Minted tokens: the context that the business attached before it sent the Flow, and the token's
//! lifetime.

use flowhost_client::{FlowClient, payload};
use flowhost_tests::{Component, TestFlow, TestHost, asking, dump, eventually, forms, watch};
use serde_json::{Value, json};

#[tokio::test]
async fn the_plugin_sees_what_was_attached_to_the_token_in_every_turn() {
    let (host, flow) = start(json!({"token_policy": "minted"})).await;
    let context = json!({"customer": 4711, "name": "Zoë", "nested": {"a": [1, null]}});
    let token =
        mint(&flow, json!({"context": context})).await["flow_token"].as_str().unwrap().to_owned();
    let second = host.second().await;
    let there = flow.served_at(&second).await;

    for client in [flow.client(), there.client()] {
        assert_eq!(seen_context(&client, &token).await, context);
    }
    assert_eq!(flow.count(&token).await, 3, "a session like any other");
    let without = mint(&flow, json!({})).await;
    assert_eq!(
        seen_context(&flow.client(), without["flow_token"].as_str().unwrap()).await,
        Value::Null
    );
}

#[tokio::test]
async fn tokens_are_256_random_bits_and_known_by_their_hash_only() {
    let (host, flow) = start(json!({})).await;
    let (one, other) = (
        mint(&flow, json!({})).await,
        mint(&flow, json!({"context": {"secret": "xyzzy-context"}})).await,
    );

    let token = one["flow_token"].as_str().unwrap();
    assert_eq!(token.len(), "fht_".len() + 43);
    assert_ne!(one["flow_token"], other["flow_token"]);
    let dump = dump(&host.database().pool().await).await;
    for secret in [token, "xyzzy-context"] {
        assert!(forms(secret.as_bytes()).iter().all(|form| !dump.contains(form)), "{secret}");
    }
    assert_eq!(flow.sessions().await.len(), 2);
}

#[tokio::test]
async fn only_minted_tokens_get_in_and_each_ends_as_sessions_do() {
    let (_host, flow) =
        start(json!({"token_policy": "minted", "token_rejected_text": "unknown"})).await;
    let token = mint(&flow, json!({})).await["flow_token"].as_str().unwrap().to_owned();

    let made_up = flow.ask("count", "fht_made-up").await;
    assert_eq!((made_up.status, made_up.payload), (427, Some(json!({"error_msg": "unknown"}))));
    assert_eq!(flow.client().call(&payload::init(&token)).await.unwrap().status, 200);
    flow.deploy(Component::Chatty).await;
    assert_eq!(flow.ask("complete", &token).await.status, 200);
    assert_eq!(flow.ask("count", &token).await.status, 427);
}

#[tokio::test]
async fn a_token_of_one_flow_is_unknown_to_another() {
    let (host, flow) = start(json!({"token_policy": "minted"})).await;
    let other =
        flow.tenant.flow("other", json!({"token_policy": "minted"}), Component::Steady).await;
    let elsewhere = host
        .tenant("elsewhere")
        .await
        .flow("booking", json!({"token_policy": "minted"}), Component::Steady)
        .await;
    let token = mint(&flow, json!({})).await["flow_token"].as_str().unwrap().to_owned();

    for stranger in [&other, &elsewhere] {
        assert_eq!(stranger.ask("count", &token).await.status, 427);
    }
    assert_eq!(flow.count(&token).await, 1);
}

#[tokio::test]
async fn the_time_of_a_token_runs_from_now_or_from_its_first_exchange() {
    let (_host, flow) = start(json!({"token_policy": "minted"})).await;
    let text = |minted: &Value| minted["flow_token"].as_str().unwrap().to_owned();
    let from_now = text(&mint(&flow, json!({"ttl_seconds": 1})).await);
    let from_init = text(&mint(&flow, json!({"ttl_seconds": 2, "ttl_from": "init"})).await);

    eventually("the token that nobody used ends", async || {
        (flow.ask("count", &from_now).await.status == 427).then_some(())
    })
    .await;
    // The other token is unused, so its time has not begun; the first exchange starts it.
    let reply = flow.client().call(&payload::init(&from_init)).await.unwrap();
    assert_eq!(reply.status, 200);
    eventually("the token's time is over", async || {
        (flow.ask("count", &from_init).await.status == 427).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_can_not_be_minted_is_refused_by_name() {
    let (_host, flow) = start(json!({})).await;
    for (body, named) in [
        (json!({"context": "x".repeat(16 << 10)}), "context"),
        (json!({"ttl_seconds": 0}), "ttl_seconds"),
        (json!({"ttl_seconds": 2_592_001}), "ttl_seconds"),
        (json!({"ttl_from": "yesterday"}), "ttl_from"),
        (json!({"token": "mine"}), "token"),
    ] {
        let refused = flow.call("POST", "/tokens", body.clone()).await;
        assert!(refused.problem(422).contains(named), "{named}: {}", refused.text);
    }
    // The two quotes count as JSON.
    flow.call("POST", "/tokens", json!({"context": "x".repeat((16 << 10) - 2)})).await.expect(201);
    assert_eq!(flow.sessions().await.len(), 1);
}

#[tokio::test]
async fn two_first_exchanges_that_race_are_two_turns_of_one_session() {
    let (_host, flow) = start(json!({"token_policy": "minted"})).await;
    let token = mint(&flow, json!({})).await["flow_token"].as_str().unwrap().to_owned();
    let client = flow.client();
    let (first, second) = (asking("count", &token), asking("count", &token));

    let replies = tokio::join!(client.call(&first), client.call(&second));

    let mut counts = [replies.0.unwrap(), replies.1.unwrap()]
        .map(|reply| reply.payload.unwrap()["data"]["count"].as_u64().unwrap());
    counts.sort_unstable();
    assert_eq!(counts, [1, 2]);
}

async fn start(settings: Value) -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Steady).await;
    (host, flow)
}

async fn mint(flow: &TestFlow, body: Value) -> Value {
    let minted = flow.call("POST", "/tokens", body).await.expect(201);
    watch(minted["flow_token"].as_str().unwrap());
    minted
}

/// The session's context as the plugin reports it.
async fn seen_context(client: &FlowClient, token: &str) -> Value {
    let reply = client.call(&asking("context", token)).await.unwrap();
    assert_eq!(reply.status, 200);
    reply.payload.unwrap()["data"]["context"].clone()
}
