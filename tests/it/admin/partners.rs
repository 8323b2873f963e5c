//! `/v1/partners`, and the kill switches of partner, tenant and flow.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn a_partner_is_made_changed_and_deleted() {
    let host = TestHost::start().await;
    let admin = host.admin();
    let slugs = async || {
        let list = admin.get("/v1/partners").await.expect(200);
        list["partners"]
            .as_array()
            .unwrap()
            .iter()
            .map(|partner| partner["slug"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(slugs().await, ["default"]);

    let made = admin
        .call("POST", "/v1/partners", json!({"slug": "solo", "name": "Solo Ltd"}))
        .await
        .expect(201);
    assert_eq!(
        (&made["slug"], &made["name"], &made["disabled"]),
        (&json!("solo"), &json!("Solo Ltd"), &json!(false))
    );
    assert!(
        admin
            .call("POST", "/v1/partners", json!({"slug": "solo"}))
            .await
            .problem(409)
            .contains("slug")
    );
    let renamed =
        admin.call("PATCH", "/v1/partners/solo", json!({"name": "Solo Inc"})).await.expect(200);
    assert_eq!(renamed, admin.get("/v1/partners/solo").await.expect(200));
    assert_eq!(renamed["name"], "Solo Inc");

    admin.call("POST", "/v1/tenants", json!({"slug": "acme", "partner": "solo"})).await.expect(201);
    assert!(
        admin
            .call("DELETE", "/v1/partners/solo", Value::Null)
            .await
            .problem(409)
            .contains("tenants")
    );
    admin.call("DELETE", "/v1/tenants/acme", Value::Null).await.expect(204);
    admin.call("DELETE", "/v1/partners/solo", Value::Null).await.expect(204);
    admin.get("/v1/partners/solo").await.problem(404);
    admin.call("DELETE", "/v1/partners/default", Value::Null).await.problem(409);
    assert_eq!(slugs().await, ["default"]);
    for bad in [
        json!({}),
        json!({"slug": "A"}),
        json!({"slug": "x", "name": ""}),
        json!({"slug": "x", "owner": "me"}),
    ] {
        admin.call("POST", "/v1/partners", bad).await.problem(422);
    }
}

#[tokio::test]
async fn of_two_changes_at_the_same_time_none_is_lost() {
    let host = TestHost::start().await;
    host.admin().call("POST", "/v1/partners", json!({"slug": "solo"})).await.expect(201);
    host.tenant_of("solo", "acme").await;
    for path in ["/v1/partners/solo", "/v1/tenants/acme"] {
        for round in 0..10 {
            let (name, disabled) = (format!("name {round}"), round % 2 == 0);
            let (name_patch, switch) = (json!({"name": name}), json!({"disabled": disabled}));

            let admin = host.admin();
            let (named, switched) = tokio::join!(
                admin.call("PATCH", path, name_patch),
                admin.call("PATCH", path, switch)
            );

            named.expect(200);
            switched.expect(200);
            let now = host.admin().get(path).await.expect(200);
            assert_eq!(
                (&now["name"], &now["disabled"]),
                (&json!(name), &json!(disabled)),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_partners_token_ends_with_the_partner() {
    let host = TestHost::start().await;
    host.admin().call("POST", "/v1/partners", json!({"slug": "solo"})).await.expect(201);
    let solo = host.api_token(json!({"partner": "solo"})).await;
    solo.get("/v1/tenants").await.expect(200);

    host.admin().call("DELETE", "/v1/partners/solo", Value::Null).await.expect(204);

    solo.get("/v1/tenants").await.problem(401);
}

#[tokio::test]
async fn each_kill_switch_turns_off_what_is_below_it_on_every_host() {
    let host = TestHost::start().await;
    let second = host.second().await;
    host.admin().call("POST", "/v1/partners", json!({"slug": "solo"})).await.expect(201);
    let flow =
        host.tenant_of("solo", "acme").await.flow("booking", json!({}), Component::Steady).await;
    let other = host.tenant("other").await.flow("booking", json!({}), Component::Steady).await;
    let (there, other_there) = (flow.served_at(&second).await, other.served_at(&second).await);

    for path in ["/v1/partners/solo", "/v1/tenants/acme", "/v1/tenants/acme/flows/booking"] {
        for (disabled, status) in [(true, 503), (false, 200)] {
            host.admin().call("PATCH", path, json!({"disabled": disabled})).await.expect(200);

            assert_eq!(
                ping(&flow).await,
                status,
                "{path}: the host that made the change serves it when it has answered"
            );
            eventually("the other host follows", async || {
                (ping(&there).await == status).then_some(())
            })
            .await;
            assert_eq!((ping(&other).await, ping(&other_there).await), (200, 200));
        }
    }
}

async fn ping(flow: &TestFlow) -> u16 {
    let reply = flow.client().call(&payload::ping()).await.unwrap();
    reply.status
}
