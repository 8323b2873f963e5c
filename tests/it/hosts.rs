//! Two hosts on one database: each serves the changes made through the other and continues the
//! conversations begun at the other.

use std::time::Duration;

use flowhost_client::payload;
use flowhost_server::store::{Store, StoreSeries, list_changed};
use flowhost_tests::{Component, TestFlow, TestHost, asking, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::time::{sleep, timeout};

use crate::database::locks_are_waited_for;

#[tokio::test]
async fn a_change_made_through_one_host_is_served_by_the_other() {
    let one = TestHost::start().await;
    let two = one.second().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let there = flow.served_at(&two).await;

    flow.set(json!({"disabled": true})).await;
    answers(&there, 503).await;
    there.set(json!({"disabled": false})).await;
    answers(&flow, 200).await;

    flow.tenant.set_app_secret(json!({"secret": "new"})).await;
    answers(&there, 432).await;
    flow.tenant.set_app_secret(json!({"secret": flow.tenant.app_secret})).await;
    answers(&there, 200).await;

    let key = there
        .tenant
        .call("POST", "/keys", json!({"retire_previous_after_seconds": 0}))
        .await
        .expect(201);
    answers(&flow, 421).await;
    let with_new_key =
        flow.client().encrypting_to(key["public_key_pem"].as_str().unwrap()).unwrap();
    assert_eq!(with_new_key.call(&payload::ping()).await.unwrap().status, 200);

    flow.tenant.call("DELETE", "", Value::Null).await.expect(204);
    answers(&there, 404).await;
}

#[tokio::test]
async fn a_version_activated_through_one_host_answers_at_the_other() {
    let one = TestHost::start().await;
    let two = one.second().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let there = flow.served_at(&two).await;
    // Only this plugin can refuse a token.
    flow.deploy(Component::Chatty).await;

    eventually("the other host has the new version", async || {
        (there.client().call(&asking("reject", &token())).await.unwrap().status == 427)
            .then_some(())
    })
    .await;
    there.call("POST", "/rollback", Value::Null).await.expect(200);
    eventually("the first host is back at the old version", async || {
        (flow.client().call(&asking("reject", &token())).await.unwrap().status == 200).then_some(())
    })
    .await;

    assert_eq!(flow.call("GET", "", Value::Null).await.expect(200)["active_version"], 1);
}

#[tokio::test]
async fn a_conversation_goes_on_at_whichever_host_gets_the_request() {
    let one = TestHost::start().await;
    let two = one.second().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let there = flow.served_at(&two).await;
    for round in 0..3 {
        assert_eq!(flow.count("token-of-ana").await, 2 * round + 1);
        assert_eq!(there.count("token-of-ana").await, 2 * round + 2);
    }
    let request = flow.client().seal(&asking("count", "token-of-ana")).unwrap();
    let first = flow.client().send(&request).await.unwrap();

    one.stop().await;
    let repeated = there.client().send(&request).await.unwrap();

    assert_eq!((repeated.status, repeated.body), (200, first.body));
    assert_eq!(there.count("token-of-ana").await, 8);
}

#[tokio::test]
async fn a_host_that_starts_later_has_all_that_was_made_before() {
    let one = TestHost::start().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);

    let later = one.second().await;

    assert_eq!(flow.at(&later).count("token-of-ana").await, 2);
}

#[tokio::test]
async fn a_tenant_that_cannot_be_loaded_now_gets_503_and_is_served_later() {
    let one = TestHost::start().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let two = one.second().await;
    let later = flow.at(&two);
    let pool = one.database().pool().await;
    let mut locking = pool.begin().await.unwrap();
    sqlx::query("lock table key_pairs in access exclusive mode")
        .execute(&mut *locking)
        .await
        .unwrap();

    // Together they wait no longer than one.
    let met = join_all((0..8).map(|_| later.ask("count", "token-of-ana")));
    let met = timeout(Duration::from_secs(6), met).await.expect("the requests end in time");
    locking.rollback().await.unwrap();

    assert_eq!(met.iter().map(|reply| reply.status).collect::<Vec<_>>(), [503; 8]);
    assert_eq!(later.count("token-of-ana").await, 1);
}

#[tokio::test]
async fn a_name_that_is_used_again_is_the_new_tenants_at_each_host() {
    let one = TestHost::start().await;
    let two = one.second().await;
    for _ in 0..3 {
        let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
        flow.served_at(&two).await;
        flow.tenant.call("DELETE", "", Value::Null).await.expect(204);
    }

    // A host that looks for changes itself learns of both at once.
    let later = one.second().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    flow.served_at(&later).await;
}

#[tokio::test]
async fn a_change_whose_notification_is_lost_is_served_all_the_same() {
    let one = TestHost::start().await;
    let two = one.second().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let there = flow.served_at(&two).await;
    let pool = one.database().pool().await;

    // Nobody is notified of what is changed in this way.
    for (disabled, status) in [(true, 503), (false, 200)] {
        pool.execute(AssertSqlSafe(switched("acme", disabled))).await.unwrap();
        answers(&flow, status).await;
        answers(&there, status).await;
    }
    pool.execute("delete from tenants where slug = 'acme'").await.unwrap();
    answers(&flow, 404).await;
    answers(&there, 404).await;
}

#[tokio::test]
async fn a_change_during_the_first_load_of_its_tenant_is_not_missed() {
    let one = TestHost::start().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    // A host that has not loaded the tenant yet.
    let two = one.second().await;
    let there = flow.at(&two);
    let pool = one.database().pool().await;
    let mut lock = pool.begin().await.unwrap();
    lock.execute("lock table flow_config in access exclusive mode").await.unwrap();

    let client = there.client();
    let loading = tokio::spawn(async move { client.call(&payload::ping()).await.unwrap().status });
    locks_are_waited_for(&pool, 1).await;
    // Nobody is notified of it, and the load has read the tenant's row already.
    pool.execute(AssertSqlSafe(switched("acme", true))).await.unwrap();
    // The host looks for changes each second; a load gives up after one and a half.
    sleep(Duration::from_millis(1_100)).await;
    lock.rollback().await.unwrap();

    assert_eq!(loading.await.unwrap(), 200, "as it was when the load began");
    answers(&there, 503).await;
}

#[tokio::test]
async fn a_tenant_whose_rows_cannot_be_read_does_not_stop_the_others() {
    let host = TestHost::start().await;
    let bad = host.tenant("bad").await.flow("booking", json!({}), Component::Steady).await;
    let good = host.tenant("good").await.flow("booking", json!({}), Component::Steady).await;
    answers(&bad, 200).await;
    answers(&good, 200).await;
    let pool = host.database().pool().await;

    pool.execute("update tenants set retention = '7', revision = revision + 1 where slug = 'bad'")
        .await
        .unwrap();
    answers(&bad, 404).await;
    pool.execute(AssertSqlSafe(switched("good", true))).await.unwrap();
    answers(&good, 503).await;

    pool.execute("update tenants set retention = '{}', revision = revision + 1 where slug = 'bad'")
        .await
        .unwrap();
    answers(&bad, 200).await;
}

#[tokio::test]
async fn a_name_is_free_even_if_nobody_heard_that_its_tenant_is_gone() {
    let one = TestHost::start().await;
    let two = one.second().await;
    let flow = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    flow.served_at(&two).await;
    let pool = one.database().pool().await;

    pool.execute("delete from tenants where slug = 'acme'").await.unwrap();
    let again = one.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;

    assert_eq!(again.count("token-of-ana").await, 1);
    assert_eq!(again.served_at(&two).await.count("token-of-ana").await, 2);
}

#[tokio::test]
async fn a_change_that_commits_after_later_ones_is_not_missed() {
    let host = TestHost::start().await;
    let slow = host.tenant("slow").await.flow("booking", json!({}), Component::Steady).await;
    let fast = host.tenant("fast").await.flow("booking", json!({}), Component::Steady).await;
    answers(&slow, 200).await;
    let pool = host.database().pool().await;
    let mut changing = pool.begin().await.unwrap();
    changing.execute(AssertSqlSafe(switched("slow", true))).await.unwrap();

    // The host looks for changes meanwhile, more than once.
    for (disabled, status) in [(true, 503), (false, 200)] {
        pool.execute(AssertSqlSafe(switched("fast", disabled))).await.unwrap();
        answers(&fast, status).await;
    }
    answers(&slow, 200).await;
    changing.commit().await.unwrap();

    answers(&slow, 503).await;
}

#[tokio::test]
async fn a_look_for_changes_finds_what_changed_and_nothing_else() {
    let host = TestHost::start().await;
    for slug in ["a", "b", "c"] {
        host.tenant_without_app_secret(slug).await;
    }
    let store = Store::connect(host.database().options(), 2, StoreSeries::default()).await.unwrap();
    let all = list_changed(&store, None).await.unwrap();
    assert_eq!(all.tenants.len(), 3);

    // Other tests have transactions on the same server, and those from before have to end.
    let mut since = all.next;
    eventually("nothing changed", async || {
        let changed = list_changed(&store, Some(&since)).await.unwrap();
        since = changed.next;
        changed.tenants.is_empty().then_some(())
    })
    .await;
    host.admin().call("PATCH", "/v1/tenants/b", json!({"name": "B"})).await.expect(200);
    let changed = list_changed(&store, Some(&since)).await.unwrap();
    let slugs: Vec<_> = changed.tenants.values().map(|(slug, _)| slug.as_str()).collect();
    assert_eq!((slugs, changed.any_deleted), (vec!["b"], false));

    host.admin().call("DELETE", "/v1/tenants/c", Value::Null).await.expect(204);
    let changed = list_changed(&store, Some(&since)).await.unwrap();
    assert!(changed.any_deleted);
}

#[tokio::test]
async fn a_host_with_another_master_key_does_not_start() {
    let one = TestHost::start().await;
    one.tenant_without_app_secret("acme").await;

    let refused = one.second_with_another_master_key().await;

    assert!(refused.expect_err("it must not start").contains("master key"));
}

/// The statement that switches a tenant off or on.
fn switched(tenant: &str, disabled: bool) -> String {
    format!(
        "update tenants set disabled = {disabled}, revision = revision + 1 where slug = '{tenant}'"
    )
}

/// Waits until a health check gets this status.
async fn answers(flow: &TestFlow, status: u16) {
    let client = flow.client();
    eventually(&format!("a {status}"), async || {
        (client.call(&payload::ping()).await.unwrap().status == status).then_some(())
    })
    .await;
}

/// A fresh token.
fn token() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}
