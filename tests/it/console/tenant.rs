//! `/console/tenants/{tenant}`: every form does what the API does.

use std::time::Duration;

use flowhost_tests::{
    BrowserSession, ConsoleReply, GraphServer, Mood, TestHost, TestTenant, Vectors, fixture, forms,
    watch,
};
use serde_json::{Value, json};
use sqlx::query;

use crate::database::locks_are_waited_for;

const TENANT: &str = "/console/tenants/acme";

#[tokio::test]
async fn operators_and_partners_make_tenants() {
    let host = TestHost::start().await;
    host.admin().call("POST", "/v1/partners", json!({"slug": "umbrella"})).await.expect(201);
    let operator = host.browser(host.admin_token()).await;
    let partner = host.browser_with(json!({"partner": "umbrella"})).await;

    let fields = [("slug", "acme"), ("name", ""), ("waba_id", " 1234 "), ("partner", "umbrella")];
    let made = operator.submit("/console/new-tenant", "/console/tenants", &fields).await;
    assert_eq!((made.status, made.location.as_deref()), (303, Some(TENANT)), "{}", made.text);
    let view = host.admin().get("/v1/tenants/acme").await.expect(200);
    assert_eq!((&view["waba_id"], &view["partner"]), (&json!("1234"), &json!("umbrella")));
    assert_eq!(view["name"], "acme");

    assert!(!partner.page("/console/new-tenant").await.contains("name=\"partner\""));
    let fields = [("slug", "initech"), ("name", "Initech"), ("waba_id", "")];
    let made = partner.submit("/console/new-tenant", "/console/tenants", &fields).await;
    assert_eq!(made.status, 303, "{}", made.text);
    assert_eq!(host.admin().get("/v1/tenants/initech").await.expect(200)["partner"], "umbrella");
    let again = partner.submit("/console/new-tenant", "/console/tenants", &fields).await;
    assert_eq!(again.status, 409);

    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    assert_eq!(deploy.submit("/console", "/console/tenants", &fields).await.status, 403);
    host.stop().await;
}

#[tokio::test]
async fn settings_are_saved_and_an_empty_field_takes_a_limit_away() {
    let (host, tenant, browser) = start().await;
    let show = async || tenant.call("GET", "", Value::Null).await.expect(200);
    let with = |rate: &'static str, days: &'static str| {
        [
            ("name", "ACME"),
            ("waba_id", "77"),
            ("requests_per_second", rate),
            ("sessions_days", days),
            ("exchanges_days", "30"),
            ("plugin_log_days", "7"),
            ("answered_days", "90"),
        ]
    };

    done(&browser.submit(TENANT, &path("settings"), &with("5", "3")).await);
    let view = show().await;
    assert_eq!((&view["name"], &view["waba_id"]), (&json!("ACME"), &json!("77")));
    assert_eq!(view["requests_per_second"], 5);
    assert_eq!(view["retention"]["sessions_days"], 3);

    done(&browser.submit(TENANT, &path("settings"), &with("", "")).await);
    let view = show().await;
    assert_eq!(
        (&view["requests_per_second"], &view["retention"]["sessions_days"]),
        (&Value::Null, &json!(30))
    );

    for (rate, why) in [("0", "requests_per_second"), ("many", "whole"), ("-1", "whole")] {
        let refused = browser.submit(TENANT, &path("settings"), &with(rate, "30")).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains(why), "{}", refused.text);
    }
    assert_eq!(show().await["requests_per_second"], Value::Null);
    host.stop().await;
}

#[tokio::test]
async fn keys_are_made_imported_uploaded_and_retired() {
    let graph = GraphServer::start("EAAG-graph-token").await;
    let host = TestHost::with_graph(&graph, Duration::from_secs(3600)).await;
    let tenant = host.tenant("acme").await;
    let browser = host.browser(host.admin_token()).await;
    let keys = async || tenant.call("GET", "/keys", Value::Null).await.expect(200)["keys"].clone();
    let fields = [("access_token", "EAAG-graph-token"), ("phone_number_ids", "1001\r\n1002")];
    done(&browser.submit(TENANT, &path("graph"), &fields).await);
    let access = tenant.call("GET", "/graph", Value::Null).await.expect(200);
    assert_eq!(access, json!({"phone_number_ids": ["1001", "1002"], "has_access_token": true}));

    let page = browser.page(&path("keys/new")).await;
    assert!(page.contains(keys().await[0]["fingerprint"].as_str().unwrap()), "{page}");
    let fields = [("retire_previous_after_seconds", "3600")];
    done(&browser.submit(&path("keys/new"), &path("keys"), &fields).await);
    let pem = fixture("keys/private.pkcs8.aes256.pem");
    let passphrase = Vectors::load().passphrase;
    let fields = [("private_key_pem", pem.as_str()), ("passphrase", &passphrase)];
    let imported = browser.submit(&path("keys/new"), &path("keys"), &fields).await;
    done(&imported);
    let now = keys().await;
    assert_eq!(now.as_array().unwrap().len(), 3);
    assert_eq!((&now[0]["state"], &now[1]["state"]), (&json!("active"), &json!("retiring")));

    let upload = path(&format!("keys/{}/upload", now[0]["id"].as_str().unwrap()));
    graph.is_for("1002", Mood::Mismatching);
    done(&browser.submit(TENANT, &upload, &[]).await);
    assert!(graph.key("1001").is_some());
    let page = browser.page(TENANT).await;
    assert!(page.contains("valid") && page.contains("mismatch"), "{page}");

    let retire = path(&format!("keys/{}/retire", now[1]["id"].as_str().unwrap()));
    let question = browser.page(&retire).await;
    assert!(question.contains(now[1]["fingerprint"].as_str().unwrap()), "{question}");
    done(&browser.submit(&retire, &retire, &[]).await);
    assert_eq!(keys().await.as_array().unwrap().len(), 2);
    assert_eq!(browser.open(&retire).await.status, 404);

    done(&browser.submit(&path("graph/delete"), &path("graph/delete"), &[]).await);
    let access = tenant.call("GET", "/graph", Value::Null).await.expect(200);
    assert_eq!(access["has_access_token"], false);
    assert_eq!(browser.open(&path("graph/delete")).await.status, 404);
    host.stop().await;
}

#[tokio::test]
async fn secrets_that_are_typed_in_are_on_no_page_and_in_no_cookie() {
    let (host, _tenant, browser) = start().await;
    let pem = fixture("keys/private.pkcs8.pem");
    let line = pem.lines().nth(2).unwrap();
    let secrets = [
        "app-secret-typed-into-a-form",
        "EAAG-token-typed-into-a-form",
        line,
        "passphrase-typed-into-a-form",
    ];
    secrets.into_iter().for_each(watch);
    let replies = [
        browser
            .submit(
                TENANT,
                &path("app-secret"),
                &[("secret", secrets[0]), ("keep_previous_for_seconds", "60")],
            )
            .await,
        // Refused, with the secret in a field that is for something else, too.
        browser
            .submit(
                TENANT,
                &path("app-secret"),
                &[("secret", secrets[0]), ("keep_previous_for_seconds", secrets[0])],
            )
            .await,
        browser
            .submit(
                TENANT,
                &path("graph"),
                &[("access_token", secrets[1]), ("phone_number_ids", "1001")],
            )
            .await,
        browser
            .submit(
                TENANT,
                &path("graph"),
                &[("access_token", secrets[1]), ("phone_number_ids", "x")],
            )
            .await,
        browser
            .submit(TENANT, &path("keys"), &[("private_key_pem", &pem), ("passphrase", secrets[3])])
            .await,
        browser
            .submit(TENANT, &path("keys"), &[("private_key_pem", &pem), ("passphrase", secrets[3])])
            .await,
    ];
    let statuses = replies.iter().map(|reply| reply.status).collect::<Vec<_>>();
    assert_eq!(statuses, [303, 422, 303, 422, 303, 409]);

    let mut seen: Vec<String> = Vec::new();
    for reply in replies {
        seen.push(reply.text);
        seen.extend(reply.cookies);
    }
    for page in ["", "/changes", "/keys/new"] {
        seen.push(browser.page(&format!("{TENANT}{page}")).await);
    }
    for form in secrets.iter().flat_map(|secret| forms(secret.as_bytes())) {
        assert!(seen.iter().all(|text| !text.contains(&form)), "{form}");
    }
    assert!(seen.iter().any(|page| page.contains("valid until")), "the one before is still valid");
    host.stop().await;
}

#[tokio::test]
async fn an_api_token_is_shown_once_and_revoked_by_name() {
    let (host, _tenant, browser) = start().await;
    host.tenant("globex").await;
    let fields = [("role", "deploy"), ("expires_in_days", "2")];
    let made = browser.submit(TENANT, &path("api-tokens"), &fields).await;
    assert_eq!((made.status, &made.location), (200, &None), "{}", made.text);
    let (_, after) = made.text.split_once("<code>fha_").unwrap();
    let token = format!("fha_{}", after.split('<').next().unwrap());
    watch(&token);
    assert!(
        made.cookies
            .iter()
            .all(|cookie| forms(token.as_bytes()).iter().all(|form| !cookie.contains(form)))
    );

    let holder = host.admin().with_token(Some(&token));
    assert_eq!(holder.get("/v1/tenants").await.expect(200)["tenants"][0]["slug"], "acme");
    let page = browser.page(TENANT).await;
    assert!(!page.contains(&token), "{page}");
    let listed = host.admin().get("/v1/api-tokens").await.expect(200);
    let of_tenant = |one: &&Value| one["tenant"] == "acme";
    let id = listed["api_tokens"].as_array().unwrap().iter().find(of_tenant).unwrap()["id"].clone();
    let id = id.as_str().unwrap();
    assert!(page.contains(id), "{page}");

    // It is no token of the other tenant, although the operator may revoke it.
    let elsewhere = format!("/console/tenants/globex/api-tokens/{id}/revoke");
    assert_eq!(browser.open(&elsewhere).await.status, 404);
    assert_eq!(browser.submit(TENANT, &elsewhere, &[]).await.status, 404);
    let revoke = path(&format!("api-tokens/{id}/revoke"));
    assert!(browser.page(&revoke).await.contains("deploy"));
    done(&browser.submit(&revoke, &revoke, &[]).await);
    holder.get("/v1/tenants").await.problem(401);

    for fields in [
        [("role", "operator"), ("expires_in_days", "")],
        [("role", "read"), ("expires_in_days", "99999")],
    ] {
        assert_eq!(browser.submit(TENANT, &path("api-tokens"), &fields).await.status, 422);
    }
    host.stop().await;
}

#[tokio::test]
async fn tokens_of_other_tenants_are_not_even_read() {
    let (host, _tenant, browser) = start().await;
    host.tenant("globex").await;
    let make = async |tenant: &str| {
        let new = json!({"tenant": tenant, "role": "read"});
        let made = host.admin().call("POST", "/v1/api-tokens", new).await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    };
    let (own, other) = (make("acme").await, make("globex").await);
    let pool = host.database().pool().await;
    // With a role that no host can read.
    let unreadable = "update api_tokens set role = 'x' where token_id = $1::uuid";
    query("alter table api_tokens drop constraint api_tokens_role_check, drop constraint api_tokens_check1")
        .execute(&pool)
        .await
        .unwrap();
    query(unreadable).bind(&other).execute(&pool).await.unwrap();

    let page = browser.page(TENANT).await;
    assert!(page.contains(&own) && !page.contains(&other), "{page}");
    assert!(browser.page(&path(&format!("api-tokens/{own}/revoke"))).await.contains(&own));
    let elsewhere = path(&format!("api-tokens/{other}/revoke"));
    assert_eq!(browser.open(&elsewhere).await.status, 404);
    host.stop().await;
}

#[tokio::test]
async fn the_kill_switch_and_the_end_ask_first() {
    let (host, tenant, browser) = start().await;
    let disabled =
        async || tenant.call("GET", "", Value::Null).await.expect(200)["disabled"].clone();

    let question = browser.page(&path("switch")).await;
    assert!(question.contains("503") && question.contains("Tenant acme"), "{question}");
    assert_eq!(disabled().await, false);
    done(&browser.submit(&path("switch"), &path("switch"), &[("disabled", "true")]).await);
    assert_eq!(disabled().await, true);
    assert!(browser.page(TENANT).await.contains("Switch on"));
    done(&browser.submit(&path("switch"), &path("switch"), &[("disabled", "false")]).await);
    assert_eq!(disabled().await, false);

    let wrong = browser.submit(&path("delete"), &path("delete"), &[("name", "globex")]).await;
    assert_eq!(wrong.status, 422);
    let gone = browser.submit(&path("delete"), &path("delete"), &[("name", "acme")]).await;
    assert_eq!((gone.status, gone.location.as_deref()), (303, Some("/console")));
    assert_eq!(browser.open(TENANT).await.status, 404);
    host.stop().await;
}

#[tokio::test]
async fn a_flow_is_made_and_none_is_put_over_another() {
    let (host, tenant, _) = start().await;
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let made = deploy.submit(TENANT, &path("flows"), &[("name", "booking")]).await;
    assert_eq!(
        made.location.as_deref(),
        Some("/console/tenants/acme/flows/booking"),
        "{}",
        made.text
    );
    tenant.call("PATCH", "/flows/booking", json!({"failure_text": "Kept"})).await.expect(200);

    assert_eq!(deploy.submit(TENANT, &path("flows"), &[("name", "booking")]).await.status, 409);
    assert_eq!(deploy.submit(TENANT, &path("flows"), &[("name", "No Slug")]).await.status, 422);
    let flow = tenant.call("GET", "/flows/booking", Value::Null).await.expect(200);
    assert_eq!(flow["settings"]["failure_text"], "Kept");
    host.stop().await;
}

#[tokio::test]
async fn of_two_who_make_the_same_flow_at_once_one_is_refused() {
    let (host, tenant, one) = start().await;
    let other = host.browser(host.admin_token()).await;
    let pool = host.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    query("select from tenants where slug = 'acme' for update")
        .execute(&mut *locking)
        .await
        .unwrap();
    let make = async |browser: &BrowserSession| {
        browser.submit(TENANT, &path("flows"), &[("name", "booking")]).await
    };
    let meanwhile = async {
        locks_are_waited_for(&pool, 2).await;
        locking.rollback().await.unwrap();
    };

    let (first, second, ()) = tokio::join!(make(&one), make(&other), meanwhile);

    let refused = if first.status == 303 { &second } else { &first };
    assert_eq!((first.status.min(second.status), refused.status), (303, 409));
    assert!(refused.text.contains("there is a flow booking already"), "{}", refused.text);
    let flows = tenant.call("GET", "/flows", Value::Null).await.expect(200);
    assert_eq!(flows["flows"].as_array().unwrap().len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn all_changes_are_listed_page_by_page() {
    let (host, tenant, browser) = start().await;
    for rate in 1..=60 {
        tenant.call("PATCH", "", json!({"requests_per_second": rate})).await.expect(200);
    }
    let newest = browser.page(&path("changes")).await;
    assert!(newest.contains("tenant.update") && !newest.contains("tenant.create"));
    let (_, after) = newest.split_once("changes?before=").unwrap();
    let older = after.split('"').next().unwrap();
    let older = browser.page(&path(&format!("changes?before={older}"))).await;
    assert!(older.contains("tenant.create") && !older.contains("changes?before="), "{older}");
    host.stop().await;
}

#[tokio::test]
async fn script_in_names_and_answers_of_meta_stays_text() {
    let graph = GraphServer::start("EAAG-graph-token").await;
    let host = TestHost::with_graph(&graph, Duration::from_secs(3600)).await;
    let tenant = host.tenant("acme").await;
    let browser = host.browser(host.admin_token()).await;
    let script = "\"'><script>alert(1)</script>";
    let fields = json!({"name": script, "waba_id": script});
    tenant.call("PATCH", "", fields).await.expect(200);
    let access = json!({"access_token": "EAAG-another-token", "phone_number_ids": ["1001"]});
    tenant.call("PUT", "/graph", access).await.expect(204);
    let keys = tenant.call("GET", "/keys", Value::Null).await.expect(200);
    let upload = path(&format!("keys/{}/upload", keys["keys"][0]["id"].as_str().unwrap()));
    done(&browser.submit(TENANT, &upload, &[]).await);

    for page in ["", "/changes", "/switch", "/delete"] {
        let page = browser.page(&format!("{TENANT}{page}")).await;
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>alert"), "{page}");
    }
    let wrong = browser.submit(TENANT, &path("flows"), &[("name", script)]).await;
    assert!(wrong.text.contains("&lt;script&gt;") && !wrong.text.contains("<script>alert"));
    host.stop().await;
}

async fn start() -> (TestHost, TestTenant, BrowserSession) {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let browser = host.browser(host.admin_token()).await;
    (host, tenant, browser)
}

fn path(what: &str) -> String {
    format!("{TENANT}/{what}")
}

/// The form went through, and the tenant's page says so.
#[track_caller]
fn done(reply: &ConsoleReply) {
    assert_eq!((reply.status, reply.location.as_deref()), (303, Some(TENANT)), "{}", reply.text);
    assert!(reply.cookies[0].starts_with("__Host-flowhost-notice="), "{:?}", reply.cookies);
}
