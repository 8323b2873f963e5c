//! Traps of every kind, and leaving without a word.

use flowhost_tests::Component;
use serde_json::json;

use super::siege::{Attack, withstands};

#[tokio::test]
async fn every_trap_fails_one_call_and_nothing_else() {
    withstands(
        [
            ("unreachable", "wasm `unreachable` instruction executed"),
            ("division-by-zero", "integer divide by zero"),
            ("integer-overflow", "integer overflow"),
            ("bad-conversion", "invalid conversion to integer"),
            ("memory-out-of-bounds", "out of bounds memory access"),
            ("fill-out-of-bounds", "out of bounds memory access"),
            ("copy-out-of-bounds", "out of bounds memory access"),
            ("table-out-of-bounds", "out of bounds table access"),
            ("null-table-entry", "uninitialized element"),
            ("wrong-signature", "indirect call type mismatch"),
        ]
        .map(|(name, trap)| Attack::wat(name).fails(trap)),
    )
    .await;
}

#[tokio::test]
async fn recursion_ends_with_the_guests_stack_and_not_with_the_hosts() {
    withstands([
        Attack::wat("recursion").fails("call stack exhausted"),
        // A Rust guest keeps most of its frames in its memory, and falls off the lower end of that.
        Attack::guest(Component::Trapper, "stack").fails("the plugin trapped"),
    ])
    .await;
}

#[tokio::test]
async fn leaving_through_wasi_is_no_answer() {
    withstands([
        Attack::wat("exit-with-success").fails("the plugin trapped"),
        Attack::wat("exit-with-failure").fails("the plugin trapped"),
    ])
    .await;
}

#[tokio::test]
async fn a_trap_before_or_after_the_handler_is_a_failure_like_any_other() {
    withstands(
        ["trap-in-start", "trap-in-realloc", "trap-in-post-return"]
            .map(|name| Attack::wat(name).at_every_call().fails("wasm `unreachable` instruction executed")),
    )
    .await;
}

#[tokio::test]
async fn what_a_panicking_guest_says_is_in_no_line_above_debug() {
    let form = json!({"do": "panic", "text": [["the customer's phone number", 1]]});
    withstands([Attack::parrot("panic", form).fails("wasm `unreachable` instruction executed")]).await;
    assert_eq!(flowhost_tests::logged(tracing::Level::INFO, "the customer's phone number"), Vec::<String>::new());
    assert!(!flowhost_tests::logged(tracing::Level::DEBUG, "the customer's phone number").is_empty());
}
