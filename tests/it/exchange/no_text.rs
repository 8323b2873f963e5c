//! Phones send texts that are invalid or that PostgreSQL can't store: half of an emoji, and U+0000.
//! Such a request was decrypted, so a 421 and another key would not help: it is answered.

use flowhost_client::{Reply, payload};
use flowhost_tests::{Component, TestFlow, TestHost, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn half_an_emoji_is_a_replacement_character_to_everybody() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Echo).await;

    for (sent, read) in [
        (r#"{"name":"Ana \ud83c"}"#, json!({"name": "Ana \u{fffd}"})),
        (r#"{"name":"\udf89 Ana"}"#, json!({"name": "\u{fffd} Ana"})),
        (r#"{"name":"\udf89\ud83c"}"#, json!({"name": "\u{fffd}\u{fffd}"})),
        (
            r#"{"na\ud83cme":["\ud83c",{"\udf89":"\uD83C\uDF89"}]}"#,
            json!({"na\u{fffd}me": ["\u{fffd}", {"\u{fffd}": "🎉"}]}),
        ),
        (
            r#"{"name":"\ud83c\udf89","path":"C:\\ud83c"}"#,
            json!({"name": "🎉", "path": r"C:\ud83c"}),
        ),
        (r#"{"name":"a\u0000b\ud83c"}"#, json!({"name": "a\0b\u{fffd}"})),
    ] {
        let reply =
            send(&flow, &format!(r#"{{"action":"data_exchange","screen":"FORM","data":{sent},"flow_token":"token-of-ana"}}"#))
                .await;
        assert_eq!(reply.status, 200, "{sent}");
        assert_eq!(reply.payload.unwrap()["data"]["received"], read, "{sent}");
    }
    let around = r#"{"action":"INIT","version":"3.0\ud83c","flow_token":"token-of-ana\ud83c","new\ud83c":"\ud83c"}"#;
    assert_eq!(send(&flow, around).await.status, 200);
}

#[tokio::test]
async fn what_a_phone_sends_with_u_0000_is_stored() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Echo).await;
    let nul = |text: &str| format!("{text}\0");

    for (what, request) in [
        ("screen", payload::data_exchange(&nul("FORM"), json!({}), "token-of-ana")),
        (
            "data",
            payload::data_exchange("FORM", json!({nul("key"): [nul("value")]}), "token-of-ana"),
        ),
        ("token", payload::data_exchange("FORM", json!({}), &nul("token-of-ana"))),
        (
            "version",
            payload::with_version(
                payload::data_exchange("FORM", json!({}), "token-of-ana"),
                &nul("3.0"),
            ),
        ),
    ] {
        assert_eq!(flow.client().call(&request).await.unwrap().status, 200, "{what}");
    }
    let error =
        payload::error_notification(&nul("FORM"), &nul("key"), &nul("message"), "token-of-ana");
    assert_eq!(flow.client().call(&error).await.unwrap().status, 200);

    let session = eventually("the error is stored", async || {
        let sessions = flow.sessions().await;
        let id =
            sessions.iter().find(|session| session["exchanges"] == 3)?["id"].as_str()?.to_owned();
        let session = flow.call("GET", &format!("/sessions/{id}"), Value::Null).await.expect(200);
        session.to_string().contains("key\u{fffd}").then_some(session)
    })
    .await;
    assert!(session.to_string().contains("FORM\u{fffd}"), "{session}");
    let signed = payload::with_flow_token_signature(payload::init("token-of-ana"), &nul("a.b.c"));
    assert_eq!(flow.client().call(&signed).await.unwrap().status, 427, "a signature that is none");
}

/// Sends a payload byte for byte.
async fn send(flow: &TestFlow, payload: &str) -> Reply {
    let (client, request) = (flow.client(), flow.client().seal_bytes(payload.as_bytes()).unwrap());
    client.send(&request).await.unwrap().open(&request).unwrap()
}
