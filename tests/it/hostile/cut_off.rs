//! Guests that never end, cut off wherever they are.

use flowhost_client::payload;
use flowhost_tests::{Component, TestHost};
use futures_util::future::join_all;
use serde_json::json;

use super::siege::{Attack, counted, withstands};
use super::wat;
use crate::capabilities::{keeper, outcome, start, submit};

#[tokio::test]
async fn a_loop_is_cut_off_wherever_it_is() {
    let spins = |name| {
        Attack::wat(name)
            .within(json!({"cpu_ms": 600}))
            .at_length()
            .fails("the plugin used up its CPU time of 600 ms")
    };
    withstands([
        spins("loop-in-handle"),
        spins("recursion-for-ever"),
        spins("tail-calls-for-ever"),
        spins("loop-in-destructor"),
        spins("loop-in-start").at_every_call(),
        spins("loop-in-realloc").at_every_call(),
        spins("loop-in-post-return").at_every_call(),
    ])
    .await;
}

#[tokio::test]
async fn a_loop_in_the_handler_of_client_errors_is_cut_off() {
    let report =
        payload::error_notification("FORM", "invalid-screen-transition", "it was", "token-of-ana");
    let attack = Attack::wat("loop-in-on-client-error").on(report).within(json!({"cpu_ms": 600}));
    withstands([attack.acknowledged_with_line("the plugin used up its CPU time of 600 ms")]).await;
}

#[tokio::test]
async fn work_inside_the_host_and_long_instructions_count_as_guest_time() {
    let works = |name| {
        Attack::wat(name)
            .within(json!({"cpu_ms": 600}))
            .at_length()
            .fails("the plugin used up its CPU time of 600 ms")
    };
    withstands([works("fill-for-ever"), works("host-calls-for-ever"), works("poll-without-rest")])
        .await;
}

#[tokio::test]
async fn waiting_for_ever_ends_with_the_wall_time() {
    let limits = json!({"wall_ms": 1500});
    let waits = |attack: Attack| {
        attack.within(limits.clone()).at_length().fails("the plugin ran out of its time of 1500 ms")
    };
    withstands([
        waits(Attack::wat("sleep-for-ever")),
        waits(Attack::wat("poll-for-ever")),
        waits(Attack::guest(Component::Slow, "sleep")),
    ])
    .await;
}

/// The wall time ends each call at a different point: in start-up code, between two host calls,
/// inside of one. Whatever is dropped there must leave the host as it was. The next two tests do
/// the same with guests that use the store and send requests.
#[tokio::test]
async fn a_call_can_be_cut_off_at_any_moment() {
    let host = TestHost::start().await;
    let (tenant, plugin) = (host.tenant("acme").await, wat::plugin("host-calls-in-turn"));
    for wall_ms in 1..=MOMENTS {
        let name = format!("within-{wall_ms}");
        let flow = tenant
            .flow_without_plugin(&name, json!({"limits": {"wall_ms": wall_ms, "cpu_ms": 2000}}))
            .await;
        flow.upload(plugin.as_slice()).await.expect(201);
        flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
        let reply = flow
            .client()
            .call(&payload::data_exchange("FORM", json!({}), "token-of-ana"))
            .await
            .unwrap();
        assert_eq!((reply.status, reply.payload), (500, None), "{name}");
    }
    let neighbour =
        host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(neighbour.count("token-of-ana").await, 1);
    counted(&host, 500, MOMENTS).await;
    host.stop().await;
}

#[tokio::test]
async fn a_call_can_be_cut_off_at_any_moment_of_its_use_of_the_store() {
    let host = TestHost::start().await;
    let flow = keeper(&host.tenant("acme").await, "booking").await;
    let mut stored = 0;
    for wall_ms in 1..=MOMENTS {
        flow.set(json!({"limits": {"wall_ms": wall_ms, "cpu_ms": 2000}})).await;
        let form = json!({"do": "many", "key": format!("{wall_ms}-"), "count": WITHOUT_END});
        let reply = flow
            .client()
            .call(&payload::data_exchange("FORM", form, &format!("t{wall_ms}")))
            .await
            .unwrap();
        assert_eq!((reply.status, reply.payload), (500, None), "within {wall_ms} ms");
        let listing = json!({"do": "list", "key": format!("{wall_ms}-"), "count": 1000});
        flow.set(json!({"limits": {"wall_ms": null, "cpu_ms": null}})).await;
        stored += submit(&flow, listing).await["keys"].as_array().unwrap().len();
    }
    assert!(stored > 0, "all of them were cut off before they came to the store");
    // More calls than the host has database connections: none of those was lost.
    let at_once =
        (0..MOMENTS).map(|_| submit(&flow, json!({"do": "set", "key": "after", "value": "x"})));
    assert!(join_all(at_once).await.iter().all(|answer| answer["version"].is_number()));
    counted(&host, 500, MOMENTS).await;
    host.stop().await;
}

#[tokio::test]
async fn a_call_can_be_cut_off_at_any_moment_of_its_requests() {
    let (outside, host, flow) = start().await;
    flow.set(json!({"limits": {"outbound_requests": 32, "cpu_ms": 2000}})).await;
    // Each request is redirected four times, to the same URL.
    let url = "https://api.example.com/redirect/302";
    let mut visited = 0;
    for wall_ms in 1..=MOMENTS {
        flow.set(json!({"limits": {"wall_ms": wall_ms}})).await;
        let before = outside.visits().len();
        let form =
            json!({"do": "send", "url": url, "headers": [["x-to", url]], "times": WITHOUT_END});
        let reply = flow
            .client()
            .call(&payload::data_exchange("FORM", form, &format!("t{wall_ms}")))
            .await
            .unwrap();
        assert_eq!((reply.status, reply.payload), (500, None), "within {wall_ms} ms");
        visited += outside.visits().len() - before;
        // In total, more requests are cut off than a tenant may have at the same time: no permit
        // may be lost.
        flow.set(json!({"limits": {"wall_ms": null}})).await;
        let answer =
            outcome(&flow, json!({"do": "send", "url": "https://api.example.com/echo"})).await;
        assert_eq!(answer["status"], 200, "{answer}");
    }
    assert!(visited > 0, "all of them were cut off before they sent anything");
    counted(&host, 500, MOMENTS).await;
    host.stop().await;
}

const MOMENTS: u32 = 40;

/// No guest reaches this count in time: even calls beyond a quota are refused only after some time.
/// With more outcomes than fit into its memory the guest would trap.
const WITHOUT_END: u32 = 200_000;
