//! A flow may keep the replies of its sessions, and then they go with these.

use std::time::Duration;

use flowhost_client::payload;
use flowhost_server::store::{Store, StoreSeries, purge_next};
use flowhost_tests::{Component, TestFlow, TestHost, asking};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

#[tokio::test]
async fn replies_are_kept_where_the_flow_says_so_and_each_once() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    let flow = acme.flow("booking", keeping(), Component::Chatty).await;
    let other = acme.flow("other", json!({}), Component::Chatty).await;
    for flow in [&flow, &other] {
        flow.count(TOKEN).await;
        let request = flow.client().seal(&asking("count", TOKEN)).unwrap();
        let first = flow.client().send(&request).await.unwrap();
        let repeated = flow.client().send(&request).await.unwrap();
        assert_eq!((first.status, first.body), (repeated.status, repeated.body));
        assert_eq!(flow.ask("complete", TOKEN).await.status, 200);
        assert_eq!(flow.ask("count", TOKEN).await.status, 427);
    }
    // Nobody's token: its session has no other reply than its last.
    flow.count("unused").await;

    let pool = host.database().pool().await;
    let kept: Vec<(i64, String, Option<i32>)> = sqlx::query_as(
        "select r.number, r.reply_kind, r.plugin_version from session_replies r \
         join flows f using (tenant_id, flow_id) where f.name = 'booking' order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let answer = |number| (number, "answer".to_owned(), Some(1));
    let refusal = (4, "token-rejected".to_owned(), None);
    assert_eq!(kept, [answer(1), answer(2), answer(3), refusal]);
    assert_eq!(count(&pool).await, 4, "none of the other flow");

    flow.set(json!({"keep_replies": false})).await;
    flow.count("another-token").await;
    assert_eq!(count(&pool).await, 4, "nor once it is switched off");
}

#[tokio::test]
async fn a_failure_that_is_answered_with_a_text_is_kept_and_another_is_not() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    let flow = acme.flow("booking", keeping(), Component::Trapper).await;
    let pool = host.database().pool().await;

    assert_eq!(flow.ask("trap", TOKEN).await.status, 500);
    assert_eq!(count(&pool).await, 0);
    flow.set(json!({"on_failure": "error-message"})).await;
    assert_eq!(flow.ask("trap", TOKEN).await.status, 200);
    assert_eq!(count(&pool).await, 1);
}

#[tokio::test]
async fn the_newest_fifty_are_kept() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", keeping(), Component::Steady).await;
    for _ in 0..51 {
        flow.count(TOKEN).await;
    }

    let pool = host.database().pool().await;
    assert_eq!((count(&pool).await, numbers(&pool).await[0]), (50, 2));

    // So many bytes, too: what is kept here has 6.
    let keep = "select keep_reply(tenant_id, flow_id, token_hash, 52, 'answer', 1, 'sealed', 50, 6) from sessions";
    sqlx::query(keep).execute(&pool).await.unwrap();
    assert_eq!(numbers(&pool).await, [52]);
}

#[tokio::test]
async fn replies_go_with_their_session_its_flow_and_its_tenant() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    let flow = acme.flow("booking", keeping(), Component::Steady).await;
    let other = acme.flow("other", keeping(), Component::Steady).await;
    for token in [TOKEN, "token-of-ben", "token-of-eva"] {
        flow.count(token).await;
        other.count(token).await;
    }
    let pool = host.database().pool().await;
    assert_eq!(count(&pool).await, 6);

    forget(&flow, TOKEN).await;
    assert_eq!(count(&pool).await, 5);

    let old = "update sessions set updated_at = now() - interval '40 days', expires_at = now() - interval '40 days', \
        session_id = overlay(session_id::text placing left(first_id_at(now() - interval '40 days')::text, 13) from 1)::uuid \
        where token_hash = sha256('token-of-ben')";
    sqlx::query(old).execute(&pool).await.unwrap();
    let store = Store::connect(host.database().options(), 2, StoreSeries::default()).await.unwrap();
    assert_eq!(purge_next(&store, Duration::ZERO).await.unwrap().sessions, 2);
    assert_eq!(count(&pool).await, 3);
    store.close().await;

    flow.call("DELETE", "", Value::Null).await.expect(204);
    assert_eq!(count(&pool).await, 2);
    acme.call("DELETE", "", Value::Null).await.expect(204);
    assert_eq!(count(&pool).await, 0);
}

#[tokio::test]
async fn a_session_that_begins_anew_has_no_replies_of_the_one_before() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", keeping(), Component::Steady).await;
    for _ in 0..3 {
        flow.count(TOKEN).await;
    }
    forget(&flow, TOKEN).await;
    assert_eq!(flow.client().call(&payload::init(TOKEN)).await.unwrap().status, 200);

    assert_eq!(numbers(&host.database().pool().await).await, [1]);
}

async fn forget(flow: &TestFlow, token: &str) {
    flow.call("POST", "/sessions/delete", json!({"flow_token": token})).await.expect(204);
}

async fn numbers(pool: &PgPool) -> Vec<i64> {
    let numbers = "select number from session_replies order by 1";
    sqlx::query_scalar(numbers).fetch_all(pool).await.unwrap()
}

async fn count(pool: &PgPool) -> i64 {
    let count = "select count(*) from session_replies".to_owned();
    sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(pool).await.unwrap()
}

fn keeping() -> Value {
    json!({"keep_replies": true})
}

const TOKEN: &str = "token-of-ana";
