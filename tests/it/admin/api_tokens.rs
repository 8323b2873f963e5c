//! `/v1/api-tokens`.

use flowhost_tests::{TestHost, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn a_token_is_shown_once_and_stored_as_a_hash() {
    let host = TestHost::start().await;
    host.tenant_without_app_secret("acme").await;

    let made = host
        .admin()
        .call("POST", "/v1/api-tokens", json!({"tenant": "acme", "role": "deploy"}))
        .await
        .expect(201);

    let token = made["token"].as_str().unwrap();
    assert_eq!(token.len(), "fha_".len() + 43, "256 bits in base64");
    assert_eq!(
        (&made["role"], &made["tenant"], &made["partner"]),
        (&json!("deploy"), &json!("acme"), &json!("default"))
    );
    let listed = host.admin().get("/v1/api-tokens").await;
    assert!(
        !listed.text.contains(token) && listed.text.contains(made["id"].as_str().unwrap()),
        "{}",
        listed.text
    );
    let stored: Vec<(String, Vec<u8>)> =
        sqlx::query_as("select row_to_json(t)::text, token_hash from api_tokens t")
            .fetch_all(&host.database().pool().await)
            .await
            .unwrap();
    assert!(!stored[0].0.contains(token) && stored[0].1.len() == 32);
    host.admin().with_token(Some(token)).get("/v1/tenants/acme").await.expect(200);
}

#[tokio::test]
async fn a_token_ends_at_its_time_or_when_it_is_revoked_on_every_host() {
    let host = TestHost::start().await;
    let second = host.second().await;
    let short = host.api_token(json!({"scope": "operator", "expires_in_seconds": 1})).await;
    let made =
        host.admin().call("POST", "/v1/api-tokens", json!({"scope": "operator"})).await.expect(201);
    let there = second.admin().with_token(made["token"].as_str());
    there.get("/v1/tenants").await.expect(200);

    host.admin()
        .call("DELETE", &format!("/v1/api-tokens/{}", made["id"].as_str().unwrap()), Value::Null)
        .await
        .expect(204);

    there.get("/v1/tenants").await.problem(401);
    eventually("the token expires", async || {
        (short.get("/v1/tenants").await.status == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_last_use_is_recorded() {
    let host = TestHost::start().await;
    let caller = host.api_token(json!({"partner": "default"})).await;
    let last_use = async || {
        host.admin().get("/v1/api-tokens").await.expect(200)["api_tokens"][0]["last_used_at"]
            .clone()
    };
    assert_eq!(last_use().await, Value::Null);

    caller.get("/v1/tenants").await.expect(200);

    assert!(last_use().await.is_string());
}

#[tokio::test]
async fn a_partner_makes_tokens_for_itself_and_its_tenants_and_for_nobody_else() {
    let host = TestHost::start().await;
    for slug in ["solo", "duo"] {
        host.admin().call("POST", "/v1/partners", json!({"slug": slug})).await.expect(201);
    }
    let solo = host.api_token(json!({"partner": "solo"})).await;
    solo.call("POST", "/v1/tenants", json!({"slug": "mine"})).await.expect(201);
    let others = host
        .admin()
        .call("POST", "/v1/tenants", json!({"slug": "other", "partner": "duo"}))
        .await
        .expect(201);
    assert_eq!(others["partner"], "duo");

    for mine in [
        json!({"partner": "solo"}),
        json!({"tenant": "mine", "role": "read"}),
        json!({"tenant": "mine", "role": "deploy"}),
    ] {
        solo.call("POST", "/v1/api-tokens", mine).await.expect(201);
    }
    for hidden in [
        json!({"partner": "duo"}),
        json!({"tenant": "other", "role": "read"}),
        json!({"partner": "nobody"}),
    ] {
        solo.call("POST", "/v1/api-tokens", hidden).await.problem(404);
    }
    solo.call("POST", "/v1/api-tokens", json!({"scope": "operator"})).await.problem(403);
    let theirs =
        host.admin().call("POST", "/v1/api-tokens", json!({"partner": "duo"})).await.expect(201);
    solo.call("DELETE", &format!("/v1/api-tokens/{}", theirs["id"].as_str().unwrap()), Value::Null)
        .await
        .problem(404);

    let seen = solo.get("/v1/api-tokens").await.expect(200);
    assert_eq!(seen["api_tokens"].as_array().unwrap().len(), 4, "{seen}");
    assert_eq!(solo.get("/v1/tenants").await.expect(200)["tenants"].as_array().unwrap().len(), 1);
    solo.call("POST", "/v1/tenants", json!({"slug": "third", "partner": "duo"})).await.problem(422);
}

#[tokio::test]
async fn what_is_no_scope_is_refused_with_what_one_is() {
    let host = TestHost::start().await;
    host.tenant_without_app_secret("acme").await;
    for (body, named) in [
        (json!({}), "scope"),
        (json!({"tenant": "acme"}), "role"),
        (json!({"tenant": "acme", "role": "admin"}), "role"),
        (json!({"tenant": "acme", "role": "read", "partner": "default"}), "role"),
        (json!({"scope": "operator", "partner": "default"}), "scope"),
        (json!({"scope": "everything"}), "scope"),
        (json!({"scopes": "operator"}), "scopes"),
        (json!({"scope": "operator", "expires_in_seconds": -1}), "expires_in_seconds"),
    ] {
        let refused = host.admin().call("POST", "/v1/api-tokens", body.clone()).await;
        assert!(refused.problem(422).contains(named), "{body}: {}", refused.text);
    }
    host.admin().call("DELETE", "/v1/api-tokens/not-an-id", Value::Null).await.problem(404);
}
