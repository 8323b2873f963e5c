//! Every case of the outside vectors, which were made with other tools than this repository's, over
//! HTTP.

use flowhost_tests::{Component, TestHost, Vectors, fixture, post};
use serde_json::json;

#[tokio::test]
async fn agrees_with_the_outside_judge_on_every_case() {
    let vectors = Vectors::load();
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    tenant
        .call("POST", "/keys", json!({"private_key_pem": fixture("keys/private.pkcs8.pem")}))
        .await
        .expect(201);
    tenant.set_app_secret(json!({"secret": vectors.old_app_secret})).await;
    tenant
        .set_app_secret(json!({"secret": vectors.app_secret, "keep_previous_for_seconds": 3600}))
        .await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let mut answered = 0;

    for vector in &vectors.vectors {
        let (status, body) =
            post(&flow.url(), vector.signature.as_deref(), vector.body.clone()).await;

        assert_eq!(status, vector.expect_status, "{}", vector.name);
        if status != 200 {
            assert!(body.is_empty(), "{}: {status} with a body", vector.name);
        } else if vector.name == "ping" {
            assert_eq!(vector.open(&body), json!({"data": {"status": "active"}}));
        } else if vector.name.starts_with("error_notification") {
            assert_eq!(
                vector.open(&body),
                json!({"data": {"acknowledged": true}}),
                "{}",
                vector.name
            );
        } else {
            let sample = vector.sample_response_body.as_deref();
            assert_eq!(Some(String::from_utf8(body).unwrap().as_str()), sample, "{}", vector.name);
            answered += 1;
        }
    }

    assert_eq!(vectors.vectors.len(), 35);
    assert_eq!(answered, 11);
}
