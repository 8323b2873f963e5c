//! Every route of the admin API: without a token nobody gets in, and another tenant's things do not
//! exist.

use flowhost_api::{Right, Route};
use flowhost_tests::{Component, TestFlow, TestHost, TestTenant};
use serde_json::{Value, json};

/// Routes where another tenant's name for a thing is also a valid name for one's own. This list may
/// only shrink.
const MAKES_ITS_OWN: [(&str, &str); 1] = [("PUT", "/v1/tenants/{tenant}/flows/{flow}")];

/// Routes that name nothing: their answer depends on what the caller may see, or is the same for
/// all. This list may only shrink.
const NAMES_NOTHING: [(&str, &str); 6] = [
    ("GET", "/v1/openapi.json"),
    ("POST", "/v1/tenants"),
    ("GET", "/v1/tenants"),
    ("POST", "/v1/api-tokens"),
    ("GET", "/v1/api-tokens"),
    ("GET", "/v1/audit"),
];

#[tokio::test]
async fn every_route_needs_a_valid_token() {
    let host = TestHost::start().await;
    host.tenant_without_app_secret("acme").await;
    let (nobody, stranger) =
        (host.admin().with_token(None), host.admin().with_token(Some("fha_wrong")));
    let expired =
        host.api_token(json!({"tenant": "acme", "role": "read", "expires_in_seconds": 0})).await;
    let revoked = host.api_token(json!({"scope": "operator"})).await;
    let id = host.admin().get("/v1/api-tokens").await.expect(200)["api_tokens"][0]["id"].clone();
    host.admin()
        .call("DELETE", &format!("/v1/api-tokens/{}", id.as_str().unwrap()), Value::Null)
        .await
        .expect(204);
    let not_there = [
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("GET", "/v1/nothing"),
        ("PUT", "/v1/tenants/acme/nothing"),
        ("DELETE", "/v1/tenants"),
    ];

    for (method, route) in routes().chain(not_there) {
        let path = fill(route, "acme", "booking", ID, ID);
        for caller in [&nobody, &stranger, &expired, &revoked] {
            caller.call(method, &path, body_for(route)).await.problem(401);
        }
    }

    for token in ["", " ", "x y", &format!("{} ", "x".repeat(10_000))] {
        host.admin().with_token(Some(token)).get("/v1/tenants").await.problem(401);
    }
    assert_eq!(
        host.admin().get("/v1/tenants").await.expect(200)["tenants"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_token_in_another_place_or_scheme_is_none() {
    let host = TestHost::start().await;
    let token = host.admin_token();
    let base = host.admin().url("/v1/tenants");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |authorization: String| {
        let request = client.get(&base).header("authorization", authorization);
        request.send().await.unwrap().status().as_u16()
    };

    assert_eq!(status(format!("Bearer {token}")).await, 200);
    assert_eq!(status(format!("bearer {token}")).await, 200, "the scheme's case says nothing");
    for wrong in [
        token.to_owned(),
        format!("Basic {token}"),
        format!("Bearer{token}"),
        format!("Bearer {token}x"),
    ] {
        assert_eq!(status(wrong).await, 401);
    }
    assert_eq!(
        client.get(format!("{base}?access_token={token}")).send().await.unwrap().status(),
        401
    );
}

#[tokio::test]
async fn what_belongs_to_nobody_is_404_on_every_route() {
    let host = TestHost::start().await;
    for (method, route) in routes().filter(|(_, route)| route.contains("{tenant}")) {
        for tenant in ["nobody", "Nobody", "00000000-0000-0000-0000-000000000000"] {
            host.admin()
                .call(method, &fill(route, tenant, "booking", ID, ID), body_for(route))
                .await
                .problem(404);
        }
    }
}

#[tokio::test]
async fn another_tenants_things_are_404_on_every_route() {
    let host = TestHost::start().await;
    let (a, b) = (host.tenant("a").await, host.tenant("b").await);
    a.flow("mine", json!({}), Component::Steady).await;
    let (theirs, key, session) = things_of(&b).await;
    let before = everything(&b).await;

    for (method, route) in routes() {
        let names_a_thing =
            ["{flow}", "{key}", "{session}"].iter().any(|part| route.contains(part));
        if !names_a_thing || MAKES_ITS_OWN.contains(&(method, route)) {
            continue;
        }
        host.admin()
            .call(method, &fill(route, "a", "theirs", &key, &session), body_for(route))
            .await
            .problem(404);
        if route.contains("{session}") {
            host.admin()
                .call(method, &fill(route, "a", "mine", &key, &session), body_for(route))
                .await
                .problem(404);
        }
    }

    assert_eq!(everything(&b).await, before);
    assert_eq!(theirs.count("token-of-ana").await, 2);
}

#[tokio::test]
async fn what_a_token_may_not_see_is_404_on_every_route() {
    let host = TestHost::start().await;
    host.admin().call("POST", "/v1/partners", json!({"slug": "solo"})).await.expect(201);
    let (a, b) = (host.tenant("a").await, host.tenant("b").await);
    a.flow("mine", json!({}), Component::Steady).await;
    let (theirs, key, session) = things_of(&b).await;
    let before = everything(&b).await;
    let callers = [
        host.api_token(json!({"tenant": "a", "role": "read"})).await,
        host.api_token(json!({"tenant": "a", "role": "deploy"})).await,
        host.api_token(json!({"partner": "solo"})).await,
    ];

    for (method, route) in routes().filter(|route| !NAMES_NOTHING.contains(route)) {
        for caller in &callers {
            let path = fill(route, "b", "theirs", &key, &session);
            let answer = caller.call(method, &path, body_for(route)).await;
            let hidden =
                answer.status == 404 || (answer.status == 403 && !route.contains("{tenant}"));
            assert!(hidden, "{method} {path}: {}", answer.text);
        }
    }

    for caller in &callers {
        assert!(!caller.get("/v1/tenants").await.expect(200).to_string().contains("\"b\""));
        assert!(!caller.get("/v1/audit").await.expect(200).to_string().contains("theirs"));
    }
    assert_eq!(everything(&b).await, before);
    assert_eq!(theirs.count("token-of-ana").await, 2);
}

#[tokio::test]
async fn a_role_may_do_what_its_routes_say_and_nothing_more() {
    let host = TestHost::start().await;
    let a = host.tenant("a").await;
    a.flow("booking", json!({}), Component::Steady).await;
    let before = everything_of(&a, "booking").await;
    let callers = [
        (host.api_token(json!({"tenant": "a", "role": "read"})).await, Right::Read),
        (host.api_token(json!({"tenant": "a", "role": "deploy"})).await, Right::Deploy),
        (host.api_token(json!({"partner": "default"})).await, Right::Manage),
    ];

    for route in Route::ALL {
        let (method, route, right) = (route.method().as_str(), route.path(), route.right());
        for (caller, most) in callers.iter().filter(|(_, most)| right > *most) {
            let answer =
                caller.call(method, &fill(route, "a", "booking", ID, ID), body_for(route)).await;
            let expected = if right == Right::Operate { 404 } else { 403 };
            assert_eq!(answer.status, expected, "{method} {route} by {most:?}: {}", answer.text);
        }
    }

    assert_eq!(everything_of(&a, "booking").await, before, "what was refused changed nothing");
    for (caller, _) in &callers {
        caller.get("/v1/tenants/a/flows/booking").await.expect(200);
    }
    callers[1]
        .0
        .call("PATCH", "/v1/tenants/a/flows/booking", json!({"failure_text": "x"}))
        .await
        .expect(200);
    callers[2].0.call("PATCH", "/v1/tenants/a", json!({"name": "x"})).await.expect(200);
}

#[tokio::test]
async fn every_error_is_a_problem_document() {
    let host = TestHost::start().await;
    host.tenant_without_app_secret("acme").await;
    let admin = host.admin();

    admin.get("/v1/nothing").await.problem(404);
    admin.call("PUT", "/v1/tenants", json!({})).await.problem(405);
    admin.get("/v1/tenants/nobody").await.problem(404);
    for path in ["/v1/tenants/%ff", "/v1/tenants/acme/flows/%ff", "/v1/tenants/acme/keys/%ff"] {
        let method = if path.contains("keys") { "DELETE" } else { "GET" };
        admin.call(method, path, Value::Null).await.problem(404);
    }
}

/// A flow `theirs` of a tenant, with the ids of a key and of a session.
async fn things_of(tenant: &TestTenant) -> (TestFlow, String, String) {
    let flow = tenant.flow("theirs", json!({}), Component::Steady).await;
    flow.count("token-of-ana").await;
    flow.call("PUT", "/flow-json", flow_json()).await.expect(204);
    let session = flow.session().await["id"].as_str().unwrap().to_owned();
    let key = tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    (flow, key, session)
}

/// The method and path of every route.
fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    Route::ALL.iter().map(|route| (route.method().as_str(), route.path()))
}

fn fill(route: &str, tenant: &str, flow: &str, key: &str, session: &str) -> String {
    let filled = route
        .replace("{tenant}", tenant)
        .replace("{flow}", flow)
        .replace("{key}", key)
        .replace("{session}", session);
    let filled =
        filled.replace("{partner}", "default").replace("{api_token}", ID).replace("{version}", "1");
    assert!(!filled.contains('{'), "{route} has a part that this test doesn't know");
    filled
}

/// A body that the route accepts.
fn body_for(route: &str) -> Value {
    match route {
        "/v1/tenants" | "/v1/partners" => json!({"slug": "new"}),
        "/v1/api-tokens" => json!({"partner": "default"}),
        route if route.ends_with("/app-secret") => json!({"secret": "x"}),
        route if route.ends_with("/graph") => {
            json!({"access_token": "x", "phone_number_ids": ["1"]})
        }
        route if route.ends_with("/config/{key}") => json!({"value": "x"}),
        route if route.ends_with("/flow-json") => flow_json(),
        route if route.ends_with("/activate") => json!({"version": 1}),
        route if route.ends_with("/store/value") => json!({"key": "visits"}),
        route if route.ends_with("/sessions/delete") => json!({"flow_token": "token-of-ana"}),
        _ => json!({}),
    }
}

/// A Flow JSON with which `Component::Steady` can count.
pub(crate) fn flow_json() -> Value {
    let footer = json!({"type": "Footer", "label": "Done", "on-click-action": {"name": "data_exchange", "payload": {}}});
    let layout = json!({"type": "SingleColumnLayout", "children": [footer]});
    json!({
        "version": "7.3",
        "data_api_version": "3.0",
        "routing_model": {"FORM": ["NEXT"], "NEXT": []},
        "screens": [{"id": "FORM", "title": "Form", "layout": layout}, {"id": "NEXT", "title": "Next", "terminal": true, "data": {}, "layout": layout}],
    })
}

async fn everything(tenant: &TestTenant) -> Vec<Value> {
    everything_of(tenant, "theirs").await
}

/// Everything that can be read about a tenant and this flow.
async fn everything_of(tenant: &TestTenant, flow: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "".to_owned(),
        "/keys".to_owned(),
        "/graph".to_owned(),
        "/flows".to_owned(),
        format!("/flows/{flow}/config"),
        format!("/flows/{flow}/versions"),
        format!("/flows/{flow}/sessions"),
    ] {
        all.push(tenant.call("GET", &path, Value::Null).await.expect(200));
    }
    all
}

const ID: &str = "0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11";
