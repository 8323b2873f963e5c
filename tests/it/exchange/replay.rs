//! A request is answered once, however often and wherever it is sent: AES-GCM breaks if one key and
//! nonce seal two plaintexts.

use std::collections::HashSet;

use flowhost_client::{FlowClient, RawReply, SealedRequest, payload};
use flowhost_tests::{Component, TestHost, asking, eventually, logged};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tracing::Level;

#[tokio::test]
async fn an_exact_repeat_gets_the_same_bytes_without_the_plugin() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let client = flow.client();
    assert_eq!(flow.count(TOKEN).await, 1);
    let request = client.seal(&asking("count", TOKEN)).unwrap();

    let first = send(&client, &request, 200).await;
    let second = send(&client, &request, 200).await;
    flow.deploy(Component::Chatty).await;
    let third = send(&client, &request, 200).await;

    assert_eq!(request.open(&first).unwrap()["data"]["count"], 2);
    assert_eq!((&second, &third), (&first, &first));
    assert_eq!(flow.exchanges().await, 2);
    assert_eq!(flow.count(TOKEN).await, 3);
}

#[tokio::test]
async fn a_repeat_of_an_older_request_is_refused() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let client = flow.client();
    let older = client.seal(&asking("count", TOKEN)).unwrap();
    send(&client, &older, 200).await;
    assert_eq!(flow.count(TOKEN).await, 2);

    assert_eq!(send(&client, &older, 409).await, b"");

    assert_eq!(flow.exchanges().await, 2);
    assert_eq!(flow.count(TOKEN).await, 3);
}

#[tokio::test]
async fn an_answered_request_is_refused_by_every_other_flow_of_the_tenant() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let other = tenant.flow("other", json!({}), Component::Steady).await;
    let client = flow.client();
    let request = client.seal(&asking("count", TOKEN)).unwrap();
    let first = send(&client, &request, 200).await;

    let elsewhere = client.clone().at(&other.url()).unwrap();
    assert_eq!(send(&elsewhere, &request, 409).await, b"");

    assert_eq!(other.sessions().await, Vec::<Value>::new());
    assert_eq!(send(&client, &request, 200).await, first);
    assert_eq!(flow.exchanges().await, 1);
}

#[tokio::test]
async fn a_request_that_a_deleted_flow_answered_is_answered_by_no_other() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let other = tenant.flow("other", json!({}), Component::Chatty).await;
    let client = flow.client();
    let request = client.seal(&asking("count", TOKEN)).unwrap();
    send(&client, &request, 200).await;

    flow.call("DELETE", "", Value::Null).await.expect(204);
    let again = tenant.flow("booking", json!({}), Component::Chatty).await;

    assert_eq!(send(&again.client(), &request, 409).await, b"");
    assert_eq!(send(&client.clone().at(&other.url()).unwrap(), &request, 409).await, b"");
    assert_eq!(again.count(TOKEN).await, 1, "the token itself is as good as any");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_that_race_on_two_hosts_get_one_answer() {
    let host = TestHost::start().await;
    let second = host.second().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let clients = [flow.client(), flow.served_at(&second).await.client()];
    for (exchanges, payload) in [(1, payload::init(TOKEN)), (2, asking("count", TOKEN))] {
        let request = clients[0].seal(&payload).unwrap();

        let replies = join_all((0..16).map(|copy| clients[copy % 2].send(&request))).await;

        let replies: Vec<RawReply> = replies.into_iter().map(Result::unwrap).collect();
        let bodies: HashSet<_> = replies.iter().map(|reply| reply.body.clone()).collect();
        assert_eq!(
            replies.iter().map(|reply| reply.status).collect::<Vec<_>>(),
            [200; 16],
            "{:?}",
            errors(&host).await
        );
        assert_eq!(bodies.len(), 1, "different answers");
        assert!(request.open(&replies[0].body).is_ok());
        assert_eq!(flow.exchanges().await, exchanges);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_races_to_two_flows_is_answered_by_one() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flows = [
        tenant.flow("one", json!({}), Component::Steady).await,
        tenant.flow("two", json!({}), Component::Steady).await,
    ];
    let clients = [flows[0].client(), flows[1].client()];
    let request = clients[0].seal(&payload::init(TOKEN)).unwrap();

    let replies = join_all((0..16).map(|copy| clients[copy % 2].send(&request))).await;

    let answered: HashSet<_> = replies
        .into_iter()
        .map(Result::unwrap)
        .filter(|reply| reply.status != 409)
        .map(|reply| (reply.status, reply.body))
        .collect();
    assert_eq!(answered.len(), 1, "{answered:?}");
    assert!(answered.iter().all(|(status, _)| *status == 200));
    assert_eq!(flows[0].sessions().await.len() + flows[1].sessions().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_race_in_one_session_are_all_counted_or_refused() {
    let host = TestHost::start().await;
    let second = host.second().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let clients = [flow.client(), flow.served_at(&second).await.client()];
    assert_eq!(flow.count(TOKEN).await, 1);
    let payload = asking("count", TOKEN);

    let replies = join_all((0..8).map(|number| clients[number % 2].call(&payload))).await;

    let replies: Vec<_> = replies.into_iter().map(Result::unwrap).collect();
    assert!(replies.iter().all(|reply| [200, 503].contains(&reply.status)), "{replies:?}");
    let mut counts: Vec<_> = replies
        .iter()
        .filter_map(|reply| reply.payload.as_ref()?["data"]["count"].as_u64())
        .collect();
    counts.sort_unstable();
    assert!(!counts.is_empty());
    assert_eq!(
        counts,
        (2..counts.len() as u64 + 2).collect::<Vec<_>>(),
        "no two turns may begin from the same state"
    );
    assert_eq!(flow.count(TOKEN).await, counts.len() as u64 + 2);
}

#[tokio::test]
async fn a_repeat_of_the_final_request_gets_the_final_reply() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    let client = flow.client();
    let request = client.seal(&asking("complete", TOKEN)).unwrap();

    let first = send(&client, &request, 200).await;
    let second = send(&client, &request, 200).await;

    let params = &request.open(&first).unwrap()["data"]["extension_message_response"]["params"];
    assert_eq!(*params, json!({"booking": "B-1", "flow_token": TOKEN}));
    assert_eq!(second, first);
    assert_eq!(flow.session().await["status"], "completed");
    assert_eq!(flow.exchanges().await, 1);
}

#[tokio::test]
async fn a_repeat_of_a_refused_request_gets_the_text_that_was_sealed_first() {
    let host = TestHost::start().await;
    let flow = host
        .tenant("acme")
        .await
        .flow("booking", json!({"token_rejected_text": "first"}), Component::Chatty)
        .await;
    let client = flow.client();
    send(&client, &client.seal(&asking("complete", TOKEN)).unwrap(), 200).await;
    let late = client.seal(&payload::init(TOKEN)).unwrap();
    let badly_signed =
        payload::with_flow_token_signature(payload::init("another token"), "not.a.jwt");
    let badly_signed = client.seal(&badly_signed).unwrap();
    let first = [send(&client, &late, 427).await, send(&client, &badly_signed, 427).await];

    flow.set(json!({"token_rejected_text": "second", "token_signature": "ignore"})).await;

    assert_eq!(late.open(&first[0]).unwrap(), json!({"error_msg": "first"}));
    assert_eq!(send(&client, &late, 427).await, first[0]);
    assert_eq!(send(&client, &badly_signed, 427).await, first[1]);
}

#[tokio::test]
async fn a_failure_that_was_shown_is_repeated_byte_for_byte() {
    let host = TestHost::start().await;
    let settings = json!({"on_failure": "error-message", "failure_text": "first"});
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Trapper).await;
    let client = flow.client();
    let request = client.seal(&asking("trap", TOKEN)).unwrap();
    let first = send(&client, &request, 200).await;

    flow.set(json!({"failure_text": "second", "on_failure": "status"})).await;
    flow.deploy(Component::Steady).await;

    assert_eq!(
        request.open(&first).unwrap(),
        json!({"screen": "FORM", "data": {"error_message": "first"}})
    );
    assert_eq!(send(&client, &request, 200).await, first);
    assert_eq!(flow.exchanges().await, 1);
}

#[tokio::test]
async fn a_request_that_failed_without_an_answer_may_be_sent_again() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Trapper).await;
    let client = flow.client();
    let request = client.seal(&asking("trap", TOKEN)).unwrap();
    assert_eq!(send(&client, &request, 500).await, b"");
    flow.deploy(Component::Steady).await;

    let answered = send(&client, &request, 200).await;

    assert_eq!(request.open(&answered).unwrap()["screen"], "NEXT");
    assert_eq!(send(&client, &request, 200).await, answered);
    assert_eq!(flow.exchanges().await, 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_finds_its_answer_when_it_asks_again() {
    let host = TestHost::start().await;
    let limits = json!({"wall_ms": 1000, "concurrency": 1, "queue": 0});
    let settings =
        json!({"limits": limits, "on_failure": "error-message", "failure_text": "Sorry."});
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Slow).await;
    let client = flow.client();
    let request = client.seal(&asking("sleep", TOKEN)).unwrap();
    let asking_once = async { while client.send(&request).await.unwrap().status == 429 {} };
    let taken = eventually("the plugin is at work", async || {
        (flow.ask("nothing", "token-of-a-probe").await.status == 429).then_some(())
    });

    tokio::select! {
        () = asking_once => panic!("the plugin was too fast"),
        () = taken => {}
    }
    let committed = eventually("the turn is committed all the same", async || {
        flow.sessions().await.into_iter().find(|session| session["screen"].is_null())
    })
    .await;

    assert_eq!(committed["exchanges"], 1);
    let answer = send(&client, &request, 200).await;
    assert_eq!(request.open(&answer).unwrap()["data"]["error_message"], "Sorry.");
    let session =
        flow.sessions().await.into_iter().find(|session| session["id"] == committed["id"]).unwrap();
    assert_eq!(session["exchanges"], 1);
}

async fn errors(host: &TestHost) -> Vec<String> {
    let id = host.database().tenant_id("acme").await;
    logged(Level::INFO, &id)
}

async fn send(client: &FlowClient, request: &SealedRequest, status: u16) -> Vec<u8> {
    let reply = client.send(request).await.unwrap();
    assert_eq!(reply.status, status);
    reply.body
}

const TOKEN: &str = "replay-token";
