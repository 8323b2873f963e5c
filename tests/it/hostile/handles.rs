//! Handles: too many of them, forged ones, and dropped ones.

use serde_json::json;

use super::siege::{Attack, withstands};

#[tokio::test]
async fn a_guest_holds_so_many_handles_and_no_more() {
    let holds = |name| Attack::wat(name).within(json!({"cpu_ms": 2000}));
    withstands([
        holds("million-handles").fails("the plugin trapped"),
        holds("poll-of-four-million").fails("fuel allocated for hostcalls"),
    ])
    .await;
}

#[tokio::test]
async fn handles_that_a_guest_leaves_are_dropped_without_asking_it() {
    withstands([Attack::wat("destructor-of-what-is-left")]).await;
}

#[tokio::test]
async fn only_handles_that_the_host_gave_are_any_good() {
    withstands(
        [
            ("forged-handle", "unknown handle index"),
            ("handle-dropped-twice", "unknown handle index"),
            ("handle-used-after-drop", "unknown handle index"),
            ("poll-of-nothing", "the plugin trapped"),
        ]
        .map(|(name, why)| Attack::wat(name).fails(why)),
    )
    .await;
}
