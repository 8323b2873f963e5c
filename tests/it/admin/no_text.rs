//! U+0000 and lone surrogates in what operators send are refused on every route, in every text.

use std::collections::BTreeSet;

use flowhost_api::Route;
use flowhost_tests::{Component, TestHost};
use serde_json::{Value, json};

#[tokio::test]
async fn no_text_of_a_body_may_hold_what_can_not_be_stored() {
    let host = TestHost::start().await;
    host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let bodies = bodies();
    let with_body: BTreeSet<_> =
        bodies.iter().map(|(method, route, _)| (*method, *route)).collect();
    let others = routes()
        .filter(|(method, route)| *method != "GET" && !with_body.contains(&(*method, *route)));
    let others: Vec<_> =
        others.filter(|(method, _)| *method != "DELETE").map(|(_, route)| route).collect();
    // These take no JSON: a component, and an empty body.
    assert_eq!(
        others,
        [
            "/v1/tenants/{tenant}/flows/{flow}/versions",
            "/v1/tenants/{tenant}/flows/{flow}/rollback"
        ]
    );

    for (method, route, body) in bodies {
        let path = fill(route);
        let texts = places(&body);
        assert!(!texts.is_empty() || route.ends_with("/activate"), "{method} {route} takes texts");
        for place in texts {
            for (escape, named) in
                [(r"\u0000", "U+0000"), (r"\ud83c", "surrogate"), (r"\uDF89", "surrogate")]
            {
                let marked = marked(&body, &place).to_string();
                let sent = marked.replace(MARK, escape);
                assert_ne!(sent, marked, "{route} {place}");
                let answer =
                    host.admin().send(method, &path, "application/json", sent.into_bytes()).await;
                match route.ends_with("/flow-json") {
                    // A readable Flow JSON is stored byte for byte.
                    true => {
                        assert!(answer.status < 500, "{method} {path} {place}: {}", answer.text)
                    }
                    false => assert!(
                        answer.problem(422).contains(named),
                        "{method} {path} {place}: {}",
                        answer.text
                    ),
                }
            }
        }
    }
}

#[tokio::test]
async fn no_path_and_no_query_with_u_0000_names_anything() {
    let host = TestHost::start().await;
    host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;

    for (method, route) in routes() {
        for name in
            ["{tenant}", "{flow}", "{key}", "{partner}", "{api_token}", "{session}", "{version}"]
        {
            if route.contains(name) {
                let path = fill(&route.replace(name, "a%00b"));
                host.admin().call(method, &path, json!({})).await.problem(404);
            }
        }
        if method == "GET" {
            for query in ["before=%00", "status=%00", "limit=%00", "level=%00", "%00=1"] {
                let answer = host.admin().get(&format!("{}?{query}", fill(route))).await;
                assert!(answer.status < 500, "{route}?{query}: {}", answer.text);
            }
        }
    }
}

/// The method and path of every route.
fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    Route::ALL.iter().map(|route| (route.method().as_str(), route.path()))
}

/// Every route that takes JSON, with a body that contains every text it takes.
fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    let settings = json!({
        "token_policy": "open", "token_signature": "if-present", "token_rejected_text": "over", "on_failure": "status", "failure_text": "x",
        "grants": {"http": ["api.example.com"]},
    });
    vec![
        ("POST", "/v1/partners", json!({"slug": "new", "name": "New"})),
        ("PATCH", "/v1/partners/{partner}", json!({"name": "New"})),
        (
            "POST",
            "/v1/api-tokens",
            json!({"scope": "operator", "partner": "default", "tenant": "acme", "role": "read"}),
        ),
        (
            "POST",
            "/v1/tenants",
            json!({"slug": "new", "name": "New", "waba_id": "1", "partner": "default"}),
        ),
        ("PATCH", "/v1/tenants/{tenant}", json!({"name": "New", "waba_id": "1"})),
        ("POST", "/v1/tenants/{tenant}/keys", json!({"private_key_pem": "x", "passphrase": "y"})),
        ("POST", "/v1/tenants/{tenant}/keys/{key}/upload", json!({"phone_number_id": "1"})),
        (
            "PUT",
            "/v1/tenants/{tenant}/graph",
            json!({"access_token": "x", "phone_number_ids": ["1"]}),
        ),
        ("PUT", "/v1/tenants/{tenant}/app-secret", json!({"secret": "x"})),
        ("PUT", "/v1/tenants/{tenant}/flows/{flow}", settings.clone()),
        ("PATCH", "/v1/tenants/{tenant}/flows/{flow}", settings),
        (
            "PATCH",
            "/v1/tenants/{tenant}/flows/{flow}",
            json!({"grant": {"http": ["api.example.com"]}, "deny": {"http": ["api.example.com"]}}),
        ),
        (
            "PUT",
            "/v1/tenants/{tenant}/flows/{flow}/config/{key}",
            json!({"value": "x", "secret": true, "hosts": ["api.example.com"]}),
        ),
        (
            "PUT",
            "/v1/tenants/{tenant}/flows/{flow}/flow-json",
            json!({"version": "7.3", "screens": [{"id": "A", "title": "A"}]}),
        ),
        (
            "PUT",
            "/v1/tenants/{tenant}/flows/{flow}/versions/{version}/flow-json",
            json!({"version": "7.3", "screens": [{"id": "A", "title": "A"}]}),
        ),
        ("POST", "/v1/tenants/{tenant}/flows/{flow}/activate", json!({"version": 1})),
        (
            "POST",
            "/v1/tenants/{tenant}/flows/{flow}/versions/{version}/rehearse",
            json!({"data": {"name": "Ana", "list": ["a"]}}),
        ),
        ("POST", "/v1/tenants/{tenant}/flows/{flow}/store/keys", json!({"prefix": "x"})),
        ("POST", "/v1/tenants/{tenant}/flows/{flow}/store/value", json!({"key": "x"})),
        ("POST", "/v1/tenants/{tenant}/flows/{flow}/tokens", json!({"context": {"name": ["Ana"]}})),
        ("POST", "/v1/tenants/{tenant}/flows/{flow}/sessions/delete", json!({"flow_token": "x"})),
    ]
}

/// JSON pointers to all texts of a document, and to all keys (marked by a trailing `#`), which are
/// texts too.
fn places(value: &Value) -> Vec<String> {
    let below = |name: &str, value: &Value| {
        places(value).into_iter().map(|rest| format!("/{name}{rest}")).collect::<Vec<_>>()
    };
    match value {
        Value::String(_) => vec![String::new()],
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(number, item)| below(&number.to_string(), item))
            .collect(),
        Value::Object(fields) => {
            let keys = fields.keys().map(|key| format!("/{key}#"));
            keys.chain(fields.iter().flat_map(|(key, value)| below(key, value))).collect()
        }
        _ => Vec::new(),
    }
}

/// The document with a mark appended to the text or key at that place.
fn marked(document: &Value, place: &str) -> Value {
    let mut marked = document.clone();
    match place.strip_suffix('#').and_then(|place| place.rsplit_once('/')) {
        Some((parent, key)) => {
            let fields = marked.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            let value = fields.remove(key).unwrap();
            fields.insert(format!("{key}{MARK}"), value);
        }
        None => {
            let text = marked.pointer_mut(place).unwrap();
            *text = json!(format!("{}{MARK}", text.as_str().unwrap()));
        }
    }
    marked
}

fn fill(route: &str) -> String {
    let id = "0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11";
    let filled = route
        .replace("{tenant}", "acme")
        .replace("{flow}", "booking")
        .replace("{partner}", "default");
    filled
        .replace("{key}", id)
        .replace("{session}", id)
        .replace("{api_token}", id)
        .replace("{version}", "1")
}

/// A placeholder for an escape that `serde_json` would not write.
const MARK: &str = "@@";
