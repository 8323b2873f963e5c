//! `/v1/tenants/{tenant}/keys`.

use flowhost::client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, TestTenant, eventually, fixture};
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_pair_that_is_made_takes_over_and_the_one_before_retires_later() {
    let (_host, flow) = start().await;
    let tenant = &flow.tenant;

    let made = tenant.call("POST", "/keys", json!({})).await.expect(201);

    assert_eq!(made["state"], "active");
    assert!(made["fingerprint"].as_str().unwrap().starts_with("sha256:"), "{made}");
    let keys = list(tenant).await;
    assert_eq!(states(&keys), ["active", "retiring"]);
    assert_eq!((&keys[0]["id"], &keys[0]["public_key_pem"]), (&made["id"], &made["public_key_pem"]));
    assert_eq!(keys[1]["public_key_pem"], tenant.public_key_pem);
    assert!(keys[1]["retires_at"].is_string() && keys[0]["retires_at"].is_null(), "{keys:?}");
    assert!(!keys.iter().any(|key| key.to_string().contains("PRIVATE")), "{keys:?}");
    for public_key in [&made["public_key_pem"], &keys[1]["public_key_pem"]] {
        assert_eq!(ping(&flow, public_key).await, 200);
    }
}

#[tokio::test]
async fn a_key_pair_decrypts_until_its_time_is_over() {
    let (_host, flow) = start().await;
    let (tenant, old) = (&flow.tenant, json!(flow.tenant.public_key_pem));

    tenant.call("POST", "/keys", json!({"retire_previous_after_seconds": 1})).await.expect(201);
    eventually("the old key stops", async || (ping(&flow, &old).await == 421).then_some(())).await;
    assert_eq!(states(&list(tenant).await), ["active", "retired"]);

    let second = list(tenant).await[0]["public_key_pem"].clone();
    assert_eq!(ping(&flow, &second).await, 200);
    let third = tenant.call("POST", "/keys", json!({"retire_previous_after_seconds": 0})).await.expect(201);
    assert_eq!(ping(&flow, &second).await, 421);
    assert_eq!(ping(&flow, &third["public_key_pem"]).await, 200);
}

#[tokio::test]
async fn every_unencrypted_form_of_a_key_file_imports() {
    let (_host, flow) = start().await;
    let tenant = &flow.tenant;
    let trimmed = fixture("keys/private.pkcs8.pem").trim_end().to_owned();
    let forms = ["private.pkcs8.pem", "private.pkcs1.pem", "private.crlf.pem", "private.escaped-newlines.pem"];
    let files = forms.map(|name| (name, fixture(&format!("keys/{name}")))).into_iter().chain([("no newline", trimmed)]);

    for (form, pem) in files {
        let imported = tenant.call("POST", "/keys", json!({"private_key_pem": pem})).await.expect(201);
        assert_eq!(imported["public_key_pem"], fixture("keys/public.pem"), "{form}");
        assert_eq!(ping(&flow, &imported["public_key_pem"]).await, 200, "{form}");
        let again = tenant.call("POST", "/keys", json!({"private_key_pem": pem})).await;
        assert!(again.problem(409).contains("key"), "{form}");

        let path = format!("/keys/{}", imported["id"].as_str().unwrap());
        tenant.call("DELETE", &path, Value::Null).await.expect(204);
        assert_eq!(ping(&flow, &imported["public_key_pem"]).await, 421, "{form}");
        tenant.call("DELETE", &path, Value::Null).await.problem(404);
    }
    tenant.call("DELETE", "/keys/not-an-id", Value::Null).await.problem(404);
    tenant.call("DELETE", "/keys/0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11", Value::Null).await.problem(404);
}

#[tokio::test]
async fn a_file_that_is_no_usable_key_is_refused_with_what_to_do() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    for (file, advice) in [
        ("ec.private.pem", "openssl genrsa"),
        ("public.pem", "private key"),
        ("small.1024.private.pem", "2048"),
        ("private.pkcs1.des3.pem", "passphrase"),
        ("private.pkcs1.aes256.pem", "passphrase"),
        ("private.pkcs8.des3.pem", "passphrase"),
        ("private.pkcs8.aes256.pem", "passphrase"),
    ] {
        let pem = fixture(&format!("keys/{file}"));
        let refused = tenant.call("POST", "/keys", json!({"private_key_pem": pem})).await;
        assert!(refused.problem(422).contains(advice), "{file}: {}", refused.text);
    }
    for (body, named) in [
        (json!({"private_key_pem": ""}), "PEM"),
        (json!({"private_key_pem": "garbage"}), "PEM"),
        (json!({"private_key_pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}), "PEM"),
        (json!({"private_key_pem": 5}), "string"),
        (json!({"passphrase": "x"}), "private_key_pem"),
        (json!({"private_pem": "x"}), "private_pem"),
        (json!({"retire_previous_after_seconds": -1}), "-1"),
    ] {
        let refused = tenant.call("POST", "/keys", body.clone()).await;
        assert!(refused.problem(422).contains(named), "{body}: {}", refused.text);
    }
    assert_eq!(states(&list(&tenant).await), ["active"], "a refused file changes nothing");
}

async fn start() -> (TestHost, TestFlow) {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    (host, flow)
}

/// The status of a health check that is encrypted to this key.
async fn ping(flow: &TestFlow, public_key_pem: &Value) -> u16 {
    let client = flow.client().encrypting_to(public_key_pem.as_str().unwrap()).unwrap();
    client.call(&payload::ping()).await.unwrap().status
}

async fn list(tenant: &TestTenant) -> Vec<Value> {
    tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"].as_array().unwrap().clone()
}

fn states(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["state"].as_str().unwrap()).collect()
}
