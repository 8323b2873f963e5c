//! Flow tokens that many recipients share must not mix up their conversations.

use std::collections::BTreeSet;

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, asking, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};

#[tokio::test]
async fn exchanges_with_whatsapps_default_token_stand_alone() {
    let (host, flow) = start(json!({}), Component::Chatty).await;

    for token in
        ["unused", "UNUSED", "", "short", "undefined", "00000000-0000-0000-0000-000000000000"]
    {
        assert_eq!(flow.count(token).await, 1, "{token}");
        assert_eq!(flow.count(token).await, 1, "nothing of the exchange before: {token}");
        assert_eq!(flow.ask("complete", token).await.status, 200);
        assert_eq!(
            flow.client().call(&payload::init(token)).await.unwrap().status,
            200,
            "nobody is locked out: {token}"
        );
    }

    let seen = flow.ask("shared", "unused").await.payload.unwrap();
    assert_eq!((&seen["data"]["shared"], &seen["data"]["exchanges"]), (&json!(true), &json!(0)));
    let own = flow.ask("shared", "a recipient's own").await.payload.unwrap();
    assert_eq!(own["data"]["shared"], false);
    let sessions = flow.sessions().await;
    assert_eq!(sessions.len(), 6 * 4 + 2);
    assert_eq!(sessions.iter().filter(|session| session["shared"] == false).count(), 1);
    let states: i64 =
        sqlx::query_scalar("select count(*) from sessions where sealed_state is not null")
            .fetch_one(&host.database().pool().await)
            .await
            .unwrap();
    assert_eq!(states, 1, "only a recipient's own state is kept");
}

#[tokio::test]
async fn twenty_users_with_one_token_are_answered_at_once() {
    let (_host, flow) = start(json!({}), Component::Steady).await;
    let client = flow.client();
    let requests: Vec<_> = (0..20).map(|_| asking("count", "unused")).collect();

    let replies = join_all(requests.iter().map(|request| client.call(request))).await;

    for reply in replies {
        let reply = reply.unwrap();
        assert_eq!((reply.status, &reply.payload.unwrap()["data"]["count"]), (200, &json!(1)));
    }
}

#[tokio::test]
async fn an_exact_repeat_with_a_shared_token_gets_the_same_bytes() {
    let (_host, flow) = start(json!({}), Component::Steady).await;
    let client = flow.client();
    let request = client.seal(&asking("count", "unused")).unwrap();

    let (first, second) =
        (client.send(&request).await.unwrap(), client.send(&request).await.unwrap());

    assert_eq!((first.status, &first.body), (200, &second.body));
    assert_eq!(flow.sessions().await.len(), 1);
}

#[tokio::test]
async fn the_turns_of_one_session_that_meet_are_all_answered() {
    let (_host, flow) = start(json!({}), Component::Steady).await;
    let client = flow.client();
    let taps: Vec<_> = (0..20).map(|_| asking("count", OWN)).collect();

    let replies = join_all(taps.iter().map(|tap| client.call(tap))).await;

    let counts: BTreeSet<u64> = replies
        .into_iter()
        .map(|reply| reply.unwrap())
        .map(|reply| {
            assert_eq!(reply.status, 200);
            reply.payload.unwrap()["data"]["count"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(counts, (1..=20).collect());
}

#[tokio::test]
async fn a_flow_chooses_what_becomes_of_shared_tokens() {
    let (_host, flow) = start(
        json!({"shared_tokens": "refuse", "token_rejected_text": "Ask for your own."}),
        Component::Steady,
    )
    .await;
    for token in ["unused", "", "short"] {
        let refused = flow.ask("count", token).await;
        assert_eq!(
            (refused.status, refused.payload),
            (427, Some(json!({"error_msg": "Ask for your own."}))),
            "{token}"
        );
    }
    assert_eq!(flow.count(OWN).await, 1);

    flow.set(json!({"shared_tokens": "trust"})).await;
    assert_eq!([flow.count("unused").await, flow.count("unused").await], [1, 2]);
    assert_eq!([flow.count("").await, flow.count("").await], [1, 1], "no token can't be trusted");

    flow.set(json!({"shared_tokens": "stand-alone", "min_token_length": 3})).await;
    assert_eq!([flow.count("abc").await, flow.count("abc").await], [1, 2]);
    assert_eq!([flow.count("ab").await, flow.count("ab").await], [1, 1]);

    flow.set(json!({"token_policy": "minted"})).await;
    assert_eq!(flow.ask("count", "unused").await.status, 427, "nobody minted it");
}

#[tokio::test]
async fn an_init_begins_afresh_unless_the_flow_goes_on() {
    let (_host, flow) = start(json!({}), Component::Steady).await;
    assert_eq!([flow.count(OWN).await, flow.count(OWN).await], [1, 2]);

    let reopened = open(&flow, "count", OWN).await;
    assert_eq!(
        reopened["data"]["count"], 1,
        "the next user of a token must not see what the last one left"
    );
    assert_eq!(flow.count(OWN).await, 2, "the conversation goes on from there");
    assert_eq!(exchanges_seen(&flow, OWN).await, 2);

    flow.set(json!({"on_reopen": "continue"})).await;
    assert_eq!(open(&flow, "count", OWN).await["data"]["count"], 4);
    assert_eq!(flow.exchanges().await, 6);
}

#[tokio::test]
async fn a_restart_that_stores_nothing_keeps_nothing() {
    let (host, flow) = start(json!({}), Component::Parrot).await;
    assert_eq!(flow.count(OWN).await, 1);
    let mut request = payload::init(OWN);
    request["data"] = json!({"state": "none"});

    assert_eq!(flow.client().call(&request).await.unwrap().status, 200);

    let kept: bool = sqlx::query_scalar("select sealed_state is not null from sessions")
        .fetch_one(&host.database().pool().await)
        .await
        .unwrap();
    assert!(!kept);
}

#[tokio::test]
async fn what_was_attached_to_a_token_is_there_after_a_restart() {
    let (_host, flow) = start(json!({"token_policy": "minted"}), Component::Steady).await;
    let minted =
        flow.call("POST", "/tokens", json!({"context": {"customer": 4711}})).await.expect(201);
    let token = minted["flow_token"].as_str().unwrap();
    flow.count(token).await;

    assert_eq!(open(&flow, "context", token).await["data"]["context"], json!({"customer": 4711}));
}

#[tokio::test]
async fn a_constant_that_many_open_is_noticed_and_stands_alone_from_then_on() {
    let (_host, flow) = start(json!({}), Component::Chatty).await;

    // Each user opens the message just after another has submitted something.
    for _ in 0..5 {
        open(&flow, "nothing", CAMPAIGN).await;
        flow.count(CAMPAIGN).await;
    }
    assert_eq!(exchanges_seen(&flow, CAMPAIGN).await, 2, "four times may be one person");
    assert_eq!(warnings(&flow).await, Vec::<String>::new());
    open(&flow, "nothing", CAMPAIGN).await;

    assert_eq!([flow.count(CAMPAIGN).await, flow.count(CAMPAIGN).await], [1, 1]);
    assert_eq!(flow.ask("complete", CAMPAIGN).await.status, 200);
    assert_eq!(flow.client().call(&payload::init(CAMPAIGN)).await.unwrap().status, 200);
    eventually("the warning is noted", async || {
        (warnings(&flow).await == ["reopened-token"]).then_some(())
    })
    .await;
    assert_eq!(flow.count(OWN).await, 1);
    assert_eq!(flow.count(OWN).await, 2, "other tokens are as before");

    flow.set(json!({"shared_tokens": "refuse"})).await;
    assert_eq!(flow.ask("count", CAMPAIGN).await.status, 427);
}

#[tokio::test]
async fn those_who_come_after_the_first_to_finish_are_let_in_again() {
    let (_host, flow) = start(json!({}), Component::Chatty).await;
    assert_eq!(flow.ask("complete", CAMPAIGN).await.status, 200);

    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(flow.client().call(&payload::init(CAMPAIGN)).await.unwrap().status);
    }

    // A phone that was refused does not retry, so these are other users.
    assert_eq!(statuses, [427, 427, 427, 427, 427, 200, 200]);
}

#[tokio::test]
async fn a_flow_that_is_sent_without_tokens_says_so_once_and_everywhere() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let other = tenant.flow("other", json!({}), Component::Steady).await;
    other.count(OWN).await;

    for _ in 0..3 {
        flow.count("unused").await;
    }

    eventually("the warning is noted", async || {
        (warnings(&flow).await == ["shared-token"]).then_some(())
    })
    .await;
    let shown = flow.call("GET", "", Value::Null).await.expect(200);
    assert!(
        shown["warnings"][0]["message"].as_str().unwrap().contains("flowhost token mint"),
        "{shown}"
    );
    assert_eq!(warnings(&other).await, Vec::<String>::new());
    let health = tenant.call("GET", "/health", Value::Null).await.expect(200);
    let of = |number: usize| {
        (health["flows"][number]["flow"].clone(), health["flows"][number]["status"].clone())
    };
    assert_eq!(
        (of(0), of(1)),
        ((json!("booking"), json!("warning")), (json!("other"), json!("ok")))
    );
    assert_eq!(health["flows"][0]["warnings"][0]["kind"], "shared-token");
    let metrics = host.admin().get("/metrics").await.text;
    let line =
        "flowhost_shared_token_exchanges_total{tenant=\"acme\",flow=\"booking\",version=\"1\"} 3";
    assert!(metrics.lines().any(|shown| shown == line), "{metrics}");
}

async fn start(settings: Value, component: Component) -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", settings, component).await;
    (host, flow)
}

/// Opens the flow and lets the plugin do something in that call.
async fn open(flow: &TestFlow, what: &str, token: &str) -> Value {
    let mut request = payload::init(token);
    request["data"] = json!({"do": what});
    let reply = flow.client().call(&request).await.unwrap();
    assert_eq!(reply.status, 200, "{what}");
    reply.payload.unwrap()
}

/// The number of earlier exchanges that the plugin sees in this conversation.
async fn exchanges_seen(flow: &TestFlow, token: &str) -> u64 {
    flow.ask("shared", token).await.payload.unwrap()["data"]["exchanges"].as_u64().unwrap()
}

/// The kinds of warnings that the flow shows.
async fn warnings(flow: &TestFlow) -> Vec<String> {
    let shown = flow.call("GET", "", Value::Null).await.expect(200);
    let warnings = shown["warnings"].as_array().unwrap().iter();
    warnings.map(|warning| warning["kind"].as_str().unwrap().to_owned()).collect()
}

const OWN: &str = "a-recipients-own-token";
const CAMPAIGN: &str = "black-friday-2026";
