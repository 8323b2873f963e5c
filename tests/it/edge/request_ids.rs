//! Every answer has a request id, and every log line of the request has the same.

use std::collections::HashSet;

use flowhost_client::payload;
use flowhost_tests::{Component, TestHost, asking, eventually, logged};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tracing::Level;

#[tokio::test]
async fn every_answer_of_both_listeners_has_a_name_of_its_own() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let (client, public, admin) = (client(), host.public_url(), host.admin());
    let tenants = client.get(admin.url("/v1/tenants"));
    let ids = [
        client.get(&public),
        client.get(format!("{public}/nothing")),
        client.post(flow.url()).body("{}"),
        client.post(flow.url()).body("{}").header("x-request-id", THEIRS),
        client.delete(flow.url()),
        client.get(admin.url("/healthz")),
        client.get(admin.url("/metrics")),
        client.get(admin.url("/nothing")),
        tenants.try_clone().unwrap(),
        tenants.bearer_auth(host.admin_token()),
    ];
    let mut seen = HashSet::new();
    for request in ids {
        let (status, id) = send(request).await;
        assert!(id.len() == 36 && id.as_bytes()[14] == b'7', "{status}: {id:?} is no UUIDv7");
        assert_ne!(id, THEIRS, "what a client calls a request is its own business");
        assert!(seen.insert(id));
    }
}

#[tokio::test]
async fn the_log_of_a_request_names_the_request_its_tenant_and_its_flow() {
    let host = TestHost::start().await;
    let settings = json!({"on_failure": "error-message", "failure_text": "Sorry."});
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Trapper).await;
    let tenant = host.database().tenant_id("acme").await;

    // Refused before the turn's own task begins.
    let (status, refused) = send(client().post(flow.url()).body("{}")).await;
    assert_eq!(status, 432);
    // Fails inside the turn's task.
    let request = flow.client().seal(&asking("trap", "token-of-ana")).unwrap();
    let post = client()
        .post(flow.url())
        .header("x-hub-signature-256", &request.signature)
        .body(request.body.clone());
    let (status, failed) = send(post).await;
    assert_eq!(status, 200);

    for (id, blame) in [(refused, "peer"), (failed, "guest")] {
        let lines = logged(Level::INFO, &id);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let names = ["tenant.slug=\"acme\"".to_owned(), "flow.name=\"booking\"".to_owned()];
        let ids =
            [format!("tenant.id={tenant}"), "flow.id=".to_owned(), format!("blame=\"{blame}\"")];
        for part in ids.into_iter().chain(names) {
            assert!(lines[0].contains(&part), "{part} is not in {}", lines[0]);
        }
    }
}

#[tokio::test]
async fn a_request_that_was_answered_is_in_the_log_too_for_who_wants_that() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let request = flow.client().seal(&asking("count", "token-of-ana")).unwrap();
    let post = client()
        .post(flow.url())
        .header("x-hub-signature-256", &request.signature)
        .body(request.body.clone());

    let (status, id) = send(post).await;

    assert_eq!(status, 200);
    let lines = logged(Level::DEBUG, &id);
    let answered = lines.iter().find(|line| line.contains("a request was answered")).unwrap();
    for part in ["status=200", "tenant.slug=\"acme\"", "flow.name=\"booking\""] {
        assert!(answered.contains(part), "{part} is not in {answered}");
    }
    assert_eq!(logged(Level::INFO, &id), Vec::<String>::new());
}

#[tokio::test]
async fn work_that_goes_on_after_the_answer_is_logged_under_its_name() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    let report = payload::error_notification("FORM", "some-error", "some text", "token-of-ana");
    let request = flow.client().seal(&report).unwrap();
    let post = client()
        .post(flow.url())
        .header("x-hub-signature-256", &request.signature)
        .body(request.body.clone());

    let (status, id) = send(post).await;

    assert_eq!(status, 200);
    eventually("the plugin's own line names the request", async || {
        logged(Level::DEBUG, &id).into_iter().find(|line| line.contains("client error some-error"))
    })
    .await;
}

#[tokio::test]
async fn a_request_id_leads_to_the_exchange_the_plugins_log_and_the_audit_log() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    let request = flow.client().seal(&asking("flood", "token-of-ana")).unwrap();
    let post = client()
        .post(flow.url())
        .header("x-hub-signature-256", &request.signature)
        .body(request.body.clone());
    let change =
        client().patch(host.admin().url("/v1/tenants/acme")).bearer_auth(host.admin_token());

    let (answered, changed) = (send(post).await, send(change.json(&json!({"name": "Acme"}))).await);

    assert_eq!((answered.0, changed.0), (200, 200));
    assert_eq!(flow.session().await["history"][0]["request_id"], answered.1);
    let lines = eventually("the plugin's lines are kept", async || {
        let lines = flow.call("GET", "/logs", Value::Null).await.text;
        (!lines.is_empty()).then_some(lines)
    });
    let named =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["request_id"] == answered.1;
    assert!(lines.await.lines().all(named));
    let entries = host.admin().get("/v1/audit?limit=1").await.expect(200)["entries"].clone();
    assert_eq!(
        (&entries[0]["action"], &entries[0]["request_id"]),
        (&json!("tenant.update"), &json!(changed.1))
    );
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// Returns the answer's status and request id.
async fn send(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let ids: Vec<_> = response.headers().get_all("x-request-id").iter().collect();
    assert_eq!(ids.len(), 1, "{}: {ids:?}", response.status());
    (response.status().as_u16(), ids[0].to_str().unwrap().to_owned())
}

const THEIRS: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
