//! Every route of the admin API: who has no token gets in nowhere, and another tenant's things are simply not there.

use flowhost::http::ADMIN_ROUTES;
use flowhost_tests::{Component, TestHost};
use serde_json::{Value, json};

/// Routes where another tenant's name for a thing is a fine name for one's own. May only shrink.
const MAKES_ITS_OWN: [(&str, &str); 1] = [("PUT", "/v1/tenants/{tenant}/flows/{flow}")];

#[tokio::test]
async fn every_route_needs_a_valid_token() {
    let host = TestHost::start().await;
    host.tenant_without_app_secret("acme").await;
    let (nobody, stranger) = (host.admin().with_token(None), host.admin().with_token(Some("fha_wrong")));
    let not_there =
        [("GET", "/v1"), ("GET", "/v1/"), ("GET", "/v1/nothing"), ("PUT", "/v1/tenants/acme/nothing"), ("DELETE", "/v1/tenants")];

    for &(method, route) in ADMIN_ROUTES.iter().chain(&not_there) {
        let path = fill(route, "acme", "booking", ID, ID);
        nobody.call(method, &path, body_for(route)).await.problem(401);
        stranger.call(method, &path, body_for(route)).await.problem(401);
    }

    for token in ["", " ", "x y", &format!("{} ", "x".repeat(10_000))] {
        host.admin().with_token(Some(token)).get("/v1/tenants").await.problem(401);
    }
    assert_eq!(host.admin().get("/v1/tenants").await.expect(200)["tenants"].as_array().unwrap().len(), 1);
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
    for wrong in [token.to_owned(), format!("Basic {token}"), format!("Bearer{token}"), format!("Bearer {token}x")] {
        assert_eq!(status(wrong).await, 401);
    }
    assert_eq!(client.get(format!("{base}?access_token={token}")).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn what_belongs_to_nobody_is_404_on_every_route() {
    let host = TestHost::start().await;
    for &(method, route) in ADMIN_ROUTES.iter().filter(|(_, route)| route.contains("{tenant}")) {
        for tenant in ["nobody", "Nobody", "00000000-0000-0000-0000-000000000000"] {
            host.admin().call(method, &fill(route, tenant, "booking", ID, ID), body_for(route)).await.problem(404);
        }
    }
}

#[tokio::test]
async fn another_tenants_things_are_404_on_every_route() {
    let host = TestHost::start().await;
    let (a, b) = (host.tenant("a").await, host.tenant("b").await);
    a.flow("mine", json!({}), Component::Steady).await;
    let theirs = b.flow("theirs", json!({}), Component::Steady).await;
    theirs.count("t").await;
    let session = theirs.session().await["id"].as_str().unwrap().to_owned();
    let key = b.call("GET", "/keys", Value::Null).await.expect(200)["keys"][0]["id"].as_str().unwrap().to_owned();
    let before = everything(&b).await;

    for &(method, route) in ADMIN_ROUTES {
        let names_a_thing = ["{flow}", "{key}", "{session}"].iter().any(|part| route.contains(part));
        if !names_a_thing || MAKES_ITS_OWN.contains(&(method, route)) {
            continue;
        }
        host.admin().call(method, &fill(route, "a", "theirs", &key, &session), body_for(route)).await.problem(404);
        if route.contains("{session}") {
            host.admin().call(method, &fill(route, "a", "mine", &key, &session), body_for(route)).await.problem(404);
        }
    }

    assert_eq!(everything(&b).await, before);
    assert_eq!(theirs.count("t").await, 2);
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

fn fill(route: &str, tenant: &str, flow: &str, key: &str, session: &str) -> String {
    let filled = route.replace("{tenant}", tenant).replace("{flow}", flow).replace("{key}", key).replace("{session}", session);
    assert!(!filled.contains('{'), "{route} has a part that this test doesn't know");
    filled
}

/// A body that the route would take.
fn body_for(route: &str) -> Value {
    match route {
        "/v1/tenants" => json!({"slug": "new"}),
        route if route.ends_with("/app-secret") => json!({"secret": "x"}),
        route if route.ends_with("/activate") => json!({"version": 1}),
        _ => json!({}),
    }
}

async fn everything(tenant: &flowhost_tests::TestTenant) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["", "/keys", "/flows", "/flows/theirs/versions", "/flows/theirs/sessions"] {
        all.push(tenant.call("GET", path, Value::Null).await.expect(200));
    }
    all
}

const ID: &str = "0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11";
