//! Requests per second of one tenant.

use std::time::{Duration, Instant};

use flowhost_client::payload;
use flowhost_tests::{Component, TestHost, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn a_tenant_over_its_limit_is_sent_away_and_its_neighbour_is_not() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    tenant.call("PATCH", "", json!({"requests_per_second": 1})).await.expect(200);

    let client = flow.client();
    let sent_away = eventually("the limit is reached", async || {
        let reply = client.call(&payload::ping()).await.unwrap();
        (reply.status == 429).then_some(reply)
    });
    let sent_away = sent_away.await;

    assert_eq!((sent_away.payload, sent_away.retry_after), (None, Some(Duration::from_secs(1))));
    for _ in 0..10 {
        assert_eq!(neighbour.client().call(&payload::ping()).await.unwrap().status, 200);
    }
    eventually("the next second", async || {
        (client.call(&payload::ping()).await.unwrap().status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_meta_did_not_sign_uses_up_nothing_of_the_limit() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    tenant.call("PATCH", "", json!({"requests_per_second": 1})).await.expect(200);
    let stranger = flow.client().signing_with("another secret");

    for _ in 0..50 {
        assert_eq!(stranger.call(&payload::ping()).await.unwrap().status, 432);
    }

    assert_eq!(flow.client().call(&payload::ping()).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_limit_can_be_taken_away() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    tenant.call("PATCH", "", json!({"requests_per_second": 1})).await.expect(200);
    let client = flow.client();
    eventually("the limit is reached", async || {
        (client.call(&payload::ping()).await.unwrap().status == 429).then_some(())
    })
    .await;

    tenant.call("PATCH", "", json!({"requests_per_second": null})).await.expect(200);

    for _ in 0..5 {
        assert_eq!(client.call(&payload::ping()).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn the_limit_is_shown_and_only_a_sensible_number_is_taken() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let shown = async || {
        tenant.call("GET", "", Value::Null).await.expect(200)["requests_per_second"].clone()
    };
    assert_eq!(shown().await, Value::Null);

    assert_eq!(
        tenant.call("PATCH", "", json!({"requests_per_second": 50})).await.expect(200)["requests_per_second"],
        50
    );
    for wrong in [json!(0), json!(-1), json!(100_001), json!(1.5), json!("50"), json!(true)] {
        let refused = tenant.call("PATCH", "", json!({"requests_per_second": wrong})).await;
        assert!(refused.problem(422).contains("requests_per_second"), "{wrong}");
    }
    tenant.call("PATCH", "", json!({"name": "Another"})).await.expect(200);

    assert_eq!(shown().await, 50);
}

#[tokio::test]
async fn a_flow_that_is_deleted_and_made_again_gives_nothing_back() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow_without_plugin("booking", json!({})).await;
    let began = Instant::now();
    tenant.call("PATCH", "", json!({"requests_per_second": 1})).await.expect(200);
    let admitted = async || flow.client().call(&payload::ping()).await.unwrap().status != 429;
    let mut all_admitted = 0;

    for _ in 0..20 {
        all_admitted += u64::from(admitted().await);
        flow.call("DELETE", "", Value::Null).await.expect(204);
        tenant.call("PUT", "/flows/booking", json!({})).await.expect(201);
    }

    let by_time = 2 + began.elapsed().as_secs();
    assert!(
        all_admitted <= by_time,
        "each new flow brought new requests: {all_admitted} instead of {by_time}"
    );
}
