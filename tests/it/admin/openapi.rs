//! `/v1/openapi.json`: every answer is as the document says.

use std::collections::BTreeSet;
use std::time::Duration;

use boon::{Compiler, Schemas};
use flowhost_api::Route;
use flowhost_client::payload;
use flowhost_tests::{AdminReply, Component, GraphServer, TestFlow, TestHost, eventually};
use serde_json::{Value, json};

use crate::capabilities::{keeper, submit};
use crate::route_coverage::flow_json;

#[tokio::test]
async fn every_answer_and_every_body_is_as_the_document_says() {
    let graph = GraphServer::start(TOKEN).await;
    let host = TestHost::with_graph(&graph, Duration::from_secs(3600)).await;
    let document = Document::of(host.admin().get("/v1/openapi.json").await.expect(200));
    let tenant = host.tenant("acme").await;
    let booking = keeper(&tenant, "booking").await;
    converse(&booking).await;
    submit(&booking, json!({"do": "set", "key": "visits", "value": "7"})).await;
    booking.upload(Component::Keeper.bytes().await).await.expect(201);
    let key = tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"][0]["id"].clone();
    let session = booking.sessions().await[0]["id"].clone();
    let token = host
        .admin()
        .call("POST", "/v1/api-tokens", json!({"partner": "default"}))
        .await
        .expect(201)["id"]
        .clone();
    let ids = [("{key}", &key), ("{session}", &session), ("{api_token}", &token)];
    let mut seen = BTreeSet::new();

    for (method, route, body, status) in calls() {
        let path = fill(route, &ids);
        let reply = match route.ends_with("/versions") && method == "POST" {
            true => {
                host.admin()
                    .send(
                        method,
                        &path,
                        "application/wasm",
                        Component::Keeper.bytes().await.to_vec(),
                    )
                    .await
            }
            false => host.admin().call(method, &path, body.clone()).await,
        };
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text);
        document.check_body(method, route, &body);
        document.check_answer(method, route, &reply);
        seen.insert((method, route));
    }

    let all = Route::ALL.iter().map(|route| (route.method().as_str(), route.path())).collect();
    assert_eq!(seen, all, "every route is tried");
}

#[tokio::test]
async fn notes_and_problems_are_as_the_document_says() {
    let host = TestHost::start().await;
    let document = Document::of(host.admin().get("/v1/openapi.json").await.expect(200));
    host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let route = "/v1/tenants/{tenant}/flows/{flow}/flow-json";
    let refused = host.admin().call("PUT", &fill(route, &[]), json!({"version": "7.3"})).await;
    assert!(refused.json["findings"].is_array(), "{}", refused.text);

    document.check_answer("PUT", route, &refused);
    let put = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .put(host.admin().url(&fill(route, &[])));
    let put = put
        .bearer_auth(host.admin_token())
        .header("prefer", "return=representation")
        .body(flow_json().to_string());
    let notes: Value = put.send().await.unwrap().json().await.unwrap();
    let schema =
        format!("{}/responses/200/content/application~1json/schema", operation("PUT", route));
    document.fits(&schema, &notes).unwrap_or_else(|error| panic!("{notes}: {error}"));
    for (method, path) in
        [("GET", "/v1/tenants/nobody"), ("PUT", "/v1/tenants"), ("GET", "/v1/audit?limit=0")]
    {
        document.check_answer(
            "GET",
            "/v1/tenants",
            &host.admin().call(method, path, Value::Null).await,
        );
    }
    document.check_answer(
        "GET",
        "/v1/tenants",
        &host.admin().with_token(None).get("/v1/tenants").await,
    );
}

#[test]
fn a_document_finds_what_does_not_fit() {
    let document = Document::of(flowhost_api::openapi_document());
    let schema = "/paths/~1v1~1tenants/post/requestBody/content/application~1json/schema";
    assert!(document.fits(schema, &json!({"slug": "a"})).is_ok());
    for wrong in [json!({}), json!({"slug": 1}), json!({"slug": "a", "colour": 1})] {
        assert!(document.fits(schema, &wrong).is_err(), "{wrong}");
    }
}

/// A conversation after which nothing that lists show is empty: an exchange, a line of the log, and
/// an error that the client reported.
async fn converse(flow: &TestFlow) {
    let form = json!({"do": "log", "level": "info", "value": "a line"});
    for request in [
        payload::data_exchange("FORM", form, "token-of-ana"),
        payload::error_notification("FORM", "some-error", "Ana typed this", "token-of-ana"),
    ] {
        assert_eq!(flow.client().call(&request).await.unwrap().status, 200);
    }
    eventually("the line is in the log", async || {
        let log = flow.call("GET", "/logs", Value::Null).await;
        (!log.text.is_empty()).then_some(())
    })
    .await;
}

/// Calls of every route, each with a body that it takes and the status that it then answers with.
/// What one deletes, none after it needs.
fn calls() -> Vec<(&'static str, &'static str, Value, u16)> {
    const FLOW: &str = "/v1/tenants/{tenant}/flows/{flow}";
    let mut calls = above_tenants();
    calls.extend(of_a_tenant());
    for (method, below, body, status) in of_a_flow() {
        let route = Route::ALL
            .iter()
            .map(|route| route.path())
            .find(|path| path.strip_prefix(FLOW) == Some(below));
        calls.push((method, route.expect("the flow has this route"), body, status));
    }
    calls.push(("DELETE", "/v1/tenants/{tenant}", Value::Null, 204));
    calls
}

fn above_tenants() -> Vec<(&'static str, &'static str, Value, u16)> {
    vec![
        ("GET", "/v1/openapi.json", Value::Null, 200),
        ("POST", "/v1/partners", json!({"slug": "solo", "name": "Solo"}), 201),
        ("GET", "/v1/partners", Value::Null, 200),
        ("GET", "/v1/partners/{partner}", Value::Null, 200),
        ("PATCH", "/v1/partners/{partner}", json!({"disabled": false}), 200),
        ("DELETE", "/v1/partners/{partner}", Value::Null, 204),
        (
            "POST",
            "/v1/api-tokens",
            json!({"tenant": "acme", "role": "read", "expires_in_seconds": 60}),
            201,
        ),
        ("GET", "/v1/api-tokens", Value::Null, 200),
        ("DELETE", "/v1/api-tokens/{api_token}", Value::Null, 204),
        ("GET", "/v1/audit", Value::Null, 200),
        ("POST", "/v1/tenants", json!({"slug": "other", "waba_id": "1"}), 201),
        ("GET", "/v1/tenants", Value::Null, 200),
    ]
}

fn of_a_tenant() -> Vec<(&'static str, &'static str, Value, u16)> {
    vec![
        ("GET", "/v1/tenants/{tenant}", Value::Null, 200),
        ("PATCH", "/v1/tenants/{tenant}", json!({"waba_id": null, "requests_per_second": 50}), 200),
        ("GET", "/v1/tenants/{tenant}/health", Value::Null, 200),
        ("PUT", "/v1/tenants/{tenant}/app-secret", json!({"secret": "another-app-secret"}), 204),
        (
            "PUT",
            "/v1/tenants/{tenant}/graph",
            json!({"access_token": TOKEN, "phone_number_ids": ["1001"]}),
            204,
        ),
        ("GET", "/v1/tenants/{tenant}/graph", Value::Null, 200),
        ("GET", "/v1/tenants/{tenant}/keys", Value::Null, 200),
        ("POST", "/v1/tenants/{tenant}/keys/{key}/upload", json!({}), 200),
        ("GET", "/v1/tenants/{tenant}/keys", Value::Null, 200),
        ("POST", "/v1/tenants/{tenant}/keys", json!({"retire_previous_after_seconds": 0}), 201),
        ("DELETE", "/v1/tenants/{tenant}/keys/{key}", Value::Null, 204),
        ("DELETE", "/v1/tenants/{tenant}/graph", Value::Null, 204),
        ("GET", "/v1/tenants/{tenant}/flows", Value::Null, 200),
    ]
}

fn of_a_flow() -> Vec<(&'static str, &'static str, Value, u16)> {
    vec![
        ("GET", "", Value::Null, 200),
        (
            "PUT",
            "",
            json!({"on_failure": "error-message", "limits": {"cpu_ms": 150}, "grants": {"store": true}, "disabled": false}),
            200,
        ),
        (
            "PATCH",
            "",
            json!({"failure_text": null, "limits": {"cpu_ms": null}, "grant": {"http": ["api.example.com"]}, "deny": {"media": true}}),
            200,
        ),
        (
            "PUT",
            "/config/{key}",
            json!({"value": "x", "secret": true, "hosts": ["api.example.com"]}),
            204,
        ),
        ("GET", "/config", Value::Null, 200),
        ("DELETE", "/config/{key}", Value::Null, 204),
        ("GET", "/versions", Value::Null, 200),
        ("POST", "/versions", Value::Null, 201),
        ("PUT", "/versions/{version}/flow-json", flow_json(), 204),
        ("POST", "/activate", json!({"version": 2}), 200),
        ("POST", "/rollback", Value::Null, 200),
        ("POST", "/versions/{version}/rehearse", json!({"data": {}}), 200),
        ("POST", "/activate", json!({"version": 2}), 200),
        ("DELETE", "/versions/{version}", Value::Null, 204),
        ("POST", "/versions", Value::Null, 201),
        ("POST", "/store/keys", json!({"prefix": "v", "limit": 1}), 200),
        ("POST", "/store/value", json!({"key": "visits"}), 200),
        (
            "POST",
            "/tokens",
            json!({"context": {"a": [1]}, "ttl_seconds": 60, "ttl_from": "init"}),
            201,
        ),
        ("GET", "/logs", Value::Null, 200),
        ("GET", "/sessions", Value::Null, 200),
        ("GET", "/sessions/{session}", Value::Null, 200),
        ("POST", "/sessions/delete", json!({"flow_token": "token-of-ana"}), 204),
        ("PUT", "/flow-json", flow_json(), 204),
        ("GET", "/flow-json", Value::Null, 200),
        ("DELETE", "/flow-json", Value::Null, 204),
        ("DELETE", "", Value::Null, 204),
    ]
}

/// The document, to be held against what is sent and what comes.
struct Document(Value);

impl Document {
    /// The document, taken by the letter: a view may have more fields in a later release, but this
    /// host answers with none that its own document does not have.
    fn of(mut document: Value) -> Self {
        assert_eq!(document["openapi"], "3.1.0");
        for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
            if schema.get("properties").is_some() {
                schema["additionalProperties"] = json!(false);
            }
        }
        Self(document)
    }

    /// Whether the body is as the operation says.
    fn check_body(&self, method: &str, route: &str, body: &Value) {
        let content = format!("{}/requestBody/content", operation(method, route));
        match self.0.pointer(&format!("{content}/application~1json/schema")) {
            Some(_) => self
                .fits(&format!("{content}/application~1json/schema"), body)
                .unwrap_or_else(|error| panic!("{method} {route}: {error}")),
            None => assert!(body.is_null(), "{method} {route} takes no JSON"),
        }
    }

    /// Whether the answer is as the operation says: its status, its type, and its body.
    fn check_answer(&self, method: &str, route: &str, reply: &AdminReply) {
        let responses = format!("{}/responses", operation(method, route));
        let response = match self.0.pointer(&format!("{responses}/{}", reply.status)) {
            Some(_) => format!("{responses}/{}", reply.status),
            None if reply.status >= 400 => "/components/responses/Problem".to_owned(),
            None => panic!("{method} {route} does not answer {}", reply.status),
        };
        if reply.text.is_empty() && reply.content_type.is_empty() {
            assert!(
                self.0.pointer(&format!("{response}/content")).is_none(),
                "{method} {route} has an empty answer"
            );
            return;
        }
        let schema = format!("{response}/content/{}/schema", reply.content_type.replace('/', "~1"));
        assert!(
            self.0.pointer(&schema).is_some(),
            "{method} {route} does not answer {}",
            reply.content_type
        );
        let lines = reply.content_type == "application/jsonl";
        let parts = if lines { reply.text.lines().collect() } else { vec![reply.text.as_str()] };
        for part in parts {
            let json = serde_json::from_str(part).unwrap();
            self.fits(&schema, &json)
                .unwrap_or_else(|error| panic!("{method} {route}: {part}: {error}"));
        }
    }

    /// Whether a value fits the schema at this pointer.
    fn fits(&self, schema: &str, value: &Value) -> Result<(), String> {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource("https://example.com/openapi.json", self.0.clone()).unwrap();
        let schema = schema.replace('{', "%7B").replace('}', "%7D");
        let index =
            compiler.compile(&format!("https://example.com/openapi.json#{schema}"), &mut schemas);
        let index = index.unwrap_or_else(|error| panic!("{schema}: {error:?}"));
        schemas.validate(value, index).map_err(|error| error.to_string())
    }
}

/// The pointer to an operation.
fn operation(method: &str, route: &str) -> String {
    format!("/paths/{}/{}", route.replace('/', "~1"), method.to_lowercase())
}

fn fill(route: &str, ids: &[(&str, &Value)]) -> String {
    let key = if route.contains("/config/") { "api-key" } else { "{key}" };
    let filled = route
        .replace("{tenant}", "acme")
        .replace("{flow}", "booking")
        .replace("{partner}", "solo")
        .replace("{version}", "1");
    ids.iter().fold(filled.replace("{key}", key), |path, (name, id)| {
        path.replace(name, id.as_str().unwrap())
    })
}

const TOKEN: &str = "EAABrecognisable0graph0token";
