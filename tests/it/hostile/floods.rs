//! Floods: of lines, of output, of random bytes.

use flowhost_tests::{Component, TestHost, logged};
use serde_json::json;
use tracing::Level;

use super::siege::{Attack, withstands};

#[tokio::test]
async fn a_flood_is_paid_for_with_the_guests_own_time() {
    let floods = |attack: Attack| {
        attack
            .within(json!({"cpu_ms": 600}))
            .at_length()
            .fails("the plugin used up its CPU time of 600 ms")
    };
    withstands([
        floods(Attack::wat("log-for-ever")),
        floods(Attack::wat("long-lines-for-ever")),
        floods(Attack::wat("random-for-ever")),
        floods(Attack::guest(Component::Babbler, "output")),
        floods(Attack::guest(Component::Babbler, "errors")),
    ])
    .await;
}

#[tokio::test]
async fn one_gulp_is_as_much_as_a_call_may_hand_over_or_be_given() {
    withstands([
        Attack::wat("random-all-at-once").fails("the plugin trapped"),
        Attack::wat("log-line-of-48-mib")
            .within(json!({"cpu_ms": 2000}))
            .fails("fuel allocated for hostcalls"),
    ])
    .await;
}

#[tokio::test]
async fn of_a_flood_the_first_lines_are_kept() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Babbler).await;
    let id = host.database().tenant_id("acme").await;

    let reply = flow.ask("once", "token-of-ana").await;

    assert_eq!(reply.status, 200);
    let kept: usize = logged(Level::DEBUG, &id).iter().map(|line| line.matches('x').count()).sum();
    assert!((1..=8 << 10).contains(&kept), "{kept} of 204800 bytes are in the log");
}
