//! `/v1/tenants/{tenant}/flows`.

use flowhost_client::payload;
use flowhost_tests::{Component, TestHost, post};
use serde_json::{Value, json};

#[tokio::test]
async fn a_flow_has_defaults_and_what_is_put_replaces_the_whole() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;

    let made = tenant.call("PUT", "/flows/booking", json!({})).await.expect(201);
    assert_eq!(made["name"], "booking");
    assert_eq!(made["endpoint_path"], "/flows/acme/booking");
    assert_eq!((&made["active_version"], &made["disabled"]), (&Value::Null, &json!(false)));
    let defaults = made["settings"].clone();
    for (field, value) in [
        ("/token_policy", json!("open")),
        ("/token_signature", json!("if-present")),
        ("/on_failure", json!("status")),
        ("/session_ttl_seconds", json!(259_200)),
        ("/limits/memory_bytes", json!(64 << 20)),
        ("/limits/cpu_ms", json!(200)),
        ("/limits/wall_ms", json!(8000)),
        ("/limits/concurrency", json!(16)),
        ("/limits/queue", json!(64)),
        ("/limits/reply_bytes", json!(256 << 10)),
        ("/limits/state_bytes", json!(64 << 10)),
        ("/limits/store_keys", json!(1000)),
        ("/limits/store_value_bytes", json!(64 << 10)),
    ] {
        assert_eq!(defaults.pointer(field), Some(&value), "{field}");
    }

    let own = json!({"on_failure": "error-message", "failure_text": "oops", "limits": {"cpu_ms": 50}, "disabled": true});
    let put = tenant.call("PUT", "/flows/booking", own).await.expect(200);
    assert_eq!(
        (&put["settings"]["failure_text"], &put["settings"]["limits"]["cpu_ms"]),
        (&json!("oops"), &json!(50))
    );
    assert_eq!(put["disabled"], true);
    let put = tenant.call("PUT", "/flows/booking", json!({})).await.expect(200);
    assert_eq!((&put["settings"], &put["disabled"]), (&defaults, &json!(false)));

    tenant.call("PUT", "/flows/a", json!({})).await.expect(201);
    let list = tenant.call("GET", "/flows", Value::Null).await.expect(200);
    assert_eq!(
        (&list["flows"][0]["name"], &list["flows"][1]["name"]),
        (&json!("a"), &json!("booking"))
    );
    assert_eq!(
        tenant.call("GET", "/flows/booking", Value::Null).await.expect(200)["settings"],
        defaults
    );
}

#[tokio::test]
async fn a_patch_merges_and_null_stands_for_the_default() {
    let host = TestHost::start().await;
    let flow = host
        .tenant("acme")
        .await
        .flow_without_plugin("booking", json!({"failure_text": "oops"}))
        .await;
    let patch =
        async |body: Value| flow.call("PATCH", "", body).await.expect(200)["settings"].clone();

    let patched =
        patch(json!({"limits": {"cpu_ms": 50, "wall_ms": 1000}, "token_rejected_text": "no"}))
            .await;
    assert_eq!(
        (&patched["failure_text"], &patched["token_rejected_text"]),
        (&json!("oops"), &json!("no"))
    );
    let patched =
        patch(json!({"limits": {"cpu_ms": 60, "wall_ms": null}, "failure_text": null})).await;

    assert_eq!(
        (&patched["limits"]["cpu_ms"], &patched["limits"]["wall_ms"]),
        (&json!(60), &json!(8000))
    );
    assert_eq!(patched["token_rejected_text"], "no");
    assert_eq!(patched["failure_text"], "Something went wrong. Please try again.");
    assert_eq!(patch(json!({})).await, patched);
}

#[tokio::test]
async fn grants_that_are_given_at_the_same_moment_all_count() {
    let host = TestHost::start().await;
    let settings = json!({"grants": {"http": ["old.example.com"], "media": true}});
    let flow = host.tenant("acme").await.flow_without_plugin("booking", settings).await;
    let grant = |number: usize| {
        let body = match number {
            0 => json!({"deny": {"http": ["old.example.com"]}}),
            1 => json!({"grant": {"store": true}}),
            2 => json!({"grants": {"media": null}}),
            _ => json!({"grant": {"http": [format!("h{number}.example.com")]}}),
        };
        flow.call("PATCH", "", body)
    };

    for answer in futures_util::future::join_all((0..12).map(grant)).await {
        answer.expect(200);
    }

    let shown = flow.call("GET", "", Value::Null).await.expect(200);
    let mut hosts: Vec<String> =
        (3..12).map(|number| format!("h{number}.example.com:443")).collect();
    hosts.sort();
    assert_eq!(shown["settings"]["grants"], json!({"http": hosts, "store": true, "media": false}));
}

#[tokio::test]
async fn granting_and_denying_at_once_leaves_it_denied() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let body = json!({"grants": {"media": true}, "grant": {"http": ["a.example.com"], "store": true}, "deny": {"store": true}});

    let patched = flow.call("PATCH", "", body.clone()).await.expect(200);

    let grants = json!({"http": ["a.example.com:443"], "store": false, "media": true});
    assert_eq!(patched["settings"]["grants"], grants);
    for (body, named) in [
        (json!({"grant": {"files": true}}), "grant: unknown field `files`"),
        (json!({"deny": {"http": [""]}}), "deny"),
        (json!({"grant": 5}), "grant"),
    ] {
        let refused = flow.call("PATCH", "", body).await;
        assert!(refused.problem(422).contains(named), "{}", refused.text);
    }
    flow.call("PUT", "", body).await.problem(422);
}

/// Hosts of two releases serve side by side during a rollout.
#[tokio::test]
async fn a_setting_of_a_later_release_takes_only_its_flow_off_an_earlier_host() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    let flow = acme.flow("booking", json!({}), Component::Steady).await;
    let later = acme.flow("later", json!({}), Component::Steady).await;
    let pool = host.database().pool().await;
    sqlx::query("update flows set settings = settings || '{\"of_later\": 1}' where name = 'later'")
        .execute(&pool)
        .await
        .unwrap();
    let earlier = host.second().await;

    assert_eq!(flow.at(&earlier).count("token-of-ana").await, 1);
    let ping = later.at(&earlier).client().call(&payload::ping()).await.unwrap();
    assert_eq!(ping.status, 404, "{ping:?}");
    let listed = earlier.admin().get("/v1/tenants/acme/flows").await.expect(200);
    assert_eq!(listed["flows"].as_array().unwrap().len(), 2, "{listed}");
    let shown = later.at(&earlier).call("GET", "", Value::Null).await.expect(200);
    assert_eq!(shown["settings"]["of_later"], 1);
    let refused = later.at(&earlier).call("PATCH", "", json!({"keep_replies": true})).await;
    assert!(refused.problem(422).contains("of_later"), "{}", refused.text);
    let health = earlier.admin().get("/v1/tenants/acme/health").await.expect(200);
    assert_eq!(health["flows"][1]["status"], "unreadable-settings", "{health}");
    later.at(&earlier).call("PATCH", "", json!({"disabled": true})).await.expect(200);
    later.at(&earlier).call("DELETE", "", Value::Null).await.expect(204);
    earlier.stop().await;
}

#[tokio::test]
async fn settings_that_can_not_be_are_refused_with_the_fields_name() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow_without_plugin("booking", json!({"failure_text": "oops"})).await;
    for (settings, named) in [
        (json!({"colour": 1}), "colour"),
        (json!({"limits": {"cpu": 1}}), "cpu"),
        (json!({"grants": {"files": true}}), "files"),
        (json!({"limits": {"memory_bytes": (64 << 20) + 1}}), "limits.memory_bytes"),
        (json!({"limits": {"cpu_ms": 2001}}), "limits.cpu_ms"),
        (json!({"limits": {"cpu_ms": 0}}), "limits.cpu_ms"),
        (json!({"limits": {"wall_ms": 9001}}), "limits.wall_ms"),
        (json!({"limits": {"concurrency": 65}}), "limits.concurrency"),
        (json!({"limits": {"concurrency": 0}}), "limits.concurrency"),
        (json!({"limits": {"queue": 1001}}), "limits.queue"),
        (json!({"limits": {"reply_bytes": (1 << 20) + 1}}), "limits.reply_bytes"),
        (json!({"limits": {"state_bytes": (256 << 10) + 1}}), "limits.state_bytes"),
        (json!({"limits": {"store_keys": 5001}}), "limits.store_keys"),
        (json!({"limits": {"store_value_bytes": (256 << 10) + 1}}), "limits.store_value_bytes"),
        (json!({"limits": {"cpu_ms": -1}}), "cpu_ms"),
        (json!({"limits": {"cpu_ms": 1.5}}), "cpu_ms"),
        (json!({"session_ttl_seconds": 0}), "session_ttl_seconds"),
        (json!({"session_ttl_seconds": 30 * 86_400 + 1}), "session_ttl_seconds"),
        (json!({"token_policy": "closed"}), "token_policy"),
        (json!({"token_signature": true}), "token_signature"),
        (json!({"on_failure": "retry"}), "on_failure"),
        (json!({"failure_text": ""}), "failure_text"),
        (json!({"token_rejected_text": "x".repeat(1001)}), "token_rejected_text"),
        (json!({"disabled": "yes"}), "disabled"),
    ] {
        for method in ["PUT", "PATCH"] {
            let refused = flow.call(method, "", settings.clone()).await;
            assert!(refused.problem(422).contains(named), "{method} {settings}: {}", refused.text);
        }
        let refused = tenant.call("PUT", "/flows/new", settings.clone()).await;
        assert!(refused.problem(422).contains(named), "{settings}: {}", refused.text);
    }
    for body in ["[]", "5", "\"x\""] {
        let path = "/v1/tenants/acme/flows/booking";
        host.admin().send("PUT", path, "application/json", body.into()).await.problem(422);
        host.admin().send("PATCH", path, "application/json", body.into()).await.problem(422);
    }
    for name in ["Booking", "a_b", &"x".repeat(64)] {
        let refused = tenant.call("PUT", &format!("/flows/{name}"), json!({})).await;
        assert!(refused.problem(422).contains("a-z"), "{name}: {}", refused.text);
    }
    assert_eq!(
        flow.call("GET", "", Value::Null).await.expect(200)["settings"]["failure_text"],
        "oops"
    );
    tenant.call("GET", "/flows/new", Value::Null).await.problem(404);
    tenant.call("PATCH", "/flows/new", json!({})).await.problem(404);
    tenant.call("DELETE", "/flows/new", Value::Null).await.problem(404);
}

#[tokio::test]
async fn a_flow_that_is_switched_off_answers_503_until_it_is_switched_on() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let other = tenant.flow("other", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let request = flow.client().seal(&payload::ping()).unwrap();

    flow.set(json!({"disabled": true})).await;
    assert_eq!(
        post(&flow.url(), Some(&request.signature), request.body.clone()).await,
        (503, Vec::new())
    );
    assert_eq!(other.count("token-of-ana").await, 1);
    // Patching another setting leaves the switch alone.
    flow.set(json!({"failure_text": "oops"})).await;
    assert_eq!(
        post(&flow.url(), Some(&request.signature), request.body.clone()).await,
        (503, Vec::new())
    );

    flow.set(json!({"disabled": false})).await;
    assert_eq!(flow.count("token-of-ana").await, 2);
}

#[tokio::test]
async fn a_deleted_flow_is_gone_at_once_and_its_name_is_free() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let request = flow.client().seal(&payload::ping()).unwrap();

    flow.call("DELETE", "", Value::Null).await.expect(204);

    assert_eq!(
        post(&flow.url(), Some(&request.signature), request.body.clone()).await,
        (404, Vec::new())
    );
    flow.call("GET", "", Value::Null).await.problem(404);
    flow.call("DELETE", "", Value::Null).await.problem(404);
    let again = tenant.flow_without_plugin("booking", json!({})).await;
    assert_eq!(again.sessions().await, Vec::<Value>::new());
    assert_eq!(
        again.call("GET", "/versions", Value::Null).await.expect(200),
        json!({"versions": []})
    );
    assert_eq!(again.client().call(&payload::init("token-of-ana")).await.unwrap().status, 503);
    assert_eq!(again.deploy(Component::Steady).await, 1);
    assert_eq!(again.count("token-of-ana").await, 1);
}

#[tokio::test]
async fn patches_at_the_same_time_all_count() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let patches = [
        json!({"failure_text": "a"}),
        json!({"token_rejected_text": "b"}),
        json!({"limits": {"cpu_ms": 11}}),
        json!({"limits": {"wall_ms": 22}}),
        json!({"limits": {"queue": 33}}),
        json!({"on_failure": "error-message"}),
    ];

    futures_util::future::join_all(patches.iter().map(|patch| flow.set(patch.clone()))).await;

    let settings = flow.call("GET", "", Value::Null).await.expect(200)["settings"].clone();
    for patch in patches {
        for (name, value) in patch.as_object().unwrap() {
            match value.as_object() {
                Some(limits) => limits
                    .iter()
                    .for_each(|(limit, value)| assert_eq!(settings[name][limit], *value)),
                None => assert_eq!(settings[name], *value),
            }
        }
    }
}
