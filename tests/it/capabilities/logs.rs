//! The log is kept per flow, bounded and escaped, and can be read and followed through any host.

use std::time::Duration;

use flowhost_client::payload;
use flowhost_server::admin::MAX_FOLLOWERS_OF_A_TOKEN;
use flowhost_server::store::{Store, StoreSeries, purge_next};
use flowhost_tests::{Component, Ended, TestFlow, TestHost, eventually, flowhost, logged, watch};
use futures_util::future::{join, join_all};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;
use tracing::Level;

use super::{keeper, status_of, submit};

#[tokio::test]
async fn what_a_plugin_logs_can_be_read_through_any_host() {
    let host = TestHost::start().await;
    let second = host.second().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    for level in ["trace", "debug", "info", "warn", "error"] {
        submit(&flow, json!({"do": "log", "level": level, "value": format!("a {level}")})).await;
    }

    let lines = lines(&flow.at(&second), "", 5).await;

    let shown =
        |line: &Value| (line["number"].clone(), line["level"].clone(), line["message"].clone());
    let expected = ["trace", "debug", "info", "warn", "error"];
    for (number, level) in expected.iter().enumerate() {
        assert_eq!(
            shown(&lines[number]),
            (json!(number + 1), json!(level), json!(format!("a {level}")))
        );
        assert_eq!(lines[number]["version"], 1);
        assert!(
            lines[number]["at"].as_str().is_some_and(|at| at.ends_with('Z')),
            "{}",
            lines[number]
        );
        assert!(lines[number].get("dropped").is_none());
    }
    let numbers = async |query: &str| {
        let read = read(&flow, query).await;
        read.iter().map(|line| line["number"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(numbers("?level=warn").await, [4, 5]);
    assert_eq!(numbers("?limit=2").await, [4, 5], "the newest");
    assert_eq!(numbers("?limit=2&before=4").await, [2, 3]);
    assert_eq!(numbers("?limit=2&after=1").await, [2, 3]);
    assert_eq!(numbers("?after=5").await, [0; 0]);
    for wrong in
        ["?level=loud", "?limit=0", "?limit=501", "?before=1&after=1", "?follow=true&before=1"]
    {
        flow.call("GET", &format!("/logs{wrong}"), Value::Null).await.problem(422);
    }
    for wrong in ["?tail=3", "?limit=x"] {
        flow.call("GET", &format!("/logs{wrong}"), Value::Null).await.problem(400);
    }
    assert_eq!(flow.call("GET", "/logs", Value::Null).await.content_type, "application/jsonl");
}

#[tokio::test]
async fn a_flood_is_cut_and_counted() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "flood", "value": "line", "count": 1000})).await;

    let lines = lines(&flow, "?limit=500", 64).await;

    assert_eq!(lines.len(), 64);
    assert_eq!(lines[63]["message"], "line 63");
    assert_eq!(lines[63]["dropped"], 1000 - 64);
    assert!(lines[..63].iter().all(|line| line.get("dropped").is_none()));
}

#[tokio::test]
async fn a_long_line_is_cut() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Chatty).await;
    assert_eq!(flow.ask("long-line", "token-of-ana").await.status, 200);

    let lines = lines(&flow, "", 1).await;

    let message = lines[0]["message"].as_str().unwrap();
    assert!(message.ends_with('…') && message.len() <= (4 << 10) + 3, "{}", message.len());
}

#[tokio::test]
async fn what_a_plugin_writes_can_forge_neither_lines_nor_colours() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let mut follower = Follower::of(&flow, &host, "").await;
    let evil =
        "crimson \u{1b}[31m\r\n\n{\"number\":99,\"level\":\"error\"}\nid: 7\ndata: {}\n\nevent: x";
    submit(&flow, json!({"do": "log", "value": evil})).await;
    submit(&flow, json!({"do": "print", "value": evil})).await;
    assert_eq!(status_of(&flow, json!({"do": "fail", "value": evil})).await, 500);
    assert_eq!(status_of(&flow, json!({"do": "panic", "value": evil})).await, 500);

    // What is printed is a line for each of its own.
    let mut followed = Vec::new();
    for _ in 0..8 {
        followed.push(follower.line().await["message"].as_str().unwrap().to_owned());
    }
    for (number, beginning) in [
        (0, "crimson \\u{1b}[31m"),
        (1, "crimson \\u{1b}[31m"),
        (2, "{\"number\":99"),
        (3, "id: 7"),
        (5, "event: x"),
        (6, "crimson \\u{1b}[31m"),
        (7, "the plugin panicked at "),
    ] {
        assert!(followed[number].starts_with(beginning), "{number}: {followed:#?}");
    }
    assert!(followed[7].contains("crimson \\u{1b}[31m"), "{followed:#?}");
    lines(&flow, "", 8).await;

    let text = flow.call("GET", "/logs", Value::Null).await.text;
    assert!(
        !text.contains('\u{1b}') && !text.contains('\r') && !text.contains("\\u001b"),
        "{text}"
    );
    for (number, line) in text.lines().enumerate() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(line["number"], number + 1);
    }
    assert!(
        logged(Level::INFO, "crimson ").is_empty(),
        "a plugin's words stay out of the host's log"
    );
    let at_debug = logged(Level::DEBUG, "crimson ");
    assert!(
        !at_debug.is_empty() && at_debug.iter().all(|line| !line.contains(['\u{1b}', '\n', '\r'])),
        "{at_debug:#?}"
    );
}

#[tokio::test]
async fn a_failed_call_says_in_the_log_why() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = keeper(&tenant, "booking").await;
    assert_eq!(status_of(&flow, json!({"do": "fail", "value": "no table is free"})).await, 500);
    assert_eq!(status_of(&flow, json!({"do": "panic", "value": "out of tables"})).await, 500);
    let read = lines(&flow, "?level=error", 2).await;
    let said = |at: usize| read[at]["message"].as_str().unwrap();
    assert!(
        said(0).starts_with("no table is free, at ") && said(0).contains("src/lib.rs:53:"),
        "{read:#?}"
    );
    let (place, rest) = said(1).split_once(": out of tables, in ").unwrap();
    assert!(place.starts_with("the plugin panicked at ") && place.contains("src/lib.rs:54:"));
    assert!(!rest.contains("RUST_BACKTRACE"), "{read:#?}");

    let looper = tenant.flow("loop", json!({"limits": {"cpu_ms": 50}}), Component::Looper).await;
    assert_eq!(looper.ask("loop", "token-of-ana").await.status, 500);
    let read = lines(&looper, "", 1).await;
    assert!(
        read[0]["message"]
            .as_str()
            .unwrap()
            .starts_with("the plugin used up its CPU time of 50 ms, in "),
        "{read:#?}"
    );

    let chatty = tenant.flow("chatty", json!({}), Component::Chatty).await;
    assert_eq!(chatty.ask("big-state", "token-of-ana").await.status, 500);
    let read = lines(&chatty, "", 1).await;
    assert_eq!(
        (&read[0]["message"], &read[0]["level"]),
        (&json!("the plugin's state has 65539 bytes; the limit is 65536"), &json!("error"))
    );
}

#[tokio::test]
async fn a_log_is_followed_on_another_host_until_that_host_stops() {
    let host = TestHost::start().await;
    let second = host.second().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "log", "value": "before"})).await;
    lines(&flow, "", 1).await;

    let mut all = Follower::of(&flow, &second, "").await;
    let mut errors = Follower::of(&flow, &second, "&level=error").await;
    let mut after = Follower::of(&flow, &second, "&after=1").await;
    assert_eq!(all.line().await["message"], "before");
    for (level, value) in [("info", "one"), ("error", "two"), ("info", "three")] {
        submit(&flow, json!({"do": "log", "level": level, "value": value})).await;
    }
    submit(&flow, json!({"do": "flood", "value": "many", "count": 64})).await;
    for follower in [&mut all, &mut after] {
        for value in ["one", "two", "three"] {
            assert_eq!(follower.line().await["message"], value);
        }
        for number in 0..64 {
            assert_eq!(follower.line().await["message"], format!("many {number}"));
        }
    }
    assert_eq!(errors.line().await["message"], "two");

    second.stop().await;
    for follower in [&mut all, &mut errors, &mut after] {
        assert_eq!(follower.rest().await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn who_follows_is_sent_away_when_the_token_or_the_flow_is_gone() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let (flow, gone) = (keeper(&tenant, "booking").await, keeper(&tenant, "gone").await);
    let made = host
        .admin()
        .call("POST", "/v1/api-tokens", json!({"tenant": "acme", "role": "deploy"}))
        .await
        .expect(201);
    let mut with_token =
        Follower::with_token(&flow, &host, made["token"].as_str().unwrap(), "").await;
    let mut of_gone = Follower::of(&gone, &host, "").await;
    let mut stays = Follower::of(&flow, &host, "").await;

    host.admin()
        .call("DELETE", &format!("/v1/api-tokens/{}", made["id"].as_str().unwrap()), Value::Null)
        .await
        .expect(204);
    gone.call("DELETE", "", Value::Null).await.expect(204);
    // A new flow of the same name is another flow.
    keeper(&tenant, "gone").await;

    assert_eq!(with_token.rest().await, Vec::<Value>::new());
    assert_eq!(of_gone.rest().await, Vec::<Value>::new());
    submit(&flow, json!({"do": "log", "value": "still here"})).await;
    assert_eq!(stays.line().await["message"], "still here");
}

#[tokio::test]
async fn as_many_follow_as_may_and_who_hangs_up_makes_room() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let other = keeper(&host.tenant("other").await, "booking").await;
    let mut followers = Vec::new();
    for _ in 0..MAX_FOLLOWERS_OF_A_TOKEN {
        followers.push(Follower::of(&flow, &host, "").await);
    }

    let refused = flow.call("GET", "/logs?follow=true", Value::Null).await;
    assert!(refused.problem(429).contains("with your token"));
    flow.call("GET", "/logs", Value::Null).await;
    Follower::of(&other, &host, "").await;
    followers.pop();
    eventually("there is room again", async || {
        let response = Follower::open(&flow, &host, host.admin_token(), "").await;
        (response.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_may_only_look_reads_no_log() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "log", "value": "a customer's words"})).await;
    let path = "/v1/tenants/acme/flows/booking/logs";

    for query in ["", "?follow=true"] {
        host.api_token(json!({"tenant": "acme", "role": "read"}))
            .await
            .get(&format!("{path}{query}"))
            .await
            .problem(403);
    }
    assert_eq!(
        host.api_token(json!({"tenant": "acme", "role": "deploy"})).await.get(path).await.status,
        200
    );
}

#[tokio::test]
async fn one_tenants_flood_costs_another_neither_answers_nor_lines() {
    let host = TestHost::start().await;
    let flooding = keeper(&host.tenant("flooding").await, "booking").await;
    // Less than a client's patience, even with the time in the queue.
    flooding.set(json!({"limits": {"cpu_ms": 2000, "wall_ms": 3000}})).await;
    let quiet = keeper(&host.tenant("quiet").await, "booking").await;
    let value = "x".repeat(400);
    let flood =
        (0..24).map(|_| status_of(&flooding, json!({"do": "flood", "value": value, "count": 200})));
    let talk = async {
        for number in 0..20 {
            submit(&quiet, json!({"do": "log", "value": format!("quiet {number}")})).await;
        }
    };

    join(join_all(flood), talk).await;

    // Lines of a call that was cut off are kept too.
    lines(&flooding, "", 50).await;

    let kept = lines(&quiet, "", 20).await;
    let messages: Vec<_> =
        kept.iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect();
    assert_eq!(messages, (0..20).map(|number| format!("quiet {number}")).collect::<Vec<_>>());
    assert!(kept.iter().all(|line| line.get("dropped").is_none()));
}

#[tokio::test]
async fn the_newest_lines_are_kept_and_old_ones_go() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "log", "value": "the first"})).await;
    lines(&flow, "", 1).await;
    let pool = host.database().pool().await;
    // Imitates 10,000 more lines.
    let fill = "insert into plugin_log_lines select tenant_id, flow_id, n, 1, 0, sealed_message, null, now() - interval '8 days' \
                from plugin_log_lines, generate_series(2, 10000) n where number = 1";
    sqlx::query(fill).execute(&pool).await.unwrap();
    sqlx::query("update plugin_logs set last_number = 10000").execute(&pool).await.unwrap();
    let range = async || -> (i64, i64, i64) {
        let range = "select count(*), min(number), max(number) from plugin_log_lines";
        sqlx::query_as(range).fetch_one(&pool).await.unwrap()
    };

    submit(&flow, json!({"do": "flood", "value": "new", "count": 64})).await;
    eventually("the new lines are written", async || (range().await.2 == 10_064).then_some(()))
        .await;
    assert_eq!(range().await, (10_000, 65, 10_064));

    let store = Store::connect(host.database().options(), 2, StoreSeries::default()).await.unwrap();
    while purge_next(&store, Duration::ZERO).await.unwrap().log_lines > 0 {}
    store.close().await;
    assert_eq!(range().await, (64, 10_001, 10_064));
    submit(&flow, json!({"do": "log", "value": "one more"})).await;
    assert_eq!(lines(&flow, "?limit=500", 65).await[64]["number"], 10_065, "numbers go on");
}

#[tokio::test]
async fn lines_wait_for_a_database_that_fails_and_nobody_waits_for_them() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let pool = host.database().pool().await;
    sqlx::query("revoke insert on plugin_log_lines from flowhost_app")
        .execute(&pool)
        .await
        .unwrap();

    for number in 0..3 {
        submit(&flow, json!({"do": "log", "value": format!("line {number}")})).await;
    }
    assert_eq!(read(&flow, "").await, Vec::<Value>::new());
    sqlx::query("grant insert on plugin_log_lines to flowhost_app").execute(&pool).await.unwrap();

    assert_eq!(lines(&flow, "", 3).await[2]["message"], "line 2");
}

#[tokio::test]
async fn a_host_that_stops_writes_what_was_logged() {
    let host = TestHost::start().await;
    let second = host.second().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "flood", "value": "the last", "count": 10})).await;

    host.stop().await;

    assert_eq!(read(&flow.at(&second), "").await.len(), 10);
}

#[tokio::test]
async fn a_session_shows_why_its_calls_failed_and_takes_its_lines_along() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let say = async |token: &str, form: Value| {
        let request = payload::data_exchange("FORM", form, token);
        flow.client().call(&request).await.unwrap().status
    };
    assert_eq!(say("token-of-ana", json!({"do": "log", "value": "of Ana"})).await, 200);
    assert_eq!(say("token-of-bob", json!({"do": "log", "value": "of Bob"})).await, 200);
    assert_eq!(say("token-of-ana", json!({"do": "fail", "value": "no table"})).await, 500);
    let all = lines(&flow, "", 3).await;
    let ana = all[0]["session"].as_str().unwrap();
    assert_eq!(all[2]["session"], ana);
    assert_ne!(all[1]["session"], ana);

    let page = flow.call("GET", &format!("/sessions/{ana}"), Value::Null).await.expect(200);

    let log = page["log"].as_array().unwrap();
    assert_eq!(log.len(), 2, "{page:#}");
    let why = log[1]["message"].as_str().unwrap();
    assert!(why.starts_with("no table, at ") && why.contains("src/lib.rs:"), "{why}");
    assert!(log[1]["request_id"].is_string());
    assert_eq!(page["history"].as_array().unwrap().len(), 1, "a failed call is no exchange");
    assert_eq!(read(&flow, &format!("?session={ana}&level=error")).await, log[1..]);
    let reader = host.api_token(json!({"tenant": "acme", "role": "read"})).await;
    let path = format!("/v1/tenants/acme/flows/booking/sessions/{ana}");
    assert_eq!(reader.get(&path).await.expect(200)["log"], json!([]), "lines are for authors");
    let unknown = "?session=0199a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b";
    flow.call("GET", &format!("/logs{unknown}"), Value::Null).await.problem(404);

    flow.call("POST", "/sessions/delete", json!({"flow_token": "token-of-ana"})).await.expect(204);
    let left: Vec<_> = read(&flow, "").await.iter().map(|line| line["message"].clone()).collect();
    assert_eq!(left, ["of Bob"]);
}

#[tokio::test]
async fn lines_are_sealed_and_go_with_their_flow() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    // When the test is over, the database is searched for this text.
    watch("recognisable-words-of-a-customer");
    submit(&flow, json!({"do": "log", "value": "recognisable-words-of-a-customer"})).await;
    assert_eq!(lines(&flow, "", 1).await[0]["message"], "recognisable-words-of-a-customer");
    let pool = host.database().pool().await;
    flow.call("DELETE", "", Value::Null).await.expect(204);

    let left: i64 = sqlx::query_scalar(
        "select (select count(*) from plugin_logs) + (select count(*) from plugin_log_lines)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_command_line_shows_and_follows_a_log() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "log", "level": "warn", "value": "few tables left"})).await;
    submit(&flow, json!({"do": "flood", "value": "line", "count": 70})).await;
    lines(&flow, "?limit=500", 65).await;
    let run = async |arguments: &[&str]| {
        let mut command = flowhost(&[&["plugin", "logs", "acme", "booking"], arguments].concat());
        command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", host.admin_token());
        let ended = Ended::of(command).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stdout
    };

    let warnings = run(&["--level", "warn"]).await;
    assert!(warnings.trim_end().ends_with("warn  v1 few tables left"), "{warnings}");
    assert!(
        run(&["--limit", "1"]).await.trim_end().ends_with("line 63 (6 more lines were dropped)")
    );
    let json = run(&["--json", "--limit", "2"]).await;
    assert_eq!(
        json.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["number"].clone())
            .collect::<Vec<_>>(),
        [64, 65]
    );

    let mut command = flowhost(&["plugin", "logs", "acme", "booking", "--follow", "--limit", "1"]);
    command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", host.admin_token());
    let mut following = tokio::process::Command::from(command).kill_on_drop(true).spawn().unwrap();
    let mut shown = BufReader::new(following.stdout.take().unwrap()).lines();
    assert!(shown.next_line().await.unwrap().unwrap().contains("line 63"));
    submit(&flow, json!({"do": "log", "value": "the end is near"})).await;
    assert!(shown.next_line().await.unwrap().unwrap().contains("the end is near"));
    flow.call("DELETE", "", Value::Null).await.expect(204);
    assert_eq!(shown.next_line().await.unwrap(), None, "what is gone is not followed");
    assert!(following.wait().await.unwrap().success());
}

/// The lines of a flow, once there are at least this many.
async fn lines(flow: &TestFlow, query: &str, count: usize) -> Vec<Value> {
    eventually("the lines are written", async || {
        let lines = read(flow, query).await;
        (lines.len() >= count).then_some(lines)
    })
    .await
}

async fn read(flow: &TestFlow, query: &str) -> Vec<Value> {
    let reply = flow.call("GET", &format!("/logs{query}"), Value::Null).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A client that follows a log.
struct Follower {
    response: Response,
    unread: String,
}

impl Follower {
    /// Follows with the operator's token.
    async fn of(flow: &TestFlow, host: &TestHost, query: &str) -> Self {
        Self::with_token(flow, host, host.admin_token(), query).await
    }

    async fn with_token(flow: &TestFlow, host: &TestHost, token: &str, query: &str) -> Self {
        let response = Self::open(flow, host, token, query).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, unread: String::new() }
    }

    async fn open(flow: &TestFlow, host: &TestHost, token: &str, query: &str) -> Response {
        let path =
            format!("/v1/tenants/{}/flows/{}/logs?follow=true{query}", flow.tenant.slug, flow.name);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(host.admin().url(&path)).bearer_auth(token).send().await.unwrap()
    }

    async fn line(&mut self) -> Value {
        self.next().await.expect("the stream has not ended")
    }

    /// Reads all lines until the host ends the stream.
    async fn rest(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        while let Some(line) = self.next().await {
            lines.push(line);
        }
        lines
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            while let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some((id, data)) = event.split_once('\n') {
                    let line: Value =
                        serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                    assert_eq!(id, format!("id: {}", line["number"]));
                    return Some(line);
                }
                assert!(event.starts_with(':'), "{event}");
            }
            let chunk = timeout(Duration::from_secs(30), self.response.chunk())
                .await
                .expect("something comes in time");
            self.unread.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }
}
