//! `/v1/audit`: it records every change with its author, and no entry can be removed.

use flowhost_api::{Method, Route};
use flowhost_tests::{Component, TestDatabase, TestHost};
use serde_json::{Value, json};

#[tokio::test]
async fn every_change_is_recorded_with_who_what_before_and_after() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let made = host
        .admin()
        .call("POST", "/v1/api-tokens", json!({"tenant": "acme", "role": "deploy"}))
        .await
        .expect(201);
    let developer = host.admin().with_token(made["token"].as_str());

    developer
        .call("PATCH", "/v1/tenants/acme/flows/booking", json!({"failure_text": "Sorry."}))
        .await
        .expect(200);
    flow.deploy(Component::Chatty).await;
    flow.call("POST", "/rollback", Value::Null).await.expect(200);
    host.admin().call("PATCH", "/v1/tenants/acme", json!({"name": "Acme"})).await.expect(200);
    let key = tenant.call("POST", "/keys", json!({})).await.expect(201);
    tenant
        .call("DELETE", &format!("/keys/{}", key["id"].as_str().unwrap()), Value::Null)
        .await
        .expect(204);
    flow.call("DELETE", "", Value::Null).await.expect(204);
    host.admin()
        .call("DELETE", &format!("/v1/api-tokens/{}", made["id"].as_str().unwrap()), Value::Null)
        .await
        .expect(204);
    host.admin().call("POST", "/v1/partners", json!({"slug": "solo"})).await.expect(201);
    host.admin().call("PATCH", "/v1/partners/solo", json!({"disabled": true})).await.expect(200);
    host.admin().call("DELETE", "/v1/partners/solo", Value::Null).await.expect(204);
    host.admin().call("DELETE", "/v1/tenants/acme", Value::Null).await.expect(204);

    let entries = host.admin().get("/v1/audit?limit=500").await.expect(200)["entries"]
        .as_array()
        .unwrap()
        .clone();
    let actions: Vec<_> =
        entries.iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
    let expected = [
        "tenant.create",
        "app-secret.set",
        "flow.put",
        "version.upload",
        "version.activate",
        "api-token.create",
        "flow.update",
        "version.upload",
        "version.activate",
        "version.rollback",
        "tenant.update",
        "key.add",
        "key.delete",
        "flow.delete",
        "api-token.delete",
        "partner.create",
        "partner.update",
        "partner.delete",
        "tenant.delete",
    ];
    assert_eq!(actions, expected);
    let entry = |action: &str| entries.iter().find(|entry| entry["action"] == action).unwrap();
    let updated = entry("flow.update");
    assert_eq!(updated["actor"], json!({"role": "deploy", "api_token": made["id"]}));
    assert_eq!(
        (&updated["tenant"], &updated["target"], &updated["partner"]),
        (&json!("acme"), &json!("booking"), &json!("default"))
    );
    assert_ne!(updated["before"]["settings"]["failure_text"], "Sorry.");
    assert_eq!(updated["after"]["settings"]["failure_text"], "Sorry.");
    assert_eq!(entry("version.rollback")["before"], json!({"active_version": 2}));
    assert_eq!(entry("version.rollback")["after"]["active_version"], 1);
    assert_eq!(entry("tenant.delete")["actor"], json!({"role": "operator", "api_token": null}));
    assert_eq!(entry("tenant.update")["before"]["name"], "Tenant acme");
    let switched = entry("partner.update");
    assert_eq!(
        (&switched["before"]["disabled"], &switched["after"]["disabled"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        (&entry("key.delete")["target"], &entry("api-token.delete")["target"]),
        (&key["id"], &made["id"])
    );
    let all = Value::from(entries).to_string();
    assert!(
        !all.contains(&tenant.app_secret)
            && !all.contains(made["token"].as_str().unwrap())
            && !all.contains("PRIVATE"),
        "{all}"
    );
}

#[tokio::test]
async fn what_is_refused_is_not_recorded_and_reading_neither() {
    let host = TestHost::start().await;
    host.tenant("acme").await;
    let count = async || {
        host.admin().get("/v1/audit?limit=500").await.expect(200)["entries"]
            .as_array()
            .unwrap()
            .len()
    };
    let before = count().await;

    host.admin().call("PATCH", "/v1/tenants/acme", json!({"name": ""})).await.problem(422);
    host.admin().call("POST", "/v1/tenants", json!({"slug": "acme"})).await.problem(409);
    for route in Route::ALL.iter().filter(|route| route.method() == Method::Get) {
        host.admin().call("GET", &route.path().replace("{tenant}", "acme"), Value::Null).await;
    }

    assert_eq!(count().await, before);
}

#[tokio::test]
async fn the_log_is_read_page_by_page_and_by_tenant() {
    let host = TestHost::start().await;
    host.tenant("a").await;
    host.tenant("b").await;
    let mut pages = Vec::new();
    let mut before = String::new();
    loop {
        let page = host.admin().get(&format!("/v1/audit?limit=1{before}")).await.expect(200);
        pages.extend(
            page["entries"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| (entry["tenant"].clone(), entry["action"].clone())),
        );
        let Some(next) = page["next_before"].as_str() else { break };
        before = format!("&before={next}");
    }

    let entry = |tenant: &str, action: &str| (json!(tenant), json!(action));
    assert_eq!(
        pages,
        [
            entry("b", "app-secret.set"),
            entry("b", "tenant.create"),
            entry("a", "app-secret.set"),
            entry("a", "tenant.create")
        ]
    );
    let of_a = host.admin().get("/v1/audit?tenant=a").await.expect(200);
    assert_eq!(of_a["entries"].as_array().unwrap().len(), 2);
    for bad in ["limit=0", "limit=501", "limit=x", "since=now"] {
        let refused = host.admin().get(&format!("/v1/audit?{bad}")).await;
        assert!([400, 422].contains(&refused.status), "{bad}: {}", refused.text);
    }
}

#[tokio::test]
async fn the_applications_role_can_neither_change_nor_delete_an_entry() {
    let database = TestDatabase::migrated().await;
    let pool = database.pool().await;
    for statement in [
        "update audit_entries set action = 'x'",
        "delete from audit_entries",
        "truncate audit_entries",
    ] {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query("set local role flowhost_app").execute(&mut *transaction).await.unwrap();
        let error = sqlx::query(statement).execute(&mut *transaction).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{statement}: {error}");
    }
}
