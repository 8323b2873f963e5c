//! Components composed of others, as tools like `wac` make them: which ones run, and which are
//! refused with an explanation.

use flowhost_client::payload;
use flowhost_tests::{AdminReply, TestFlow, TestHost, eventually, logged};
use serde_json::{Value, json};
use tracing::Level;

use super::wat;

#[tokio::test]
async fn parts_that_hand_each_other_numbers_run_like_one_component() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let fields = r#"(import "plain" "exit" (func $exit (param i32))) (func $attack (result i32) (call $exit (i32.const 1)) (call $honest))"#;

    let uploaded =
        upload(&flow, &composed(&wat::world(fields), LEAVER, "$log", "$left")).await.expect(201);

    assert_eq!(uploaded["manifest"], false, "what its parts ask for is not what it asks for");
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    let answered = flow.client().call(&payload::init(TOKEN)).await.unwrap();
    assert_eq!(
        (answered.status, answered.payload),
        (200, Some(json!({"screen": "NEXT", "data": {}})))
    );
    let failed =
        flow.client().call(&payload::data_exchange("FORM", json!({}), TOKEN)).await.unwrap();
    assert_eq!(failed.status, 500);
    let log = eventually("the line is written", async || {
        let log = flow.call("GET", "/logs?level=error", Value::Null).await.text;
        (!log.is_empty()).then_some(log)
    })
    .await;
    assert!(
        log.contains("executed, in left_for_good <- ") && log.contains(" <- attack <- "),
        "{log}"
    );
}

#[tokio::test]
async fn parts_that_hand_each_other_texts_are_refused_with_a_sentence() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let world = wat::world("");
    // A component whose own module calls its own lifted function, without another component inside.
    let of_one = world.replacen(
        "(core func $write (canon lower (func $log \"write\")",
        &format!("{KEEPER_PARTS}\n{WRITE_IN_KEEPER}"),
        1,
    );

    for text in [composed(&world, KEEPER, "$keeper", "$exit"), of_one] {
        let refused = upload(&flow, &text).await;
        assert!(
            refused.problem(422).contains("the component is composed of others"),
            "{}",
            refused.text
        );
    }

    assert_eq!(flow.call("GET", "/versions", Value::Null).await.expect(200)["versions"], json!([]));
    let tenant = host.database().tenant_id("acme").await;
    assert_eq!(logged(Level::WARN, &tenant), Vec::<String>::new());
}

async fn upload(flow: &TestFlow, text: &str) -> AdminReply {
    flow.upload(wat::component(text)).await
}

/// A component around `inner` and `parts`. It gives `inner` its log and its exit.
fn composed(inner: &str, parts: &str, log: &str, exit: &str) -> String {
    let imports = &inner[..inner.find("(core func $pollable-drop").unwrap()];
    let inner = inner.replacen("(component\n", "(component $inner\n", 1);
    format!(
        r#"{imports} {parts} {inner}
        (instance $whole (instantiate $inner
          (with "flowhost:flow/types@1.0.0" (instance $types)) (with "flowhost:flow/log@1.0.0" (instance {log}))
          (with "wasi:io/poll@0.2.0" (instance $poll)) (with "wasi:clocks/monotonic-clock@0.2.0" (instance $clock))
          (with "wasi:random/random@0.2.0" (instance $random)) (with "wasi:cli/exit@0.2.0" (instance {exit}))))
        (alias export $whole "flowhost:flow/handler@1.0.0" (instance $handler))
        (export "flowhost:flow/handler@1.0.0" (instance $handler)))"#
    )
}

/// Its exit traps.
const LEAVER: &str = r#"
    (component $leaver
      (core module $module (func $left_for_good (export "exit") (param i32) unreachable))
      (core instance $core (instantiate $module))
      (func (export "exit") (param "status" (result)) (canon lift (core func $core "exit"))))
    (instance $left (instantiate $leaver))"#;

/// Stores log lines in a memory of its own.
const KEEPER_PARTS: &str = r#"
    (core module $keeper-module
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "write") (param i32 i32 i32)))
    (core instance $keeper-core (instantiate $keeper-module))
    (type $level (enum "trace" "debug" "info" "warn" "error"))
    (func $keep (param "level" $level) (param "message" string)
      (canon lift (core func $keeper-core "write")
        (memory (core memory $keeper-core "memory")) (realloc (core func $keeper-core "realloc"))))"#;
const WRITE_IN_KEEPER: &str = "(core func $write (canon lower (func $keep)";

/// The same as a nested component.
const KEEPER: &str = r#"
    (component $keeper-component
      (core module $module
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "write") (param i32 i32 i32)))
      (core instance $core (instantiate $module))
      (type $level' (enum "trace" "debug" "info" "warn" "error"))
      (export $level "level" (type $level'))
      (func (export "write") (param "level" $level) (param "message" string)
        (canon lift (core func $core "write")
          (memory (core memory $core "memory")) (realloc (core func $core "realloc")))))
    (instance $keeper (instantiate $keeper-component))"#;

const TOKEN: &str = "token-of-ana";
