//! Every kind of trap, and exits without a message.

use flowhost_client::payload;
use flowhost_tests::{Component, TestFlow, TestHost, TestTenant, eventually, logged};
use serde_json::{Value, json};
use tracing::Level;

use super::siege::{Attack, withstands};
use super::wat;

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
        Attack::wat("recursion").fails("the plugin used up its stack"),
        // A Rust guest keeps most of its stack frames in linear memory, and runs out of its lower
        // end.
        Attack::guest(Component::Trapper, "stack").fails("a full stack looks like this"),
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
    withstands(["trap-in-start", "trap-in-realloc", "trap-in-post-return"].map(|name| {
        Attack::wat(name).at_every_call().fails("wasm `unreachable` instruction executed")
    }))
    .await;
}

#[tokio::test]
async fn what_a_panicking_guest_says_is_in_no_line_above_debug() {
    let form = json!({"do": "panic", "text": [["the customer's phone number", 1]]});
    withstands([Attack::parrot("panic", form).fails("the plugin panicked")]).await;
    assert_eq!(logged(Level::INFO, "the customer's phone number"), Vec::<String>::new());
    assert!(!logged(Level::DEBUG, "the customer's phone number").is_empty());
}

#[tokio::test]
async fn a_trap_names_the_guests_functions_in_the_flows_log_only() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let trap = "the plugin trapped: wasm trap: wasm `unreachable` instruction executed";

    let named = wat::plugin_of(
        "(func $pick_a_slot unreachable) (func $attack (result i32) (call $pick_a_slot) (i32.const 0))",
    );
    let [named] = last_words(&tenant, "named", named).await;
    assert!(named.starts_with(&format!("{trap}, in pick_a_slot <- attack <- ")), "{named}");
    let mangled = r#"(func $f (@name "_ZN7booking4slot4pick17h69052f616434ca3bE") unreachable)
        (func $attack (result i32) (call $f) (i32.const 0))"#;
    let [mangled] = last_words(&tenant, "mangled", wat::plugin_of(mangled)).await;
    assert!(
        mangled.starts_with(&format!("{trap}, in booking::slot::pick <- attack <- ")),
        "{mangled}"
    );
    let nameless = wat::without_names(&wat::plugin("unreachable"));
    let [nameless] = last_words(&tenant, "nameless", nameless).await;
    assert!(nameless.starts_with(&format!("{trap}, in function ")), "{nameless}");
    let mut no_text = wat::plugin_of(
        "(func $broken_name unreachable) (func $attack (result i32) (call $broken_name) (i32.const 0))",
    );
    let at = no_text.windows(11).position(|bytes| bytes == b"broken_name").unwrap();
    no_text[at] = 0xff;
    let [no_text] = last_words(&tenant, "no-text", no_text).await;
    assert!(no_text.starts_with(&format!("{trap}, in function ")), "{no_text}");

    assert_eq!(logged(Level::INFO, "pick_a_slot"), Vec::<String>::new());
    assert!(!logged(Level::DEBUG, "pick_a_slot").is_empty());
}

#[tokio::test]
async fn whatever_ends_a_guest_the_log_names_its_functions() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    for (name, cause, place) in [
        ("memory-out-of-bounds", "out of bounds memory access", "attack <- "),
        ("loop-in-handle", "the plugin used up its CPU time", "attack <- "),
        ("exit-with-failure", "the plugin trapped", "attack <- "),
    ] {
        let [line] = last_words(&tenant, name, wat::plugin(name)).await;
        assert!(line.contains(cause) && line.contains(place), "{name}: {line}");
    }
}

#[tokio::test]
async fn a_rust_guests_trap_names_its_functions_without_what_a_panic_does() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    for (component, what, place) in [
        (Component::Trapper, "stack", "local variables, in trapper::recurse (trapper/src/lib.rs:"),
        (Component::Trapper, "panic", "src/lib.rs:16:24: this guest panics on purpose, in "),
        (Component::Hoarder, "hoard", "the plugin used up its memory of 64 MiB, in "),
        (Component::Hoarder, "hoard-at-once", "alloc::raw_vec::handle_error <- "),
    ] {
        let flow = tenant.flow(what, json!({"limits": {"cpu_ms": 2000}}), component).await;
        assert_eq!(flow.ask(what, TOKEN).await.status, 500);
        let lines = eventually("the lines are written", async || {
            Some(errors(&flow).await).filter(|lines| !lines.is_empty())
        })
        .await;
        assert!(lines.iter().any(|line| line.contains(place)), "{lines:?}");
    }
}

#[tokio::test]
async fn names_of_functions_that_are_made_to_harm_are_cut_and_escaped() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let names =
        ["\\n2026-01-01 ERROR forged", "\\1b[31mred\\07", "\\u{202e}desrever", &"n".repeat(99_000)];
    for (number, name) in names.iter().enumerate() {
        let calls = (0..30)
            .map(|at| format!("(func $f{at} (@name \"{at}{name}\") (call $f{}))", at + 1))
            .collect::<String>();
        let fields = format!(
            "{calls} (func $f30 unreachable) (func $attack (result i32) (call $f0) (i32.const 0))"
        );

        let [line] = last_words(&tenant, &format!("names-{number}"), wat::plugin_of(&fields)).await;

        assert!(line.contains("in f30 <- 29"), "{line}");
        assert!(
            line.len() <= (4 << 10) + 3
                && !line.contains(|letter: char| letter.is_control() || letter == '\u{202e}'),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_recursion_of_ten_thousand_functions_is_a_short_line() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let ping_pong = "(func $ping (call $pong)) (func $pong (call $ping)) (func $attack (result i32) (call $ping) (i32.const 0))";

    let [line] = last_words(&tenant, "ping-pong", wat::plugin_of(ping_pong)).await;

    assert!(
        line.contains("used up its stack")
            && line.contains("ping <- pong <- ping")
            && line.ends_with(" <- …"),
        "{line}"
    );
    assert!(line.len() < 1000, "{line}");
}

/// Attacks with this plugin in a new flow and returns the single error in its log.
async fn last_words(tenant: &TestTenant, name: &str, plugin: Vec<u8>) -> [String; 1] {
    let flow = tenant.flow_without_plugin(name, json!({})).await;
    flow.upload(plugin).await.expect(201);
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    assert_eq!(
        flow.client().call(&payload::data_exchange("FORM", json!({}), TOKEN)).await.unwrap().status,
        500,
        "{name}"
    );
    let lines = eventually("the line is written", async || {
        Some(errors(&flow).await).filter(|lines| !lines.is_empty())
    })
    .await;
    lines.try_into().expect("one line for one trap")
}

/// The messages of level error in a flow's log.
async fn errors(flow: &TestFlow) -> Vec<String> {
    let reply = flow.call("GET", "/logs?level=error", Value::Null).await;
    let message = |line: &str| {
        serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap().to_owned()
    };
    reply.text.lines().map(message).collect()
}

const TOKEN: &str = "token-of-ana";
