//! `/console`: tenants at a glance.

use flowhost_client::payload;
use flowhost_tests::{Component, TestHost, eventually};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::capabilities::keeper;

#[tokio::test]
async fn each_role_sees_its_own_tenants_and_how_they_stand() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    acme.flow("booking", json!({}), Component::Steady).await;
    host.tenant_without_app_secret("bare").await;
    host.admin().call("POST", "/v1/partners", json!({"slug": "other"})).await.expect(201);
    host.tenant_of("other", "elsewhere").await;
    let sees = async |new: Option<Value>| {
        let browser = match new {
            Some(new) => host.browser_with(new).await,
            None => host.browser(host.admin_token()).await,
        };
        let page = browser.page("/console").await;
        let linked = |slug: &&str| page.contains(&format!("/console/tenants/{slug}\""));
        let slugs: Vec<_> = ["acme", "bare", "elsewhere"].into_iter().filter(linked).collect();
        (slugs, page)
    };

    let (slugs, page) = sees(None).await;
    assert_eq!(slugs, ["acme", "bare", "elsewhere"]);
    assert!(row(&page, "acme").contains(">works</span>"), "{page}");
    assert!(row(&page, "acme").contains("unknown: no access to the Graph API"), "{page}");
    let bare = row(&page, "bare");
    assert!(bare.contains(">broken</span>") && bare.contains("not set"), "{bare}");
    assert_eq!(sees(Some(json!({"partner": "default"}))).await.0, ["acme", "bare"]);
    for role in ["deploy", "read"] {
        assert_eq!(sees(Some(json!({"tenant": "acme", "role": role}))).await.0, ["acme"]);
    }
    host.stop().await;
}

#[tokio::test]
async fn what_failed_lately_is_counted_and_a_switch_is_seen() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    let flow = keeper(&acme, "booking").await;
    flow.set(json!({"on_failure": "error-message", "grants": {"store": true}})).await;
    let failing = payload::data_exchange("FORM", json!({"do": "fail", "value": "x"}), "token-1");
    assert_eq!(flow.client().call(&failing).await.unwrap().status, 200);
    acme.flow_without_plugin("empty", json!({})).await;
    let bare = host.tenant("bare").await.flow("booking", json!({}), Component::Steady).await;
    let forged = bare.client().signing_with("another");
    assert_eq!(forged.call(&failing).await.unwrap().status, 432);
    let operator = host.browser(host.admin_token()).await;

    let shown = operator.page("/console").await;
    assert!(row(&shown, "acme").contains("1 with a reply<"), "{shown}");
    flow.set(json!({"on_failure": "status", "grants": {"store": true}})).await;
    let failing = payload::data_exchange("FORM", json!({"do": "fail", "value": "x"}), "token-2");
    assert_eq!(flow.client().call(&failing).await.unwrap().status, 500);
    let shown = eventually("what got no reply is counted", async || {
        let page = operator.page("/console").await;
        page.contains("1 with a reply, 1 without").then_some(page)
    })
    .await;

    let of_a_stranger = row(&shown, "bare");
    assert!(of_a_stranger.contains("works") && of_a_stranger.contains("none"), "{shown}");
    assert!(row(&shown, "acme").contains("2, 1 without an active version"), "{shown}");
    assert!(row(&shown, "acme").contains(">look at it</span>"), "{shown}");
    acme.call("PATCH", "", json!({"disabled": true})).await.expect(200);
    let off = operator.page("/console").await;
    assert!(row(&off, "acme").contains(">switched off</span>"), "{off}");
    host.stop().await;
}

#[tokio::test]
async fn tenants_are_searched_and_come_in_pages() {
    let host = TestHost::start().await;
    insert_tenants(&host, 120).await;
    let operator = host.browser(host.admin_token()).await;

    let mut path = "/console?q=NUMBER".to_owned();
    let mut seen = Vec::new();
    for expected in [50, 50, 20] {
        let page = operator.page(&path).await;
        let slugs = slugs(&page);
        assert_eq!(slugs.len(), expected);
        seen.extend(slugs);
        path = link(&page, "Next page").unwrap_or_default();
    }
    assert_eq!(path, "", "there is nothing after the last page");
    assert!(seen.is_sorted() && seen.len() == 120);

    assert_eq!(slugs(&operator.page("/console?q=t-007").await), ["t-007"]);
    assert!(slugs(&operator.page("/console?q=%25").await).is_empty(), "no pattern, but a text");
    assert_eq!(operator.open("/console?q=%00").await.status, 400);
    let hostile = operator.page("/console?q=%22%3E%3Cscript%3E").await;
    assert!(!hostile.contains("<script>"), "{hostile}");
    host.stop().await;
}

#[tokio::test]
async fn script_in_a_name_is_text() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    acme.call("PATCH", "", json!({"name": "<script>alert(1)</script>"})).await.expect(200);

    let page = host.browser(host.admin_token()).await.page("/console").await;

    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
    assert!(!page.contains("<script>alert"), "{page}");
    host.stop().await;
}

/// Counts what PostgreSQL touches, since that does not depend on the machine.
#[tokio::test]
async fn many_exchanges_make_no_page_read_more() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    flow.count("token-of-ana").await;
    let tenant = host.database().tenant_id("acme").await;
    let pool = host.database().pool().await;
    let fill = format!(
        "insert into exchanges (tenant_id, session_id, number, created_at, flow_id, action, outcome, duration_us) \
         select '{tenant}', gen_random_uuid(), 1, now() - n * interval '1 second', flow_id, 'INIT', \
           case when n % 10 = 0 then 'failed' else 'screen' end, 1000 from flows, generate_series(1, 30000) n"
    );
    sqlx::query(AssertSqlSafe(fill)).execute(&pool).await.unwrap();
    let touched = async |statement: &str| {
        let mut transaction = pool.begin().await.unwrap();
        let role = format!("set local role flowhost_app; set local flowhost.tenant = '{tenant}'");
        sqlx::raw_sql(AssertSqlSafe(role)).execute(&mut *transaction).await.unwrap();
        // The first time it also reads the catalogue.
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut *transaction)
            .await
            .unwrap();
        let explain = format!("explain (analyze, buffers, format json) {statement}");
        let plan: Value =
            sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut *transaction).await.unwrap();
        let blocks = |kind: &str| plan[0]["Plan"][kind].as_i64().unwrap();
        blocks("Shared Hit Blocks") + blocks("Shared Read Blocks")
    };

    let all = touched("select count(*) from exchanges where outcome <> ''").await;
    let overview = touched(&format!(
        "select * from look_over_tenants(array['{tenant}']::uuid[], now() - interval '1 hour', 1000, 1000)"
    ))
    .await;
    let feed = touched(&format!(
        "select * from newest_exchanges('{tenant}', (select flow_id from flows), '-infinity', 'infinity', \
           'ffffffff-ffff-ffff-ffff-ffffffffffff', 9223372036854775807, 50)"
    ))
    .await;

    assert!(all > 300, "{all}");
    // The hour has 360 that failed, in some 60 blocks of the table.
    assert!(overview < 150 && feed < 30, "all: {all}, overview: {overview}, feed: {feed}");
    host.stop().await;
}

async fn insert_tenants(host: &TestHost, count: u32) {
    let pool = host.database().pool().await;
    let insert = format!(
        "insert into tenants (tenant_id, partner_id, slug, name, sealed_data_key) \
         select gen_random_uuid(), partner_id, 't-' || lpad(n::text, 3, '0'), 'Number ' || n, 'sealed' \
         from partners, generate_series(1, {count}) n"
    );
    sqlx::query(AssertSqlSafe(insert)).execute(&pool).await.unwrap();
}

/// The row of a tenant.
fn row<'a>(page: &'a str, slug: &str) -> &'a str {
    let (_, after) = page.split_once(&format!("/console/tenants/{slug}\"")).unwrap();
    after.split("</tr>").next().unwrap()
}

fn slugs(page: &str) -> Vec<String> {
    let after = page.split("href=\"/console/tenants/").skip(1);
    after.map(|after| after.split('"').next().unwrap().to_owned()).collect()
}

/// Where the link with this text leads.
fn link(page: &str, text: &str) -> Option<String> {
    let (before, _) = page.split_once(&format!(">{text}</a>"))?;
    let (_, after) = before.rsplit_once("href=\"")?;
    Some(after.split('"').next()?.replace("&amp;", "&"))
}
