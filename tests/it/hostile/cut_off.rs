//! Guests that never end, wherever they are when they don't.

use flowhost::client::payload;
use flowhost_tests::{Component, TestHost};
use serde_json::json;

use super::siege::{Attack, counted, withstands};
use super::wat;

#[tokio::test]
async fn a_loop_is_cut_off_wherever_it_is() {
    let spins =
        |name| Attack::wat(name).within(json!({"cpu_ms": 600})).at_length().fails("the plugin used up its CPU time of 600 ms");
    withstands([
        spins("loop-in-handle"),
        spins("recursion-for-ever"),
        spins("loop-in-destructor"),
        spins("loop-in-start").at_every_call(),
        spins("loop-in-realloc").at_every_call(),
        spins("loop-in-post-return").at_every_call(),
    ])
    .await;
}

#[tokio::test]
async fn a_loop_in_the_handler_of_client_errors_is_cut_off() {
    let report = payload::error_notification("FORM", "invalid-screen-transition", "it was", "t");
    let attack = Attack::wat("loop-in-on-client-error").on(report).within(json!({"cpu_ms": 600}));
    withstands([attack.acknowledged_with_line("the plugin used up its CPU time of 600 ms")]).await;
}

#[tokio::test]
async fn work_inside_the_host_and_single_long_instructions_count_as_the_guests_time() {
    let works =
        |name| Attack::wat(name).within(json!({"cpu_ms": 600})).at_length().fails("the plugin used up its CPU time of 600 ms");
    withstands([works("fill-for-ever"), works("host-calls-for-ever"), works("poll-without-rest")]).await;
}

#[tokio::test]
async fn waiting_for_ever_ends_with_the_wall_time() {
    let limits = json!({"wall_ms": 1500});
    let waits = |attack: Attack| attack.within(limits.clone()).at_length().fails("the plugin ran out of its time of 1500 ms");
    withstands([
        waits(Attack::wat("sleep-for-ever")),
        waits(Attack::wat("poll-for-ever")),
        waits(Attack::guest(Component::Slow, "sleep")),
    ])
    .await;
}

/// The wall time ends each call somewhere else: in start-up code, between two host calls, inside one. Whatever is dropped there
/// must leave the host as it was.
#[tokio::test]
async fn a_call_can_be_cut_off_at_any_moment() {
    let host = TestHost::start().await;
    let (tenant, plugin) = (host.tenant("acme").await, wat::plugin("host-calls-in-turn"));
    for wall_ms in 1..=MOMENTS {
        let name = format!("within-{wall_ms}");
        let flow = tenant.flow_without_plugin(&name, json!({"limits": {"wall_ms": wall_ms, "cpu_ms": 2000}})).await;
        flow.upload(plugin.as_slice()).await.expect(201);
        flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
        let reply = flow.client().call(&payload::data_exchange("FORM", json!({}), "t")).await.unwrap();
        assert_eq!((reply.status, reply.payload), (500, None), "{name}");
    }
    let neighbour = host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(neighbour.count("t").await, 1);
    counted(&host, 500, MOMENTS).await;
    host.stop().await;
}

const MOMENTS: u32 = 40;
