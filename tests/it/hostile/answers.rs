//! Answers that are too large, too deep, useless, or aimed at readers of the log.

use flowhost_client::payload;
use flowhost_tests::{Component, TestHost, logged};
use serde_json::{Value, json};
use tracing::Level;

use super::siege::{Attack, withstands};

#[tokio::test]
async fn an_answer_past_its_limit_is_refused_by_the_limits_name() {
    withstands([
        Attack::guest(Component::Chatty, "big-reply").fails("the limit is 262144"),
        Attack::guest(Component::Chatty, "big-state").fails("the limit is 65536"),
        Attack::parrot("the-largest-reply", reply_of(256 << 10)).answered(payload_of(256 << 10)),
        Attack::parrot("one-byte-more", reply_of((256 << 10) + 1)).fails("the limit is 262144"),
    ])
    .await;
}

#[tokio::test]
async fn strings_that_the_host_would_have_to_copy_are_limited_before_it_does() {
    let says = |name| Attack::wat(name).within(json!({"cpu_ms": 2000}));
    withstands(
        ["huge-string", "same-string-everywhere"]
            .map(|name| says(name).fails("fuel allocated for hostcalls")),
    )
    .await;
}

#[tokio::test]
async fn text_that_is_no_utf_8_never_arrives() {
    withstands(
        ["no-utf-8", "half-a-character"].map(|name| Attack::wat(name).fails("the plugin trapped")),
    )
    .await;
}

#[tokio::test]
async fn json_that_is_broken_or_ten_thousand_levels_deep_is_refused() {
    let deep = json!([["{\"a\":", 1], ["[", 10_000], ["]", 10_000], ["}", 1]]);
    let says = |name, form: Value| Attack::parrot(name, form);
    withstands([
        says("deep-data", json!({"do": "screen", "data": deep})).fails("data is not a JSON object"),
        says("deep-params", json!({"do": "complete", "params": deep}))
            .fails("params is not a JSON object"),
        // The host stores a state without parsing it into values, and checks without recursion that
        // it is JSON.
        says("deep-state", json!({"do": "screen", "state": deep})),
        says("unclosed-data", json!({"do": "screen", "data": [["{", 10_000]]}))
            .fails("data is not a JSON object"),
        says("list-as-data", json!({"do": "screen", "data": [["[]", 1]]}))
            .fails("data is not a JSON object"),
        says("empty-data", json!({"do": "screen", "data": []})).fails("data is not a JSON object"),
        says("two-documents", json!({"do": "screen", "data": [["{}", 2]]}))
            .fails("data is not a JSON object"),
        says("nul-in-data", json!({"do": "screen", "data": [["{}\0", 1]]}))
            .fails("data is not a JSON object"),
        says("number-as-params", json!({"do": "complete", "params": [["1", 300]]}))
            .fails("params is not a JSON object"),
        says("broken-state", json!({"do": "screen", "state": [["{", 1]]}))
            .fails("state is not JSON"),
        says("empty-state", json!({"do": "screen", "state": []})).fails("state is not JSON"),
        says(
            "endless-number",
            json!({"do": "screen", "data": [["{\"a\":1e", 1], ["9", 1000], ["}", 1]]}),
        )
        .fails("data is not"),
    ])
    .await;
}

#[tokio::test]
async fn a_screen_is_named_as_the_client_can_show_it() {
    let named = |name: &str, screen: Value| {
        Attack::parrot(name, json!({"do": "screen", "screen": screen}))
            .fails("the plugin's answer was refused")
    };
    withstands([
        named("reserved", json!([["SUCCESS", 1]])),
        named("empty", json!([])),
        named("path", json!([["../../x", 1]])),
        named("spaces", json!([["NEXT ", 1]])),
        named("nul", json!([["NEXT\0", 1]])),
        named("escape", json!([["\u{1b}[2J", 1]])),
        named("lookalike", json!([["\u{405}UCCESS", 1]])),
        named("long", json!([["X", 100_000]])),
    ])
    .await;
}

#[tokio::test]
async fn no_text_of_a_guest_forges_or_paints_a_line_of_the_log() {
    let text =
        json!([["\u{1b}[2J\u{1b}]0;owned\u{7}\nERROR forged line\r\u{9b}31m\u{202e}live", 1]]);
    withstands([
        Attack::parrot("internal", json!({"do": "internal", "text": text}))
            .fails("the plugin reported an internal error"),
        Attack::parrot("panic", json!({"do": "panic", "text": text})).fails("the plugin panicked"),
        Attack::parrot("screen", json!({"do": "screen", "screen": text}))
            .fails("the plugin's answer was refused"),
        Attack::wat("ansi-in-the-log"),
    ])
    .await;
    let lines = logged(Level::TRACE, "forged line");
    assert!(lines.len() >= 3, "{lines:#?}");
    for line in lines {
        assert!(
            !line.contains(|character: char| character.is_control() || character == '\u{202e}'),
            "{line:?}"
        );
    }
}

/// A form that makes a reply whose payload has `size` bytes.
fn reply_of(size: usize) -> Value {
    json!({"do": "screen", "data": [["{\"a\":\"", 1], ["x", size - FRAME.len()], ["\"}", 1]]})
}

fn payload_of(size: usize) -> Value {
    json!({"screen": "NEXT", "data": {"a": "x".repeat(size - FRAME.len())}})
}

const FRAME: &str = r#"{"screen":"NEXT","data":{"a":""}}"#;

#[tokio::test]
async fn the_check_of_an_answer_is_charged_to_its_call_in_rehearsals_too() {
    let host = TestHost::start().await;
    let limits = json!({"limits": {"cpu_ms": 70, "reply_bytes": 1 << 20}});
    let flow = host.tenant("acme").await.flow("booking", limits, Component::Parrot).await;
    // Texts of similar length: one holds a single value, the other 350,001. In builds for tests the one takes
    // a third of the limit and the other more than twice.
    let text = json!([["{\"a\":\"", 1], ["xx", 350_000], ["\"}", 1]]);
    let values = json!([["{\"a\":[1", 1], [",1", 350_000], ["]}", 1]]);
    for (data, taken) in [(text, true), (values, false)] {
        let form = json!({"do": "screen", "data": data});
        let replied = flow
            .client()
            .call(&payload::data_exchange("FORM", form.clone(), "measured-7f3a"))
            .await
            .unwrap()
            .status;
        assert_eq!(replied, if taken { 200 } else { 500 });
        let rehearsed = flow.call("POST", "/versions/1/rehearse", json!({"data": form})).await;
        if taken {
            rehearsed.expect(200);
        } else {
            assert!(rehearsed.problem(422).contains("CPU time"), "{}", rehearsed.text);
        }
    }
}
