//! `…/live`: a flow as it is used.

use std::time::Duration;

use flowhost_client::payload;
use flowhost_server::admin::{MAX_FOLLOWERS_OF_A_TENANT, MAX_FOLLOWERS_OF_A_TOKEN};
use flowhost_tests::{BrowserSession, Component, TestHost, eventually};
use reqwest::Response;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tokio::time::timeout;

use crate::capabilities::{keeper, submit};

const LIVE: &str = "/console/tenants/acme/flows/booking/live";

#[tokio::test]
async fn each_role_sees_exchanges_and_only_those_who_deploy_lines() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    host.tenant("other").await;
    submit(&flow, json!({"do": "log", "value": "Ana said so"})).await;
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    wait_for_a_line(&deploy).await;

    for (browser, sees_lines) in [
        (host.browser(host.admin_token()).await, true),
        (host.browser_with(json!({"partner": "default"})).await, true),
        (deploy, true),
        (host.browser_with(json!({"tenant": "acme", "role": "read"})).await, false),
    ] {
        let page = browser.page(LIVE).await;
        assert!(page.contains("id=\"exchange-"), "{page}");
        assert_eq!(page.contains("11 characters, masked"), sees_lines, "{page}");
        assert_eq!(page.contains("/live/reveal"), sees_lines, "{page}");
        assert!(!page.contains("Ana said so"), "{page}");
    }
    let stranger = host.browser_with(json!({"tenant": "other", "role": "deploy"})).await;
    for path in ["", "/events"] {
        assert_eq!(stranger.open(&format!("{LIVE}{path}")).await.status, 404, "{path}");
    }
    let revealed = stranger.submit("/console", &format!("{LIVE}/reveal"), &[]).await;
    assert_eq!(revealed.status, 404);
    host.stop().await;
}

#[tokio::test]
async fn opening_the_log_is_audited_and_opens_it_for_that_viewer() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "log", "value": "<script>alert(1)</script>"})).await;
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    wait_for_a_line(&deploy).await;

    let reply = deploy.submit(LIVE, &format!("{LIVE}/reveal"), &[]).await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    let opened = reply.location.unwrap();
    let page = deploy.page(&opened).await;
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"), "{page}");
    deploy.page(&opened).await;

    let entries = audited(&host, "log.reveal").await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!((&entries[0]["target"], &entries[0]["tenant"]), (&json!("booking"), &json!("acme")));
    assert_eq!(entries[0]["actor"]["role"], "deploy");
    let other = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    for browser in [&other, &reader] {
        assert!(!browser.page(&opened).await.contains("alert(1)"), "the entry is another's");
    }
    let refused = reader.submit("/console", &format!("{LIVE}/reveal"), &[]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(audited(&host, "log.reveal").await.len(), 1);
    host.stop().await;
}

#[tokio::test]
async fn an_entry_opens_its_own_flow_for_an_hour() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    let flow = keeper(&acme, "booking").await;
    let other = keeper(&acme, "other").await;
    submit(&flow, json!({"do": "log", "value": "a secret"})).await;
    submit(&other, json!({"do": "log", "value": "another secret"})).await;
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    wait_for_a_line(&deploy).await;
    let opened = deploy.submit(LIVE, &format!("{LIVE}/reveal"), &[]).await.location.unwrap();
    assert!(deploy.page(&opened).await.contains("a secret"));

    let elsewhere = deploy.page(&opened.replace("/booking/", "/other/")).await;
    assert!(!elsewhere.contains("another secret"), "{elsewhere}");
    let pool = host.database().pool().await;
    let past = "update audit_entries set created_at = now() - interval '61 minutes'";
    sqlx::query(past).execute(&pool).await.unwrap();
    assert!(!deploy.page(&opened).await.contains("a secret"));
    host.stop().await;
}

#[tokio::test]
async fn an_entry_opens_no_new_flow_of_the_same_name() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    let flow = keeper(&acme, "booking").await;
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    let opened = deploy.submit(LIVE, &format!("{LIVE}/reveal"), &[]).await.location.unwrap();
    flow.call("DELETE", "", Value::Null).await.expect(204);

    let next = keeper(&acme, "booking").await;
    submit(&next, json!({"do": "log", "value": "of the new one"})).await;
    wait_for_a_line(&deploy).await;

    let page = deploy.page(&opened).await;
    assert!(page.contains("14 characters, masked") && !page.contains("of the new one"), "{page}");
    host.stop().await;
}

#[tokio::test]
async fn who_shares_the_token_of_the_environment_shares_no_open_text() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "log", "value": "a secret"})).await;
    let (one, other) =
        (host.browser(host.admin_token()).await, host.browser(host.admin_token()).await);
    wait_for_a_line(&one).await;

    let opened = one.submit(LIVE, &format!("{LIVE}/reveal"), &[]).await.location.unwrap();

    assert!(one.page(&opened).await.contains("a secret"));
    assert!(!other.page(&opened).await.contains("a secret"));
    host.stop().await;
}

#[tokio::test]
async fn exchanges_are_filtered_and_come_in_pages() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    assert_eq!(flow.ask("complete", "token-of-ben").await.status, 200);
    let sessions = flow.sessions().await;
    let ana = sessions[1]["id"].as_str().unwrap();
    let browser = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    let rows = async |query: &str| rows(&browser.page(&format!("{LIVE}{query}")).await).len();

    assert_eq!(rows("").await, 2);
    assert_eq!(rows("?outcome=completed&version=&session=").await, 1);
    assert_eq!(rows("?version=1").await, 2);
    assert_eq!(rows("?version=2").await, 0);
    assert_eq!(rows(&format!("?session={ana}")).await, 1);
    // What the host refuses is answered by no version.
    assert_eq!(flow.ask("count", "token-of-ben").await.status, 427);
    assert_eq!(rows("?version=1").await, 2);
    for (query, status) in [
        ("?outcome=lost", 422),
        ("?version=x", 422),
        ("?session=x", 422),
        ("?before=x", 422),
        ("?session=0192f0e4-7e3b-7cc3-8a44-5d7f2f6b1a11", 404),
    ] {
        assert_eq!(browser.open(&format!("{LIVE}{query}")).await.status, status, "{query}");
    }

    let pool = host.database().pool().await;
    // All at one moment, as those that share a statement are.
    let more = "insert into exchanges (tenant_id, session_id, number, created_at, flow_id, action, outcome, duration_us) \
        select tenant_id, session_id, n, now() - interval '1 hour', flow_id, 'BACK', 'screen', 1 from sessions, generate_series(10, 69) n";
    sqlx::query(more).execute(&pool).await.unwrap();
    let mut path = LIVE.to_owned();
    let mut seen = Vec::new();
    for expected in [50, 50, 23] {
        let page = browser.page(&path).await;
        let ids = self::rows(&page);
        assert_eq!(ids.len(), expected, "{path}");
        seen.extend(ids);
        let next = page.split_once("rel=\"next\" href=\"").map(|(_, after)| after);
        path = next.and_then(|after| after.split('"').next()).unwrap_or_default().to_owned();
    }
    assert_eq!(path, "", "there is nothing after the last page");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 123, "each once");
    host.stop().await;
}

#[tokio::test]
async fn what_happens_comes_while_the_page_is_open() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "log", "value": "before"})).await;
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    wait_for_a_line(&deploy).await;
    let page = deploy.page(LIVE).await;
    let mut events = Events::of(&deploy, &page).await;
    let opened = deploy.submit(LIVE, &format!("{LIVE}/reveal"), &[]).await.location.unwrap();
    let mut open = Events::of(&deploy, &deploy.page(&opened).await).await;

    submit(&flow, json!({"do": "log", "value": "<script>\nnow"})).await;

    let (rows, lines) = events.until_a_line().await;
    assert_eq!(rows.len(), 1, "what the page had does not come again: {rows:?}");
    assert!(rows[0].starts_with("<tr id=\"exchange-"), "{rows:?}");
    assert!(lines[0].contains("characters, masked") && !lines[0].contains("now"), "{lines:?}");
    let (_, lines) = open.until_a_line().await;
    assert!(lines[0].contains("&lt;script&gt;") && lines[0].contains("now"), "{lines:?}");
    host.stop().await;
}

#[tokio::test]
async fn who_reads_gets_exchanges_as_they_happen_and_no_line() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    let mut events = Events::of(&reader, &reader.page(LIVE).await).await;

    submit(&flow, json!({"do": "log", "value": "x"})).await;
    let first = events.next().await.unwrap();
    submit(&flow, json!({"do": "log", "value": "y"})).await;
    let second = events.next().await.unwrap();

    assert_eq!((first.0.as_str(), second.0.as_str()), ("exchange", "exchange"));
    assert_ne!(first.1, second.1);
    host.stop().await;
}

#[tokio::test]
async fn events_end_with_the_sign_in() {
    let host = TestHost::start().await;
    keeper(&host.tenant("acme").await, "booking").await;
    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    let mut events = Events::of(&reader, &reader.page(LIVE).await).await;

    assert_eq!(reader.submit("/console", "/console/sign-out", &[]).await.status, 303);

    assert_eq!(events.next().await, None);
    host.stop().await;
}

#[tokio::test]
async fn who_watches_takes_a_place_of_those_who_follow_logs() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    let page = reader.page(LIVE).await;
    let mut watching = Vec::new();
    for _ in 0..MAX_FOLLOWERS_OF_A_TOKEN {
        watching.push(Events::of(&reader, &page).await);
    }

    let refused = reader.open(&format!("{LIVE}/events")).await;
    assert_eq!(refused.status, 429);
    assert!(refused.text.contains("with your token"), "{}", refused.text);
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    for _ in MAX_FOLLOWERS_OF_A_TOKEN..MAX_FOLLOWERS_OF_A_TENANT {
        watching.push(Events::of(&deploy, &page).await);
    }
    let refused = flow.call("GET", "/logs?follow=true", Value::Null).await;
    assert!(refused.problem(429).contains("of this tenant"));
    watching.pop();

    eventually("there is a place again", async || {
        (deploy.follow(&format!("{LIVE}/events")).await.status() == 200).then_some(())
    })
    .await;
    host.stop().await;
}

#[tokio::test]
async fn of_a_flood_of_lines_the_newest_come_and_the_page_says_so() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "log", "value": "before"})).await;
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    wait_for_a_line(&deploy).await;
    let mut events = Events::of(&deploy, &deploy.page(LIVE).await).await;

    submit(&flow, json!({"do": "flood", "value": "many", "count": 64})).await;

    let (mut skipped, mut lines) = (0, Vec::new());
    while !lines.last().is_some_and(|line: &String| line.starts_with("<li id=\"line-65\"")) {
        match events.next().await.unwrap() {
            (name, line) if name == "line" => lines.push(line),
            (name, _) => skipped += usize::from(name == "skipped"),
        }
    }
    assert_eq!((skipped, lines.len()), (1, 50));
    assert!(lines[0].starts_with("<li id=\"line-16\""), "{lines:?}");
    submit(&flow, json!({"do": "log", "value": "after"})).await;
    assert!(events.until_a_line().await.1[0].starts_with("<li id=\"line-66\""));
    host.stop().await;
}

#[tokio::test]
async fn a_failed_exchange_tells_why_to_whom_it_may() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    flow.set(json!({"on_failure": "error-message", "grants": {"store": true}})).await;
    let failing = json!({"do": "fail", "value": "no table is free"});
    let request = payload::data_exchange("FORM", failing, "token-of-ana");
    assert_eq!(flow.client().call(&request).await.unwrap().status, 200);
    let deploy = host.browser_with(json!({"tenant": "acme", "role": "deploy"})).await;
    wait_for_a_line(&deploy).await;

    let opened = deploy.submit(LIVE, &format!("{LIVE}/reveal"), &[]).await.location.unwrap();
    let page = deploy.page(&format!("{opened}&outcome=failed")).await;

    let (_, why) = page.split_once("<summary>Why</summary>").unwrap();
    assert!(why.split("</details>").next().unwrap().contains("no table is free"), "{page}");
    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    assert!(!reader.page(LIVE).await.contains("<summary>Why"));
    host.stop().await;
}

#[tokio::test]
async fn requests_without_a_reply_are_counted_and_come_while_the_page_is_open() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let reader = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    let mut events = Events::of(&reader, &reader.page(LIVE).await).await;
    let failing = json!({"do": "fail", "value": "what Ana said"});
    let request = payload::data_exchange("FORM", failing, "token-of-ana");
    let forged = flow.client().signing_with("another");

    for _ in 0..3 {
        assert_eq!(flow.client().call(&request).await.unwrap().status, 500);
    }
    assert_eq!(forged.call(&request).await.unwrap().status, 432);

    let shows =
        |rows: &str| rows.contains("<td>3 in this minute") && rows.contains("<td>1 in this hour");
    while !events.next().await.is_some_and(|(name, rows)| name == "unanswered" && shows(&rows)) {}
    let page = reader.page(LIVE).await;
    for part in ["the plugin's", "the sender's", "<code>signature</code>", "the plugin failed"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("what Ana said"), "{page}");
    assert!(page.contains("<svg"), "the figures have them");
    for (query, has_them) in [
        ("?outcome=failed", true),
        ("?version=1", true),
        ("?version=2", false),
        ("?outcome=screen", false),
    ] {
        let page = reader.page(&format!("{LIVE}{query}")).await;
        assert_eq!(page.contains("3 in this minute"), has_them, "{query}: {page}");
        let has_section = page.contains("id=\"unanswered\"");
        assert_eq!(has_section, query != "?outcome=screen", "{query}: {page}");
    }
    let other = keeper(&host.tenant("other").await, "booking").await;
    let stranger = host.browser_with(json!({"tenant": "other", "role": "deploy"})).await;
    let page = stranger.page(&LIVE.replace("acme", &other.tenant.slug)).await;
    assert!(!page.contains("in this minute"), "{page}");
    host.stop().await;
}

#[tokio::test]
async fn what_got_no_reply_last_is_counted_before_a_host_stops() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let failing = payload::data_exchange("FORM", json!({"do": "fail", "value": "x"}), "token");
    assert_eq!(flow.client().call(&failing).await.unwrap().status, 500);

    let other = host.second().await;
    host.stop().await;

    let pool = other.database().pool().await;
    let count: i64 =
        sqlx::query_scalar("select count from unanswered_requests").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 1);
    other.stop().await;
}

#[tokio::test]
async fn figures_are_of_the_exchanges_of_the_hour_and_the_day() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let browser = host.browser_with(json!({"tenant": "acme", "role": "read"})).await;
    assert!(browser.page(LIVE).await.contains("No request in this time"));
    flow.count("token-of-ana").await;
    let pool = host.database().pool().await;
    let old = "update exchanges set created_at = now() - interval '3 hours'";
    assert!(browser.page(LIVE).await.contains("<svg"));

    sqlx::query(AssertSqlSafe(old)).execute(&pool).await.unwrap();

    assert!(!browser.page(LIVE).await.contains("<svg"));
    let day = browser.page(&format!("{LIVE}?span=day")).await;
    assert!(day.contains("<svg") && day.contains("Exchanges per hour, at most 1"), "{day}");
    host.stop().await;
}

/// Waits until the log has its first line, which is written after its call.
async fn wait_for_a_line(browser: &BrowserSession) {
    eventually("the line is written", async || {
        browser.page(LIVE).await.contains("id=\"line-").then_some(())
    })
    .await;
}

/// The ids of a page's exchanges.
fn rows(page: &str) -> Vec<String> {
    let after = page.split("<tr id=\"").skip(1);
    after.map(|after| after.split('"').next().unwrap().to_owned()).collect()
}

async fn audited(host: &TestHost, action: &str) -> Vec<Value> {
    let log = host.admin().get("/v1/audit").await.expect(200);
    let entries = log["entries"].as_array().unwrap().iter();
    entries.filter(|entry| entry["action"] == action).cloned().collect()
}

/// Reads what comes to an open page.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    /// Connects to where the page says that its events come from.
    async fn of(browser: &BrowserSession, page: &str) -> Self {
        let (_, after) = page.split_once("sse-connect=\"").unwrap();
        let path = after.split('"').next().unwrap().replace("&amp;", "&");
        let response = browser.follow(&path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event's name and data; `None` if there is none any more.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let fields = |name: &str| {
                    let values = event.lines().filter_map(|line| line.strip_prefix(name));
                    values.collect::<Vec<_>>().join("\n")
                };
                let read = (fields("event: "), fields("data: "));
                self.text = rest.to_owned();
                if read.0.is_empty() {
                    continue;
                }
                return Some(read);
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.unwrap().unwrap()?;
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
    }

    /// Rows and lines up to the first line.
    async fn until_a_line(&mut self) -> (Vec<String>, Vec<String>) {
        let (mut rows, mut lines) = (Vec::new(), Vec::new());
        while lines.is_empty() {
            let (name, data) = self.next().await.unwrap();
            if name == "line" { lines.push(data) } else { rows.push(data) }
        }
        (rows, lines)
    }
}

/// Far above what anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
