//! The store: values outlive conversations, belong to one flow, and are bounded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowhost_server::store::{Store, StoreSeries, purge_next};
use flowhost_tests::{Component, Ended, TestFlow, TestHost, eventually, flowhost, watch};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{deploy, keeper, status_of, submit};

#[tokio::test]
async fn its_author_can_look_at_what_a_plugin_keeps() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = keeper(&tenant, "booking").await;
    let other = keeper(&tenant, "other").await;
    for (key, value) in [("visits/2", "two"), ("visits/1", "one"), ("orders/1", "x")] {
        submit(&flow, json!({"do": "set", "key": key, "value": value})).await;
    }
    let keys = async |flow: &TestFlow, query: Value| {
        flow.call("POST", "/store/keys", query).await.expect(200)
    };
    let value = async |flow: &TestFlow, key: &str| {
        flow.call("POST", "/store/value", json!({ "key": key })).await
    };

    let visits = keys(&flow, json!({"prefix": "visits/"})).await;
    assert_eq!(visits, json!({"keys": ["visits/1", "visits/2"], "more": false}));
    assert_eq!(keys(&flow, json!({"limit": 1})).await, json!({"keys": ["orders/1"], "more": true}));
    let shown = value(&flow, "visits/2").await.expect(200);
    assert_eq!((&shown["text"], &shown["base64"]), (&json!("two"), &Value::Null));
    assert!(shown["version"].is_u64());
    value(&flow, "visits/3").await.problem(404);
    value(&other, "visits/2").await.problem(404);
    assert_eq!(keys(&other, json!({})).await["keys"], json!([]));
    let reader = host.api_token(json!({"tenant": "acme", "role": "read"})).await;
    let path = "/v1/tenants/acme/flows/booking/store/value";
    reader.call("POST", path, json!({"key": "visits/2"})).await.problem(403);

    let mut command = flowhost(&["flow", "store", "get", "acme", "booking", "visits/1"]);
    command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", host.admin_token());
    let ended = Ended::of(command).await;
    assert_eq!(ended.stdout.trim(), "one", "{ended:?}");
}

#[tokio::test]
async fn values_outlive_conversations_versions_and_hosts() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let set = submit(&flow, json!({"do": "set", "key": "a", "value": "olá, 世界"})).await;

    assert_eq!(get(&flow, "a").await, json!({"value": "olá, 世界", "version": set["version"]}));
    deploy(&flow, &Component::Keeper.bytes_asking_for(json!({"store": true})).await).await;
    assert_eq!(get(&flow, "a").await["value"], "olá, 世界");
    let second = host.second().await;
    assert_eq!(get(&flow.at(&second), "a").await["value"], "olá, 世界");
    submit(&flow.at(&second), json!({"do": "delete", "key": "a"})).await;
    assert_eq!(get(&flow, "a").await, json!({"value": null}));
}

#[tokio::test]
async fn no_key_leads_to_another_flows_values() {
    let host = TestHost::start().await;
    let (a, b) = (host.tenant("a").await, host.tenant("b").await);
    let theirs = [keeper(&a, "other").await, keeper(&b, "booking").await];
    for flow in &theirs {
        submit(flow, json!({"do": "set", "key": "key", "value": "theirs"})).await;
        submit(flow, json!({"do": "set", "key": "", "value": "theirs"})).await;
    }
    let flow = keeper(&a, "booking").await;
    let long = "k".repeat(256);
    let keys = [
        "",
        "key",
        "../other/key",
        "/../other/key",
        "..\\other\\key",
        "%",
        "_",
        "%key",
        "k%",
        "\0",
        "a\0b",
        "a",
        "A",
        "a/b",
        "a//b",
        "a/./b",
        "é",
        "e\u{301}",
        "'; drop table flow_values; --",
        "\u{1b}[31m",
        "\u{10ffff}",
        &long,
    ];

    for key in keys {
        assert_eq!(get(&flow, key).await["value"], Value::Null, "{key:?} was set by nobody here");
    }
    assert_eq!(list(&flow, "", 1000).await, Value::Array(Vec::new()));
    for key in keys {
        submit(&flow, json!({"do": "set", "key": key, "value": format!("mine: {key}")})).await;
    }
    for key in keys {
        assert_eq!(get(&flow, key).await["value"], format!("mine: {key}"), "{key:?}");
    }

    let mut sorted = keys;
    sorted.sort_unstable();
    assert_eq!(list(&flow, "", 1000).await, json!(sorted));
    assert_eq!(list(&flow, "", 3).await, json!(sorted[..3]));
    assert_eq!(list(&flow, "%", 1000).await, json!(["%", "%key"]), "a prefix is no pattern");
    assert_eq!(list(&flow, "_", 1000).await, json!(["_"]));
    assert_eq!(list(&flow, "../other/", 1000).await, json!(["../other/key"]));
    assert_eq!(get(&flow, &"k".repeat(257)).await, json!({"error": "TooLarge"}));
    assert_eq!(
        submit(&flow, json!({"do": "list", "key": "k".repeat(257), "count": 1})).await,
        json!({"error": "TooLarge"})
    );
    for flow in &theirs {
        assert_eq!(get(flow, "key").await["value"], "theirs");
        assert_eq!(list(flow, "", 1000).await, json!(["", "key"]));
    }
}

#[tokio::test]
async fn a_value_is_gone_when_its_time_is_over() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    flow.set(json!({"limits": {"store_keys": 2}})).await;

    submit(&flow, json!({"do": "set", "key": "at once", "value": "x", "ttl": 0})).await;
    assert_eq!(get(&flow, "at once").await["value"], Value::Null);
    let short = submit(&flow, json!({"do": "set", "key": "short", "value": "x", "ttl": 1})).await;
    submit(&flow, json!({"do": "set", "key": "long", "value": "x", "ttl": u32::MAX})).await;
    eventually("the short one is gone", async || {
        (get(&flow, "short").await["value"].is_null()).then_some(())
    })
    .await;

    assert_eq!(list(&flow, "", 10).await, json!(["long"]));
    let swap = json!({"do": "swap", "key": "short", "value": "y", "expected": short["version"]});
    assert_eq!(submit(&flow, swap).await["version"], Value::Null, "what is gone has no version");
    submit(&flow, json!({"do": "set", "key": "instead", "value": "x"})).await;
    assert_eq!(list(&flow, "", 10).await, json!(["instead", "long"]), "it doesn't count any more");
    submit(&flow, json!({"do": "set", "key": "instead", "value": "x", "ttl": 0})).await;
    assert_eq!(rows(&host).await, 2, "nobody has written since");
    let store = Store::connect(host.database().options(), 2, StoreSeries::default()).await.unwrap();
    for expected in [1, 0] {
        let purged = purge_next(&store, Duration::ZERO).await.unwrap();
        assert_eq!(purged.flow_values, expected);
    }
    assert_eq!(rows(&host).await, 1);
    store.close().await;
}

#[tokio::test]
async fn of_two_who_read_the_same_version_one_writes() {
    let host = TestHost::start().await;
    let second = host.second().await;
    let here = keeper(&host.tenant("acme").await, "booking").await;
    let there = here.served_at(&second).await;
    let swap = |value: &str, expected: &Value| json!({"do": "swap", "key": "a", "value": value, "expected": expected});

    let first = submit(&here, swap("one", &Value::Null)).await["version"].clone();
    assert_eq!(
        submit(&there, swap("two", &Value::Null)).await["version"],
        Value::Null,
        "it is there already"
    );
    let next = submit(&there, swap("two", &first)).await["version"].clone();
    assert!(next.is_u64() && next != first);
    assert_eq!(submit(&here, swap("three", &first)).await["version"], Value::Null);
    assert_eq!(submit(&here, swap("three", &json!(u64::MAX))).await["version"], Value::Null);
    submit(&here, json!({"do": "delete", "key": "a"})).await;
    submit(&here, json!({"do": "set", "key": "a", "value": "two"})).await;
    assert_eq!(
        submit(&there, swap("three", &next)).await["version"],
        Value::Null,
        "the same value, and not the same version"
    );

    let raises = [&here, &there]
        .into_iter()
        .cycle()
        .take(16)
        .map(|flow| submit(flow, json!({"do": "raise", "key": "number"})));
    let raised = join_all(raises).await;
    assert!(raised.iter().all(|raised| raised["attempts"].as_u64() >= Some(1)), "{raised:?}");
    assert_eq!(get(&here, "number").await["value"], "16");
}

#[tokio::test]
async fn the_quota_of_keys_holds_also_when_two_hosts_write_at_once() {
    let host = TestHost::start().await;
    let second = host.second().await;
    let here = keeper(&host.tenant("acme").await, "booking").await;
    here.set(json!({"limits": {"store_keys": 10}})).await;
    let there = here.served_at(&second).await;
    eventually("the other host has the limit", async || {
        let tried = submit(&there, json!({"do": "many", "key": "tried", "count": 11})).await;
        submit(&there, json!({"do": "delete", "key": "tried10"})).await;
        (tried["refused"] != 0).then_some(())
    })
    .await;
    for number in 0..10 {
        submit(&here, json!({"do": "delete", "key": format!("tried{number}")})).await;
    }

    let writes = (0..8).map(|number| {
        let flow = if number % 2 == 0 { &here } else { &there };
        submit(flow, json!({"do": "many", "key": format!("{number}-"), "count": 5}))
    });
    let refused: Vec<Value> = join_all(writes).await;

    assert_eq!(list(&here, "", 1000).await.as_array().unwrap().len(), 10);
    assert_eq!(refused.iter().map(|answer| answer["refused"].as_u64().unwrap()).sum::<u64>(), 30);
    assert!(refused.iter().any(|answer| answer["last"] == "QuotaExceeded"), "{refused:?}");
    let one = list(&here, "", 1).await[0].clone();
    assert!(
        submit(&here, json!({"do": "set", "key": one, "value": "again"})).await["version"].is_u64(),
        "no other key"
    );
    submit(&here, json!({"do": "delete", "key": one})).await;
    assert!(
        submit(&here, json!({"do": "set", "key": "new", "value": "x"})).await["version"].is_u64()
    );
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let fill =
        async |count: usize| submit(&flow, json!({"do": "fill", "key": "a", "count": count})).await;

    assert!(fill(64 << 10).await["version"].is_u64());
    assert_eq!(fill((64 << 10) + 1).await, json!({"error": "TooLarge"}));
    assert_eq!(fill(1 << 20).await, json!({"error": "TooLarge"}));
    assert_eq!(
        get(&flow, "a").await["value"].as_str().unwrap().len(),
        64 << 10,
        "what was there stayed"
    );
    flow.set(json!({"limits": {"store_value_bytes": 10}})).await;
    assert_eq!(fill(11).await, json!({"error": "TooLarge"}));
    assert!(fill(10).await["version"].is_u64());
}

#[tokio::test]
async fn a_call_uses_the_store_a_hundred_times_and_no_more() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    flow.set(json!({"limits": {"cpu_ms": 2000}})).await;

    assert_eq!(
        submit(&flow, json!({"do": "insist", "key": "a", "count": 150})).await["answered"],
        100
    );
    assert_eq!(
        submit(&flow, json!({"do": "insist", "key": "a", "count": 7})).await["answered"],
        7,
        "the next call begins anew"
    );
}

#[tokio::test]
async fn without_request_and_grant_there_is_no_store() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let refused = json!({"error": "NotGranted"});

    let flow = tenant.flow_without_plugin("unasked", json!({"grants": {"store": true}})).await;
    deploy(&flow, &Component::Keeper.bytes_asking_for(json!({})).await).await;
    for what in ["get", "set", "swap", "delete", "list"] {
        assert_eq!(
            submit(&flow, json!({"do": what, "key": "a"})).await,
            refused,
            "{what}: granted, and not asked for"
        );
    }

    let flow = keeper(&tenant, "booking").await;
    submit(&flow, json!({"do": "set", "key": "a", "value": "x"})).await;
    flow.set(json!({"grants": {"store": false}})).await;
    for what in ["get", "set", "swap", "delete", "list"] {
        assert_eq!(
            submit(&flow, json!({"do": what, "key": "a"})).await,
            refused,
            "{what}: asked for, and granted no more"
        );
    }
    flow.set(json!({"grants": {"store": true}})).await;
    assert_eq!(get(&flow, "a").await["value"], "x");
}

#[tokio::test]
async fn a_flood_of_one_tenants_store_leaves_the_others_their_exchanges() {
    let host = TestHost::start().await;
    let flooding = keeper(&host.tenant("flooding").await, "booking").await;
    // Less than a client's patience, even with the time in the queue.
    flooding.set(json!({"limits": {"cpu_ms": 2000, "wall_ms": 3000}})).await;
    let honest = host.tenant("honest").await.flow("booking", json!({}), Component::Steady).await;
    let over = AtomicBool::new(false);
    let flood = async {
        // Calls that find no free place or run out of time are refused or cut off, and all of them
        // belong to the flood.
        let calls =
            (0..24).map(|_| status_of(&flooding, json!({"do": "many", "key": "k", "count": 100})));
        let statuses = join_all(calls).await;
        over.store(true, Ordering::Relaxed);
        statuses
    };
    let meanwhile = async {
        let mut answered = 0;
        while !over.load(Ordering::Relaxed) {
            honest.count("token-of-ana").await;
            answered += 1;
        }
        answered
    };

    let (statuses, answered) = join(flood, meanwhile).await;

    assert!(statuses.iter().all(|status| [0, 200, 429, 500].contains(status)), "{statuses:?}");
    assert!(answered > 1, "{answered}");
    assert_eq!(honest.exchanges().await, answered);
}

#[tokio::test]
async fn where_the_database_fails_the_plugin_is_told_and_goes_on() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    submit(&flow, json!({"do": "set", "key": "a", "value": "x"})).await;
    let pool = host.database().pool().await;

    sqlx::query("revoke all on flow_values from flowhost_app").execute(&pool).await.unwrap();
    for what in ["get", "set", "swap", "delete", "list"] {
        assert_eq!(
            submit(&flow, json!({"do": what, "key": "a"})).await,
            json!({"error": "Unavailable"}),
            "{what}"
        );
    }
    sqlx::query("grant select, insert, update, delete on flow_values to flowhost_app")
        .execute(&pool)
        .await
        .unwrap();

    assert_eq!(get(&flow, "a").await["value"], "x");
}

#[tokio::test]
async fn neither_key_nor_value_can_be_read_in_the_database_or_moved_in_it() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    // When the test is over, the database is searched for both.
    for (key, value) in [
        ("customer/+49-151-recognisable", "recognisable-stored-value-1"),
        ("another-recognisable-key", "value-2"),
    ] {
        watch(key);
        watch(value);
        submit(&flow, json!({"do": "set", "key": key, "value": value})).await;
    }
    let swap = "update flow_values v set sealed_value = o.sealed_value from flow_values o where o.key_fingerprint <> v.key_fingerprint";
    let pool = host.database().pool().await;

    assert_eq!(sqlx::query(swap).execute(&pool).await.unwrap().rows_affected(), 2);
    assert_eq!(
        get(&flow, "another-recognisable-key").await,
        json!({"error": "Unavailable"}),
        "it doesn't open there"
    );
    sqlx::query(swap).execute(&pool).await.unwrap();
    assert_eq!(get(&flow, "another-recognisable-key").await["value"], "value-2");
}

#[tokio::test]
async fn a_flow_that_is_deleted_takes_its_values_with_it() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let (flow, other) = (keeper(&tenant, "booking").await, keeper(&tenant, "other").await);
    for flow in [&flow, &other] {
        submit(flow, json!({"do": "set", "key": "a", "value": "x"})).await;
    }

    flow.call("DELETE", "", Value::Null).await.expect(204);
    assert_eq!(rows(&host).await, 1);
    let again = keeper(&tenant, "booking").await;
    assert_eq!(get(&again, "a").await["value"], Value::Null, "the same name is not the same flow");
    tenant.call("DELETE", "", Value::Null).await.expect(204);
    assert_eq!(rows(&host).await, 0);
}

async fn get(flow: &TestFlow, key: &str) -> Value {
    submit(flow, json!({"do": "get", "key": key})).await
}

async fn list(flow: &TestFlow, prefix: &str, count: u32) -> Value {
    submit(flow, json!({"do": "list", "key": prefix, "count": count})).await["keys"].clone()
}

async fn rows(host: &TestHost) -> i64 {
    sqlx::query_scalar("select count(*) from flow_values")
        .fetch_one(&host.database().pool().await)
        .await
        .unwrap()
}
