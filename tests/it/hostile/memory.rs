//! Guests that take more memory, tables or stack than they may.

use flowhost_tests::Component;
use serde_json::json;

use super::siege::{Attack, withstands};

#[tokio::test]
async fn memory_and_tables_grow_to_their_limits_and_no_further() {
    // On a busy machine, touching 64 MiB page by page takes more than the default CPU time.
    let grows = |name| Attack::wat(name).within(json!({"cpu_ms": 2000}));
    withstands([grows("memory-at-once"), grows("memory-page-by-page"), grows("table-growth")])
        .await;
}

#[tokio::test]
async fn a_guest_that_insists_on_memory_traps() {
    let hoards = |what| Attack::guest(Component::Hoarder, what).within(json!({"cpu_ms": 2000}));
    withstands(
        ["hoard", "hoard-at-once"]
            .map(|what| hoards(what).fails("the plugin used up its memory of 64 MiB")),
    )
    .await;
}

#[tokio::test]
async fn a_plugin_that_begins_with_more_memory_than_allowed_does_not_begin() {
    let attack = Attack::wat("more-memory-than-the-flow-may-have").at_every_call();
    withstands([attack
        .within(json!({"memory_bytes": 2 << 20}))
        .fails("memory minimum size of 64 pages exceeds memory limits")])
    .await;
}
