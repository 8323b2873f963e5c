//! `/v1/tenants/{tenant}/graph` and `.../keys/{key}/upload`, against the tests' own Graph API.

use std::time::Duration;

use flowhost_client::payload;
use flowhost_tests::{
    Component, Ended, GraphCall, GraphServer, Mood, TestHost, TestTenant, eventually, fixture,
    flowhost, logged,
};
use serde_json::{Value, json};
use tracing::Level;

#[tokio::test]
async fn the_active_key_is_uploaded_for_every_phone_number_and_stands_as_valid() {
    let (graph, host) = start().await;
    let tenant = with_access(&host, "acme").await;
    assert_eq!(active(&tenant).await["needs_upload"], true);

    let uploads = upload(&tenant, json!({})).await;

    let key = active(&tenant).await;
    for (upload, id) in uploads.iter().zip(["1001", "1002"]) {
        assert_eq!(
            (&upload["phone_number_id"], &upload["status"]),
            (&json!(id), &json!("valid")),
            "{upload}"
        );
        assert_eq!(upload["fingerprint"], key["fingerprint"]);
        assert!(
            upload["uploaded_at"].is_string()
                && upload["checked_at"].is_string()
                && upload["detail"].is_null(),
            "{upload}"
        );
        assert_eq!(graph.key(id).as_deref(), Some(tenant.public_key_pem.as_str()));
    }
    assert_eq!(
        (&key["needs_upload"], &key["needs_upload_reason"], &key["uploads"]),
        (&json!(false), &Value::Null, &json!(uploads))
    );
    let calls: Vec<_> = graph
        .calls()
        .into_iter()
        .filter(|call| call.phone_number_id == "1001")
        .map(|call| call.method)
        .collect();
    assert!(calls.join(" ").contains("POST GET"), "{calls:?}");
}

#[tokio::test]
async fn one_phone_number_can_be_uploaded_for_alone() {
    let (graph, host) = start().await;
    let tenant = with_access(&host, "acme").await;

    let uploads = upload(&tenant, json!({"phone_number_id": "1002"})).await;

    assert_eq!(statuses(&uploads), ["valid"]);
    assert_eq!((graph.key("1001"), graph.key("1002").is_some()), (None, true));
    assert_eq!(active(&tenant).await["needs_upload"], true, "there is another phone number");
    for (bad, says) in [("999", "none of the tenant's"), ("1/2", "digits"), ("", "digits")] {
        let refused =
            tenant.call("POST", &upload_path(&tenant).await, json!({"phone_number_id": bad})).await;
        assert!(refused.problem(422).contains(says), "{}", refused.text);
    }
}

#[tokio::test]
async fn what_meta_says_of_the_key_is_shown_as_it_is() {
    let (graph, host) = start().await;
    let tenant = host.tenant("acme").await;
    tenant
        .call("PUT", "/graph", json!({"access_token": TOKEN, "phone_number_ids": ["1001"]}))
        .await
        .expect(204);
    for (mood, status) in [
        (Mood::Forgetful, "missing"),
        (Mood::Wrapping, "valid"),
        (Mood::Mismatching, "mismatch"),
        (Mood::Stubborn(fixture("keys/public.pem")), "other-key"),
        (Mood::Stubborn("not a key".to_owned()), "other-key"),
        (Mood::Honest, "valid"),
        (Mood::Failing(500, 2), "valid"),
        (Mood::Failing(429, 1), "valid"),
    ] {
        graph.is(mood.clone());
        assert_eq!(statuses(&upload(&tenant, json!({})).await), [status], "{mood:?}");
        let key = active(&tenant).await;
        assert_eq!(key["uploads"][0]["status"], status, "{mood:?}");
        assert_eq!(key["needs_upload"], status != "valid", "{mood:?}");
        assert_eq!(
            key["needs_upload_reason"],
            if status == "valid" { Value::Null } else { json!(status) },
            "{mood:?}"
        );
    }
}

#[tokio::test]
async fn a_failure_is_told_in_metas_words_and_the_other_phone_numbers_go_on() {
    let (graph, host) = start().await;
    let tenant = with_access(&host, "acme").await;
    let expired = json!({"error": {"message": "Session has expired", "type": "OAuthException", "code": 190, "error_subcode": 463,
        "error_user_msg": "Log in again.", "fbtrace_id": "Axyz"}});
    for (mood, says, calls) in [
        (
            Mood::Refusing(400, expired),
            vec!["Session has expired", "Log in again.", "190", "463", "Axyz"],
            1,
        ),
        (
            Mood::Refusing(400, json!({"error": {"message": "Limit", "code": 80007}})),
            vec!["Limit", "80007"],
            4,
        ),
        (Mood::Failing(503, 100), vec!["503"], 4),
        (Mood::Verbose, vec!["too large"], 1),
        (Mood::Redirecting(graph.url().to_string()), vec!["307"], 1),
        (Mood::Refusing(200, json!({"success": false})), vec!["not understood"], 1),
    ] {
        graph.is_for("1001", mood.clone());
        let before = graph.calls().len();
        let uploads = upload(&tenant, json!({})).await;
        assert_eq!(statuses(&uploads), ["failed", "valid"], "{mood:?}");
        let detail = uploads[0]["detail"].as_str().unwrap();
        assert!(says.iter().all(|says| detail.contains(says)), "{mood:?}: {detail}");
        let of_it = |call: &&GraphCall| call.phone_number_id == "1001" && call.method == "POST";
        let called = graph.calls()[before..].iter().filter(of_it).count();
        assert_eq!(called, calls, "{mood:?}: what may pass is tried again, what will not is not");
        assert_eq!(active(&tenant).await["needs_upload"], true);
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let graph = GraphServer::start(TOKEN).await;
    let host = TestHost::with_slow_graph(&graph, Duration::from_millis(300)).await;
    let tenant = with_access(&host, "acme").await;
    graph.is(Mood::Slow(Duration::from_secs(60)));

    let uploads = upload(&tenant, json!({})).await;

    assert_eq!(statuses(&uploads), ["failed", "failed"]);
    assert!(uploads[0]["detail"].as_str().unwrap().contains("in time"), "{uploads:?}");
}

#[tokio::test]
async fn a_token_that_meta_repeats_is_taken_out_of_what_it_says() {
    let (graph, host) = start().await;
    let tenant = with_access(&host, "acme").await;
    graph.accept("another");

    let uploads = upload(&tenant, json!({})).await;

    let detail = uploads[0]["detail"].as_str().unwrap();
    assert!(detail.contains("Malformed access token [access token]"), "{detail}");
    let everything = tenant.call("GET", "/keys", Value::Null).await.expect(200).to_string()
        + &host.admin().get("/v1/audit").await.expect(200).to_string();
    assert!(!everything.contains(TOKEN) && logged(Level::TRACE, TOKEN).is_empty());
    graph.accept(TOKEN);
    assert_eq!(statuses(&upload(&tenant, json!({})).await), ["valid", "valid"]);
}

#[tokio::test]
async fn without_access_or_with_a_key_that_is_not_active_nothing_is_uploaded() {
    let (graph, host) = start().await;
    let tenant = host.tenant("acme").await;
    assert!(
        tenant
            .call("POST", &upload_path(&tenant).await, json!({}))
            .await
            .problem(409)
            .contains("access token")
    );
    tenant
        .call("PUT", "/graph", json!({"access_token": TOKEN, "phone_number_ids": []}))
        .await
        .expect(204);
    assert!(
        tenant
            .call("POST", &upload_path(&tenant).await, json!({}))
            .await
            .problem(409)
            .contains("phone numbers")
    );
    set_access(&tenant).await;
    let old = upload_path(&tenant).await;
    tenant.call("POST", "/keys", json!({})).await.expect(201);

    assert!(tenant.call("POST", &old, json!({})).await.problem(409).contains("not the active one"));
    tenant
        .call("POST", "/keys/0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11/upload", json!({}))
        .await
        .problem(404);
    tenant.call("POST", "/keys/not-an-id/upload", json!({})).await.problem(404);
    assert!(graph.calls().iter().all(|call| call.method == "GET"), "{:?}", graph.calls());
}

#[tokio::test]
async fn access_is_set_shown_without_the_token_and_forgotten() {
    let (_graph, host) = start().await;
    let tenant = host.tenant("acme").await;
    let show = async || tenant.call("GET", "/graph", Value::Null).await.expect(200);
    assert_eq!(show().await, json!({"phone_number_ids": [], "has_access_token": false}));
    tenant.call("DELETE", "/graph", Value::Null).await.problem(404);

    tenant
        .call(
            "PUT",
            "/graph",
            json!({"access_token": TOKEN, "phone_number_ids": ["1002", "1001", "1002"]}),
        )
        .await
        .expect(204);
    assert_eq!(
        show().await,
        json!({"phone_number_ids": ["1001", "1002"], "has_access_token": true})
    );
    tenant
        .call("PUT", "/graph", json!({"access_token": "another", "phone_number_ids": ["1003"]}))
        .await
        .expect(204);
    assert_eq!(show().await["phone_number_ids"], json!(["1003"]));
    for (body, says) in [
        (json!({"access_token": "", "phone_number_ids": []}), "access token"),
        (json!({"access_token": "two words", "phone_number_ids": []}), "access token"),
        (json!({"access_token": "x", "phone_number_ids": ["+15550100"]}), "digits"),
        (json!({"access_token": "x", "phone_number_ids": ["1/../2"]}), "digits"),
        (
            json!({"access_token": "x", "phone_number_ids": (0..101).map(|n| n.to_string()).collect::<Vec<_>>()}),
            "100",
        ),
        (json!({"access_token": "x"}), "phone_number_ids"),
        (json!({"access_token": "x", "phone_number_ids": [], "app": 1}), "app"),
    ] {
        let refused = tenant.call("PUT", "/graph", body).await;
        assert!(refused.problem(422).contains(says), "{}", refused.text);
    }
    assert_eq!(
        show().await["phone_number_ids"],
        json!(["1003"]),
        "what was refused changed nothing"
    );

    tenant.call("DELETE", "/graph", Value::Null).await.expect(204);
    assert_eq!(show().await, json!({"phone_number_ids": [], "has_access_token": false}));
}

#[tokio::test]
async fn every_change_of_access_and_every_upload_is_in_the_audit_log() {
    let (_graph, host) = start().await;
    let tenant = with_access(&host, "acme").await;
    upload(&tenant, json!({})).await;
    let key = active(&tenant).await["id"].clone();
    tenant.call("DELETE", "/graph", Value::Null).await.expect(204);

    let entries =
        host.admin().get("/v1/audit").await.expect(200)["entries"].as_array().unwrap().clone();

    let actions: Vec<_> =
        entries.iter().take(3).map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["graph.forget", "key.upload", "graph.set"]);
    assert_eq!(entries[1]["target"], key);
    assert_eq!(entries[1]["after"]["phone_number_ids"], json!(["1001", "1002"]));
    assert!(!Value::from(entries).to_string().contains(TOKEN));
}

#[tokio::test]
async fn a_new_key_needs_an_upload_until_it_was_uploaded() {
    let (_graph, host) = start().await;
    let tenant = with_access(&host, "acme").await;
    upload(&tenant, json!({})).await;

    tenant.call("POST", "/keys", json!({})).await.expect(201);

    let keys = tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(
        (&keys[0]["needs_upload"], &keys[0]["needs_upload_reason"]),
        (&json!(true), &json!("other-key"))
    );
    assert_eq!(statuses(keys[0]["uploads"].as_array().unwrap()), ["other-key", "other-key"]);
    assert_eq!(
        keys[0]["uploads"][0]["fingerprint"], keys[1]["fingerprint"],
        "which key Meta has is known"
    );
    assert_eq!((&keys[1]["needs_upload"], &keys[1]["uploads"]), (&json!(false), &json!([])));
    assert_eq!(statuses(&upload(&tenant, json!({})).await), ["valid", "valid"]);
    assert_eq!(active(&tenant).await["needs_upload"], false);
}

#[tokio::test]
async fn a_key_that_was_uploaded_is_served_by_every_host() {
    let (_graph, host) = start().await;
    let second = host.second().await;
    let flow = with_access(&host, "acme").await.flow("booking", json!({}), Component::Steady).await;
    let there = flow.served_at(&second).await;
    for _ in 0..2 {
        let key = flow.tenant.call("POST", "/keys", json!({})).await.expect(201);
        upload(&flow.tenant, json!({})).await;

        let client = there.client().encrypting_to(key["public_key_pem"].as_str().unwrap()).unwrap();
        assert_eq!(client.call(&payload::ping()).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn what_meta_said_before_a_rotation_counts_for_nothing_after_it() {
    let (graph, host) = start().await;
    let tenant = with_access(&host, "acme").await;
    upload(&tenant, json!({})).await;
    let (held, before, path) =
        (graph.hold().await, graph.calls().len(), upload_path(&tenant).await);
    let slow = tokio::spawn({
        let tenant = tenant.clone();
        async move { tenant.call("POST", &path, json!({})).await.expect(200) }
    });
    eventually("the upload waits for Meta", async || {
        (graph.calls().len() == before + 2).then_some(())
    })
    .await;

    tenant.call("POST", "/keys", json!({})).await.expect(201);
    drop(held);

    let uploads = slow.await.unwrap()["uploads"].as_array().unwrap().clone();
    assert_eq!(statuses(&uploads), ["other-key", "other-key"]);
    assert_eq!(active(&tenant).await["needs_upload_reason"], "other-key");
}

#[tokio::test]
async fn keys_are_checked_in_the_background_and_a_change_is_logged_once() {
    let graph = GraphServer::start(TOKEN).await;
    let host = TestHost::with_graph(&graph, Duration::from_millis(50)).await;
    let tenant = with_access(&host, "acme").await;
    let stands = async |status: &str| {
        eventually(status, async || {
            let key = active(&tenant).await;
            (statuses(key["uploads"].as_array().unwrap()) == [status, status]).then_some(())
        })
        .await;
    };
    stands("missing").await;
    upload(&tenant, json!({})).await;

    graph.is(Mood::Mismatching);
    stands("mismatch").await;
    let before = graph.calls().len();
    eventually("more checks", async || (graph.calls().len() > before + 6).then_some(())).await;
    let id = host.database().tenant_id("acme").await;
    let logged = logged(Level::WARN, &id)
        .into_iter()
        .filter(|line| line.contains("status=\"mismatch\""))
        .count();
    assert_eq!(logged, 2, "once for each phone number");

    graph.is(Mood::Stubborn(fixture("keys/public.pem")));
    stands("other-key").await;
    graph.is(Mood::Honest);
    stands("valid").await;
    eventually("the metric follows", async || {
        let metrics = host.admin().get("/metrics").await.text;
        let lines = [
            "flowhost_key_uploads{status=\"valid\"} 2",
            "flowhost_key_uploads{status=\"other-key\"} 0",
        ];
        lines.iter().all(|line| metrics.contains(line)).then_some(())
    })
    .await;
    // The check only reports; it does not upload.
    tenant.call("POST", "/keys", json!({})).await.expect(201);
    stands("other-key").await;
    assert_eq!(graph.calls().iter().filter(|call| call.method == "POST").count(), 2);
}

#[tokio::test]
async fn checks_that_fail_wait_longer_each_time_and_a_failure_hides_nothing() {
    let graph = GraphServer::start(TOKEN).await;
    let host = TestHost::with_graph(&graph, Duration::from_millis(100)).await;
    let tenant = with_access(&host, "acme").await;
    upload(&tenant, json!({})).await;
    graph.is(Mood::Failing(500, u32::MAX));

    let pool = host.database().pool().await;
    eventually("five failures in a row", async || {
        let failures: i32 = sqlx::query_scalar("select min(failures) from phone_numbers")
            .fetch_one(&pool)
            .await
            .unwrap();
        (failures >= 5).then_some(())
    })
    .await;

    let wait: f64 = sqlx::query_scalar(
        "select min(extract(epoch from next_check_at - checked_at)::float8) from phone_numbers",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(wait > 0.1 * 16.0, "{wait}");
    let key = active(&tenant).await;
    assert_eq!(statuses(key["uploads"].as_array().unwrap()), ["failed", "failed"]);
    assert_eq!(key["needs_upload"], false, "Meta was last seen with this very key");
}

#[tokio::test]
async fn several_hosts_check_each_key_once() {
    let (graph, host) = start().await;
    for number in 0..5 {
        let tenant = host.tenant(&format!("t{number}")).await;
        let ids: Vec<_> = (0..4).map(|phone| format!("{number}{phone}")).collect();
        tenant
            .call("PUT", "/graph", json!({"access_token": TOKEN, "phone_number_ids": ids}))
            .await
            .expect(204);
    }

    // Each host looks for due checks as soon as it starts.
    let _hosts = tokio::join!(host.second(), host.second(), host.second());
    let pool = host.database().pool().await;
    eventually("each was checked", async || {
        let unchecked =
            sqlx::query_scalar("select count(*) from phone_numbers where checked_at is null");
        let unchecked: i64 = unchecked.fetch_one(&pool).await.unwrap();
        (unchecked == 0).then_some(())
    })
    .await;

    let mut asked: Vec<_> = graph.calls().into_iter().map(|call| call.phone_number_id).collect();
    asked.sort();
    let once: Vec<_> =
        (0..5).flat_map(|number| (0..4).map(move |phone| format!("{number}{phone}"))).collect();
    assert_eq!(asked, once);
}

#[tokio::test]
async fn a_clients_report_marks_the_active_key_until_it_is_uploaded() {
    let (_graph, host) = start().await;
    let tenant = with_access(&host, "acme").await;
    upload(&tenant, json!({})).await;
    let flow = tenant.flow("booking", json!({}), Component::Steady).await;
    let report = async |key: &str| {
        let notice = payload::error_notification("FORM", key, "a message", "token-of-ana");
        assert_eq!(flow.client().call(&notice).await.unwrap().status, 200);
    };

    report("timeout_error").await;
    assert_eq!(active(&tenant).await["needs_upload"], false);
    report("public-key-signiture-verification").await;
    let key = active(&tenant).await;
    assert_eq!(
        (&key["needs_upload"], &key["needs_upload_reason"]),
        (&json!(true), &json!("public-key-signiture-verification"))
    );
    // At most one write a minute, so the second report is not even stored.
    report("public-key-missing").await;
    assert_eq!(active(&tenant).await["needs_upload_reason"], "public-key-signiture-verification");

    upload(&tenant, json!({})).await;
    assert_eq!(active(&tenant).await["needs_upload"], false);
    report("public-key-missing").await;
    assert_eq!(active(&tenant).await["needs_upload_reason"], "public-key-missing");
    let new = tenant.call("POST", "/keys", json!({})).await.expect(201);
    upload(&tenant, json!({})).await;
    assert_eq!(
        (&active(&tenant).await["id"], &active(&tenant).await["needs_upload"]),
        (&new["id"], &json!(false))
    );
}

#[tokio::test]
async fn a_report_counts_also_where_keys_are_uploaded_by_hand() {
    let (_graph, host) = start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(active(&flow.tenant).await["needs_upload"], false);

    let notice = payload::error_notification("FORM", "public-key-missing", "", "token-of-ana");
    assert_eq!(flow.client().call(&notice).await.unwrap().status, 200);

    assert_eq!(active(&flow.tenant).await["needs_upload"], true);
    let pool = host.database().pool().await;
    sqlx::query("update key_pairs set reported_at = reported_at - interval '8 days'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(active(&flow.tenant).await["needs_upload"], false, "nobody has said so for a week");
}

#[tokio::test]
async fn a_slow_meta_holds_no_connection_to_the_database() {
    let graph = GraphServer::start(TOKEN).await;
    let host = TestHost::with_slow_graph(&graph, Duration::from_secs(120)).await;
    let tenant = with_access(&host, "acme").await;
    let ids: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    tenant
        .call("PUT", "/graph", json!({"access_token": TOKEN, "phone_number_ids": ids}))
        .await
        .expect(204);
    graph.is(Mood::Slow(Duration::from_secs(60)));
    let path = upload_path(&tenant).await;
    let mut uploads = Vec::new();

    // The pool has 20 connections: if an upload held one, the last uploads would get none.
    for number in 1..=24 {
        let (tenant, path) = (tenant.clone(), path.clone());
        uploads.push(tokio::spawn(async move { tenant.call("POST", &path, json!({})).await }));
        // An upload handles eight phone numbers at once.
        eventually("the upload waits for Meta", async || {
            (graph.calls().len() >= 8 * number).then_some(())
        })
        .await;
    }

    tenant.call("GET", "/keys", Value::Null).await.expect(200);
    uploads.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn the_command_line_sets_access_uploads_and_says_how_keys_stand() {
    let (graph, host) = start().await;
    host.tenant("acme").await;
    let run = async |arguments: &[&str]| {
        let mut command = flowhost(arguments);
        command
            .env("FLOWHOST_URL", host.admin().url(""))
            .env("FLOWHOST_TOKEN", host.admin_token())
            .env("FLOWHOST_GRAPH_TOKEN", TOKEN);
        Ended::of(command).await
    };

    let too_early = run(&["key", "upload", "acme"]).await;
    assert!(
        too_early.code == Some(1) && too_early.stderr.contains("flowhost graph set"),
        "{too_early:?}"
    );
    let set =
        run(&["graph", "set", "acme", "--phone-number-id", "1001", "--phone-number-id", "1002"])
            .await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let shown = run(&["graph", "show", "acme"]).await;
    assert!(shown.stdout.contains("1001, 1002") && !shown.stdout.contains(TOKEN), "{shown:?}");
    assert!(run(&["key", "list", "acme"]).await.stdout.contains("needs upload"));

    graph.is_for(
        "1002",
        Mood::Refusing(400, json!({"error": {"message": "Not registered", "code": 133010}})),
    );
    let half = run(&["key", "upload", "acme"]).await;
    assert!(half.code == Some(1) && half.stdout.contains("1001             valid"), "{half:?}");
    assert!(half.stdout.contains("Not registered"), "{half:?}");
    graph.is(Mood::Honest);
    let uploaded = run(&["key", "upload", "acme", "--phone-number-id", "1002", "--json"]).await;
    assert_eq!(
        serde_json::from_str::<Value>(&uploaded.stdout).unwrap()["uploads"][0]["status"],
        "valid",
        "{uploaded:?}"
    );
    let listed = run(&["key", "list", "acme"]).await.stdout;
    assert!(listed.contains("valid") && !listed.contains("needs upload"), "{listed}");

    assert_eq!(run(&["graph", "forget", "acme", "--yes"]).await.code, Some(0));
    assert!(run(&["graph", "show", "acme"]).await.stdout.contains("none"));
}

async fn start() -> (GraphServer, TestHost) {
    let graph = GraphServer::start(TOKEN).await;
    // The interval is so long that no test sees a periodic check.
    let host = TestHost::with_graph(&graph, Duration::from_secs(3600)).await;
    (graph, host)
}

async fn with_access(host: &TestHost, slug: &str) -> TestTenant {
    let tenant = host.tenant(slug).await;
    set_access(&tenant).await;
    tenant
}

async fn set_access(tenant: &TestTenant) {
    tenant
        .call("PUT", "/graph", json!({"access_token": TOKEN, "phone_number_ids": ["1001", "1002"]}))
        .await
        .expect(204);
}

async fn active(tenant: &TestTenant) -> Value {
    let keys = tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"]
        .as_array()
        .unwrap()
        .clone();
    keys.into_iter().find(|key| key["state"] == "active").expect("a tenant has an active key")
}

async fn upload_path(tenant: &TestTenant) -> String {
    format!("/keys/{}/upload", active(tenant).await["id"].as_str().unwrap())
}

async fn upload(tenant: &TestTenant, body: Value) -> Vec<Value> {
    tenant.call("POST", &upload_path(tenant).await, body).await.expect(200)["uploads"]
        .as_array()
        .unwrap()
        .clone()
}

fn statuses(uploads: &[Value]) -> Vec<&str> {
    uploads.iter().map(|upload| upload["status"].as_str().unwrap()).collect()
}

const TOKEN: &str = "EAABrecognisable0graph0token";
