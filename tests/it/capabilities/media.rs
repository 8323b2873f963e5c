//! Files that users picked.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flowhost_tests::{fixture, logged, watch};
use serde_json::{Value, json};
use tracing::Level;

use super::{outcome, outcomes, start};

#[tokio::test]
async fn every_vector_is_given_or_refused_as_it_says() {
    let (outside, host, flow) = start().await;
    let vectors = vectors();
    assert_eq!(vectors.len(), 8);
    for vector in &vectors {
        let name = vector["name"].as_str().unwrap();
        for key in ["encryption_key", "hmac_key"] {
            watch(vector["encryption_metadata"][key].as_str().unwrap());
        }
        outside.put_file(name, STANDARD.decode(vector["file"].as_str().unwrap()).unwrap());

        let told =
            outcome(&flow, fetching(vector, &format!("https://mmg.whatsapp.net/file/{name}")))
                .await;

        if vector["ok"] == true {
            let plain = STANDARD.decode(vector["plaintext"].as_str().unwrap()).unwrap();
            assert_eq!(told["bytes"], plain.len(), "{name}: {told}");
        } else {
            assert_eq!(told["error"], "check-failed", "{name}: {told}");
        }
    }
    assert!(outside.visits().iter().all(|visit| visit.header("host") == Some("mmg.whatsapp.net")));
    let tenant = host.database().tenant_id("acme").await;
    let log = logged(Level::TRACE, &tenant);
    assert!(log.iter().all(|line| !line.contains("mmg.whatsapp.net/")), "{log:#?}");
}

#[tokio::test]
async fn files_come_from_whatsapp_and_from_nowhere_else() {
    let (outside, _host, flow) = start().await;
    let vector = &vectors()[0];
    for url in [
        "http://mmg.whatsapp.net/file/x",
        "https://mmg.whatsapp.net:8443/file/x",
        "https://user@mmg.whatsapp.net/file/x",
        "https://api.example.com/file/x",
        "https://mmg.whatsapp.net.example.com/file/x",
        "https://127.0.0.1/file/x",
        "https://whatsapp.net/file/x",
        "",
    ] {
        let told = outcome(&flow, fetching(vector, url)).await;
        assert_eq!(told["error"], "invalid-reference", "{url}: {told}");
    }
    let told = outcome(
        &flow,
        json!({"do": "fetch", "reference": {"cdn_url": "https://mmg.whatsapp.net/"}}),
    )
    .await;
    assert_eq!(told["error"], "invalid-reference", "{told}");
    // In development they come from this machine too: `client_command/files.rs`.
    let here = format!("http://{}/file/x", outside.plain);
    let told = outcome(&flow, fetching(vector, &here)).await;
    assert_eq!(told["error"], "invalid-reference", "{told}");
    assert_eq!(outside.visits().len(), 0);

    outside.name("mmg.whatsapp.net", &[&[outside.forbidden]]);
    let told = outcome(&flow, fetching(vector, "https://mmg.whatsapp.net/file/x")).await;
    assert_eq!(told["error"], "download-failed", "{told}");
    assert!(told["why"].as_str().unwrap().contains("not public"), "{told}");
    assert_eq!(outside.forbidden_visits(), 0);
}

#[tokio::test]
async fn what_is_gone_or_too_large_is_said_so() {
    let (_outside, _host, flow) = start().await;
    let vector = &vectors()[0];
    let gone = outcome(&flow, fetching(vector, "https://mmg.whatsapp.net/file/gone")).await;
    assert!(
        gone["error"] == "download-failed" && gone["why"].as_str().unwrap().contains("404"),
        "{gone}"
    );
    let large = format!("https://mmg.whatsapp.net/large/{}", (25 << 20) + 27);
    assert_eq!(outcome(&flow, fetching(vector, &large)).await["error"], "too-large");
    assert_eq!(
        outcome(&flow, fetching(vector, "https://mmg.whatsapp.net/endless")).await["error"],
        "too-large"
    );
    let not_a_file = outcome(&flow, fetching(vector, "https://mmg.whatsapp.net/large/1000")).await;
    assert_eq!(not_a_file["error"], "check-failed", "{not_a_file}");

    flow.set(json!({"limits": {"memory_bytes": 2 << 20}})).await;
    let too_large_for_it = format!("https://mmg.whatsapp.net/large/{}", (1 << 20) + 27);
    assert_eq!(outcome(&flow, fetching(vector, &too_large_for_it)).await["error"], "too-large");
}

#[tokio::test]
async fn media_is_granted_on_its_own_and_counted_on_its_own() {
    let (outside, _host, flow) = start().await;
    let vector = &vectors()[0];
    outside.put_file("x", STANDARD.decode(vector["file"].as_str().unwrap()).unwrap());
    let mut form = fetching(vector, "https://mmg.whatsapp.net/file/x");
    form["times"] = json!(31);

    let told = outcomes(&flow, form.clone()).await;
    assert!(
        told[..30].iter().all(|outcome| outcome["body"] == "a small picture, as it were"),
        "{told:?}"
    );
    assert_eq!(told[30]["error"], "quota-exceeded");

    flow.set(json!({"grants": {"media": false}})).await;
    let visits = outside.visits().len();
    assert_eq!(outcome(&flow, form).await["error"], "not-granted");
    assert_eq!(outside.visits().len(), visits);
}

fn vectors() -> Vec<Value> {
    let document: Value = serde_json::from_str(&fixture("media.json")).unwrap();
    document["vectors"].as_array().unwrap().clone()
}

/// A request to fetch the file of a vector from a URL.
fn fetching(vector: &Value, url: &str) -> Value {
    let reference = json!({"media_id": "1", "cdn_url": url, "file_name": "a.jpg", "encryption_metadata": vector["encryption_metadata"]});
    json!({"do": "fetch", "reference": reference})
}
