//! Requests per second of one tenant.

use std::time::Duration;

use flowhost::client::payload;
use flowhost_tests::{Component, RawConnection, TestHost, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn a_tenant_over_its_limit_is_sent_away_and_its_neighbour_is_not() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let neighbour = host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
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
    eventually("the next second", async || (client.call(&payload::ping()).await.unwrap().status == 200).then_some(())).await;
}

#[tokio::test]
async fn the_limit_counts_before_a_body_is_read_and_can_be_taken_away() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    tenant.call("PATCH", "", json!({"requests_per_second": 1})).await.expect(200);
    let head = "POST /flows/acme/booking HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n";
    let refused = eventually("the limit is reached", async || {
        // The body never comes.
        let mut connections = [RawConnection::open(&host.public_url()).await, RawConnection::open(&host.public_url()).await];
        connections[0].write(head).await;
        connections[1].write(head).await;
        let [first, second] = &mut connections;
        let answer = tokio::select! {
            answer = first.read_head() => answer,
            answer = second.read_head() => answer,
        };
        answer.starts_with("HTTP/1.1 429 ").then_some(answer)
    })
    .await;
    assert!(refused.contains("\r\nretry-after: 1\r\n"), "{refused}");

    tenant.call("PATCH", "", json!({"requests_per_second": null})).await.expect(200);

    for _ in 0..5 {
        assert_eq!(flow.client().call(&payload::ping()).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn the_limit_is_shown_and_only_a_sensible_number_is_taken() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let shown = async || tenant.call("GET", "", Value::Null).await.expect(200)["requests_per_second"].clone();
    assert_eq!(shown().await, Value::Null);

    assert_eq!(tenant.call("PATCH", "", json!({"requests_per_second": 50})).await.expect(200)["requests_per_second"], 50);
    for wrong in [json!(0), json!(-1), json!(100_001), json!(1.5), json!("50"), json!(true)] {
        let refused = tenant.call("PATCH", "", json!({"requests_per_second": wrong})).await;
        assert!(refused.problem(422).contains("requests_per_second"), "{wrong}");
    }
    tenant.call("PATCH", "", json!({"name": "Another"})).await.expect(200);

    assert_eq!(shown().await, 50);
}
