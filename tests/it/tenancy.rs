//! Tenants side by side on one host see nothing of each other.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, asking};
use serde_json::{Value, json};

#[tokio::test]
async fn a_tenants_key_and_secret_are_good_for_no_other_tenant() {
    let (_host, a, b) = start().await;

    let encrypted_for_b = a.client().encrypting_to(&b.tenant.public_key_pem).unwrap();
    assert_eq!(encrypted_for_b.call(&payload::ping()).await.unwrap().status, 421);
    let signed_as_b = a.client().signing_with(&b.tenant.app_secret);
    assert_eq!(signed_as_b.call(&payload::ping()).await.unwrap().status, 432);
    let sent_to_b = a.client().at(&b.url()).unwrap();
    assert_eq!(sent_to_b.call(&payload::ping()).await.unwrap().status, 432);
    let signed_for_b = sent_to_b.signing_with(&b.tenant.app_secret);
    assert_eq!(signed_for_b.call(&payload::ping()).await.unwrap().status, 421);

    for flow in [&a, &b] {
        assert_eq!(flow.client().call(&payload::ping()).await.unwrap().status, 200);
        assert_eq!(flow.sessions().await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn the_same_token_is_a_session_of_its_own_at_each_tenant() {
    let (_host, a, b) = start().await;

    assert_eq!(a.count("token-of-ana").await, 1);
    assert_eq!(a.count("token-of-ana").await, 2);
    assert_eq!(b.count("token-of-ana").await, 1);
    assert_eq!(a.ask("complete", "token-of-ana").await.status, 200);

    assert_eq!(a.ask("count", "token-of-ana").await.status, 427);
    assert_eq!(b.count("token-of-ana").await, 2);
    assert_eq!((a.exchanges().await, b.exchanges().await), (4, 2));
    assert_ne!(a.session().await["id"], b.session().await["id"]);
}

#[tokio::test]
async fn the_very_same_request_is_answered_by_each_tenant_for_itself() {
    let (_host, a, b) = start().await;
    // Two tenants with the same key and secret, as a partner might set them up by mistake.
    let key = flowhost_tests::fixture("keys/private.pkcs8.pem");
    for flow in [&a, &b] {
        flow.tenant.call("POST", "/keys", json!({"private_key_pem": key})).await.expect(201);
        flow.tenant.set_app_secret(json!({"secret": "shared"})).await;
    }
    let client = a
        .client()
        .signing_with("shared")
        .encrypting_to(&flowhost_tests::fixture("keys/public.pem"))
        .unwrap();
    let request = client.seal(&asking("count", "token-of-ana")).unwrap();

    let at_a = client.send(&request).await.unwrap();
    let at_b = client.at(&b.url()).unwrap().send(&request).await.unwrap();

    assert_eq!((at_a.status, at_b.status), (200, 200));
    assert_eq!((a.exchanges().await, b.exchanges().await), (1, 1));
}

#[tokio::test]
async fn one_tenants_list_shows_nothing_of_the_others() {
    let (_host, a, b) = start().await;
    a.count("only at a").await;
    b.count("only at b").await;
    let ids = async |flow: &TestFlow| {
        flow.sessions()
            .await
            .iter()
            .map(|session| session["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };

    let (of_a, of_b) = (ids(&a).await, ids(&b).await);

    assert_eq!((of_a.len(), of_b.len()), (1, 1));
    assert_ne!(of_a, of_b);
    // A page can't begin at another tenant's session either.
    let page =
        a.call("GET", &format!("/sessions?before={}", of_b[0]), Value::Null).await.expect(200);
    assert_eq!(page["sessions"], json!([]));
    for (one, other) in [(&a, &of_b[0]), (&b, &of_a[0])] {
        one.call("GET", &format!("/sessions/{other}"), Value::Null).await.problem(404);
    }
}

/// Two tenants, each with a flow of the same name.
async fn start() -> (TestHost, TestFlow, TestFlow) {
    let host = TestHost::start().await;
    let a = host.tenant("a").await.flow("booking", json!({}), Component::Chatty).await;
    let b = host.tenant("b").await.flow("booking", json!({}), Component::Chatty).await;
    (host, a, b)
}
