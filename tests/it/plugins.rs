//! Plugins in operation: versions and limits change while requests are under way.

use flowhost_client::payload;
use flowhost_tests::{Component, TestHost, asking, repository};
use futures_util::future::join;
use serde_json::{Value, json};

#[tokio::test]
async fn a_conversation_goes_on_in_the_next_version_with_its_state() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);

    assert_eq!(flow.deploy(Component::Chatty).await, 2);
    assert_eq!(flow.count("token-of-ana").await, 2);
    flow.call("POST", "/rollback", Value::Null).await.expect(200);
    assert_eq!(flow.count("token-of-ana").await, 3);

    let session = flow.session().await;
    let versions: Vec<_> = session["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|exchange| exchange["plugin_version"].clone())
        .collect();
    assert_eq!(versions, [json!(1), json!(2), json!(1)]);
}

#[tokio::test]
async fn no_request_is_lost_while_versions_are_switched() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    flow.deploy(Component::Chatty).await;
    let client = flow.client();
    let talk = async {
        let mut statuses = Vec::new();
        for number in 0..60 {
            statuses.push(
                client.call(&asking("count", &format!("token-of-{number}"))).await.unwrap().status,
            );
        }
        statuses
    };
    let switch = async {
        for number in 0..15 {
            flow.call("POST", "/activate", json!({"version": number % 2 + 1})).await.expect(200);
        }
    };

    let (statuses, ()) = join(talk, switch).await;

    assert_eq!(statuses, [200; 60]);
    assert_eq!(flow.sessions().await.len(), 60);
}

#[tokio::test]
async fn the_smallest_plugin_answers() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("echo", json!({}), Component::Echo).await;
    for request in [
        payload::init("token-of-ana"),
        payload::data_exchange(
            "WELCOME",
            json!({"name": "Ana", "nested": {"é": [1, null, "世界"]}}),
            "token-of-ana",
        ),
        payload::with_version(payload::init("token-of-ana"), "4.0"),
    ] {
        let reply = flow.client().call(&request).await.unwrap();
        assert_eq!(reply.status, 200, "{request}");
        let payload = reply.payload.unwrap();
        assert!(payload["screen"].is_string() && payload["data"].is_object(), "{payload}");
    }
    assert_eq!(flow.exchanges().await, 3);
}

#[tokio::test]
async fn limits_hold_from_the_next_call_on() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    assert_eq!(flow.ask("big-state", "token-of-ana").await.status, 500);

    flow.set(json!({"limits": {"state_bytes": 128 << 10}})).await;
    assert_eq!(flow.ask("big-state", "token-of-ana").await.status, 200);
    assert_eq!(flow.ask("big-reply", "token-of-ana").await.status, 500);
    flow.set(json!({"limits": {"reply_bytes": 512 << 10, "state_bytes": 64 << 10}})).await;

    let reply = flow.ask("big-reply", "token-of-ana").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.payload.unwrap()["data"]["greeting"].as_str().unwrap().len(), (256 << 10) + 1);
}

#[tokio::test]
async fn two_flows_with_the_same_bytes_have_nothing_else_in_common() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let tight = tenant.flow("tight", json!({"limits": {"wall_ms": 200}}), Component::Slow).await;
    let wide = tenant.flow("wide", json!({}), Component::Slow).await;

    assert_eq!(tight.ask("sleep", "token-of-ana").await.status, 500);

    assert_eq!(wide.count("token-of-ana").await, 1);
    assert_eq!(tight.sessions().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_plugin_of_a_usual_size_has_less_than_150_kib() {
    let bytes = Component::Appointment.bytes().await.len();

    assert!(
        bytes < 150 << 10,
        "the appointment has {} KiB: ADR 15 says where they were",
        bytes >> 10
    );
}

/// The plugins have a workspace of their own, which `cargo test` does not run.
#[test]
fn the_sample_plugins_pass_their_own_tests() {
    let tests = std::process::Command::new("cargo")
        .args([
            "test",
            "--workspace",
            "--manifest-path",
            "plugins/Cargo.toml",
            "--target-dir",
            "target/guests",
        ])
        .current_dir(repository(""))
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&tests.stdout), String::from_utf8_lossy(&tests.stderr));
    assert!(tests.status.success(), "{out}\n{err}");
    assert!(out.contains("answers_with_what_it_got ... ok"), "they did not run:\n{out}\n{err}");
}
