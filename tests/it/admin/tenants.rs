//! `/v1/tenants`.

use flowhost_client::payload;
use flowhost_tests::{AdminReply, Component, TestHost, post, sign};
use serde_json::{Value, json};

#[tokio::test]
async fn a_tenant_is_made_shown_changed_and_deleted() {
    let host = TestHost::start().await;
    let admin = host.admin();

    let body = json!({"slug": "acme-7", "name": "Acme Clinic", "waba_id": "102290129340398"});
    let made = admin.call("POST", "/v1/tenants", body).await;
    assert_eq!(made.content_type, "application/json");
    let made = made.expect(201);
    assert!(made["public_key_pem"].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    let shown = admin.get("/v1/tenants/acme-7").await.expect(200);
    for (field, value) in [
        ("slug", json!("acme-7")),
        ("name", json!("Acme Clinic")),
        ("waba_id", json!("102290129340398")),
        ("partner", json!("default")),
        ("disabled", json!(false)),
    ] {
        assert_eq!((&made[field], &shown[field]), (&value, &value), "{field}");
    }
    assert!(shown["created_at"].as_str().unwrap().ends_with('Z'), "{shown}");

    let changed =
        admin.call("PATCH", "/v1/tenants/acme-7", json!({"name": "Acme"})).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["waba_id"]),
        (&json!("Acme"), &json!("102290129340398"))
    );
    let changed =
        admin.call("PATCH", "/v1/tenants/acme-7", json!({"waba_id": null})).await.expect(200);
    assert_eq!((&changed["name"], &changed["waba_id"]), (&json!("Acme"), &Value::Null));

    admin.call("POST", "/v1/tenants", json!({"slug": "a"})).await.expect(201);
    assert_eq!(slugs(admin.get("/v1/tenants").await), ["a", "acme-7"]);
    admin.call("DELETE", "/v1/tenants/acme-7", Value::Null).await.expect(204);
    assert_eq!(slugs(admin.get("/v1/tenants").await), ["a"]);
    for method in ["GET", "PATCH", "DELETE"] {
        admin.call(method, "/v1/tenants/acme-7", json!({})).await.problem(404);
    }
}

#[tokio::test]
async fn what_can_not_be_a_tenant_is_refused_with_the_reason() {
    let host = TestHost::start().await;
    let admin = host.admin();
    let make = async |body: Value| admin.call("POST", "/v1/tenants", body).await;
    make(json!({"slug": "taken"})).await.expect(201);

    for slug in ["", "Acme", "a_b", "a b", "é", "a/b", "a.b", &"x".repeat(64)] {
        let detail = make(json!({"slug": slug})).await.problem(422).to_owned();
        assert!(detail.contains("a-z"), "{slug:?}: {detail}");
    }
    for (body, named) in [
        (json!({}), "slug"),
        (json!({"slug": 7}), "string"),
        (json!({"slug": "a", "nmae": "A"}), "nmae"),
        (json!({"slug": "a", "name": ""}), "name"),
        (json!({"slug": "a", "name": "x".repeat(1000)}), "name"),
        (json!({"slug": "a", "partner": "nobody"}), "nobody"),
    ] {
        let detail = make(body.clone()).await.problem(422).to_owned();
        assert!(detail.contains(named), "{body}: {detail}");
    }
    assert!(make(json!({"slug": "taken"})).await.problem(409).contains("slug"));
    for not_json in ["{", "slug=a", "{\"slug\":\"a\"}}", "\u{0}"] {
        let reply = admin.send("POST", "/v1/tenants", "application/json", not_json.into()).await;
        assert!(reply.problem(400).contains("JSON"), "{not_json}");
    }
    let patch = async |body: Value| admin.call("PATCH", "/v1/tenants/taken", body).await;
    assert!(patch(json!({"slug": "other"})).await.problem(422).contains("slug"));
    assert!(patch(json!({"waba_id": 5})).await.problem(422).contains("waba_id"));
    assert!(patch(json!({"name": " "})).await.problem(422).contains("name"));
    patch(json!({"disabled": "yes"})).await.problem(422);
    assert_eq!(slugs(admin.get("/v1/tenants").await), ["taken"]);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_413() {
    let host = TestHost::start().await;

    let body = json!({"slug": "a", "name": "x".repeat(2 << 20)}).to_string();

    host.admin().send("POST", "/v1/tenants", "application/json", body.into()).await.problem(413);
}

#[tokio::test]
async fn a_tenant_that_is_switched_off_answers_503_until_it_is_switched_on() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let request = flow.client().seal(&payload::ping()).unwrap();

    tenant.call("PATCH", "", json!({"disabled": true})).await.expect(200);
    assert_eq!(
        post(&flow.url(), Some(&request.signature), request.body.clone()).await,
        (503, Vec::new())
    );
    assert_eq!(post(&flow.url(), None, "unsigned").await, (503, Vec::new()));

    tenant.call("PATCH", "", json!({"disabled": false})).await.expect(200);
    assert_eq!(flow.count("token-of-ana").await, 2);
}

#[tokio::test]
async fn a_tenant_without_an_app_secret_accepts_nothing() {
    let host = TestHost::start().await;
    let tenant = host.tenant_without_app_secret("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let request = flow.client().seal(&payload::ping()).unwrap();

    for signature in
        [None, Some(request.signature), Some(sign("", &request.body)), Some("sha256=".to_owned())]
    {
        assert_eq!(
            post(&flow.url(), signature.as_deref(), request.body.clone()).await,
            (432, Vec::new()),
            "{signature:?}"
        );
    }
}

#[tokio::test]
async fn a_deleted_tenant_is_gone_at_once_with_all_that_it_had() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!((flow.count("token-of-ana").await, neighbour.count("token-of-ana").await), (1, 1));
    let request = flow.client().seal(&payload::ping()).unwrap();

    tenant.call("DELETE", "", Value::Null).await.expect(204);

    assert_eq!(
        post(&flow.url(), Some(&request.signature), request.body.clone()).await,
        (404, Vec::new())
    );
    let pool = host.database().pool().await;
    for table in [
        "tenants",
        "key_pairs",
        "app_secrets",
        "flows",
        "components",
        "plugin_versions",
        "sessions",
        "exchanges",
    ] {
        let count = format!("select count(distinct tenant_id) from {table}");
        let tenants: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&pool).await.unwrap();
        assert_eq!(tenants, 1, "{table}");
    }
    assert_eq!(neighbour.count("token-of-ana").await, 2);
    let again = host.tenant("acme").await;
    assert_ne!(again.public_key_pem, tenant.public_key_pem);
    assert_eq!(again.call("GET", "/flows", Value::Null).await.expect(200), json!({"flows": []}));
}

fn slugs(reply: AdminReply) -> Vec<String> {
    let tenants = reply.expect(200);
    tenants["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tenant| tenant["slug"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_waba_id_has_bounds() {
    let host = TestHost::start().await;
    let long = "9".repeat(70_000);
    for wrong in ["", " ", "1\n2", &long] {
        host.admin()
            .call("POST", "/v1/tenants", json!({"slug": "acme", "waba_id": wrong}))
            .await
            .problem(422);
    }
    let tenant = host.tenant("acme").await;

    tenant.call("PATCH", "", json!({"waba_id": long})).await.problem(422);

    let patched = tenant.call("PATCH", "", json!({"waba_id": "102290129340398"})).await.expect(200);
    assert_eq!(patched["waba_id"], "102290129340398");
}
