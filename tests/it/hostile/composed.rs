//! Components composed of others, as `wac` and `componentize-qjs` make them: they run like any
//! other, and none makes the compiler panic.

use flowhost_client::payload;
use flowhost_tests::{AdminReply, Component, TestFlow, TestHost, eventually, logged};
use serde_json::{Value, json};
use tracing::Level;
use wasm_compose::graph::{Component as Part, CompositionGraph, EncodeOptions};
use wasmparser::Validator;

use super::components::{HEADER, section};
use super::siege::{Attack, withstands};
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
async fn parts_that_hand_each_other_texts_run_like_one_component() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let component = composed(&wat::world(SAYS_HELLO), KEEPER, "$keeper", "$exit");

    upload(&flow, &component).await.expect(201);

    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    let client = flow.client();
    for number in 1..=3 {
        let form = payload::data_exchange("FORM", json!({}), &format!("token-{number}"));
        let answered = client.call(&form).await.unwrap();
        assert_eq!(
            (answered.status, answered.payload),
            (200, Some(json!({"screen": "NEXT", "data": {}}))),
            "the keeper got what it wants"
        );
    }
}

#[tokio::test]
async fn a_component_that_calls_itself_fails_its_call_and_nothing_else() {
    // Its own module calls its own lifted function, without another component inside.
    let text = wat::world(SAYS_HELLO).replacen(
        "(core func $write (canon lower (func $log \"write\")",
        &format!("{KEEPER_PARTS}\n{WRITE_IN_KEEPER}"),
        1,
    );

    withstands([Attack::bytes("calls itself", wat::component(&text))
        .fails("cannot enter component instance")])
    .await;
}

#[tokio::test]
async fn two_rust_components_that_were_plugged_together_run_like_one() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let plugged = plugged(Component::Redactor.bytes().await, Component::Keeper.bytes().await);

    let uploaded = flow.upload(plugged).await.expect(201);

    assert_eq!(uploaded["manifest"], false, "what its parts ask for is not what it asks for");
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    let form = json!({"do": "log", "level": "warn", "value": "card 4111 1111, zwölf Uhr"});
    let answered = flow.client().call(&payload::data_exchange("FORM", form, TOKEN)).await.unwrap();
    assert_eq!(answered.status, 200);
    let log = eventually("the line is written", async || {
        let log = flow.call("GET", "/logs", Value::Null).await.text;
        log.contains("card").then_some(log)
    })
    .await;
    assert!(log.contains("card #### ####, zwölf Uhr"), "{log}");
    let stored = json!({"do": "set", "key": "a", "value": "b"});
    let refused = flow.client().call(&payload::data_exchange("FORM", stored, TOKEN)).await.unwrap();
    assert_ne!(refused.payload.unwrap()["data"]["error"], Value::Null, "no manifest, no store");
}

#[tokio::test]
async fn no_composed_component_makes_the_compiler_panic() {
    let whole = wat::component(&composed(&wat::world(SAYS_HELLO), KEEPER, "$keeper", "$exit"));
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;

    for place in (8..whole.len()).step_by(73) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        let answered = flow.upload(damaged).await;
        let bit = place % 8;
        let is_answer = [201, 422].contains(&answered.status);
        let panicked = answered.text.contains("the compiler failed");
        assert!(is_answer && !panicked, "bit {bit} of byte {place}: {}", answered.text);
    }
    for depth in [1, 20] {
        let answered = flow.upload(inside(&whole, depth)).await;
        assert!(answered.problem(422).contains("doesn't export"), "{depth}: {}", answered.text);
    }

    let tenant = host.database().tenant_id("acme").await;
    assert_eq!(logged(Level::WARN, &tenant), Vec::<String>::new());
}

/// The component as a part of a component that does nothing, this many times.
fn inside(component: &[u8], depth: usize) -> Vec<u8> {
    (0..depth).fold(component.to_vec(), |inner, _| [HEADER, &section(4, &inner)].concat())
}

/// What `wac plug --plug PLUG SOCKET` makes.
pub(crate) fn plugged(plug: &[u8], socket: &[u8]) -> Vec<u8> {
    // One validator: only types that it read itself can be compared.
    let (mut graph, mut validator) = (CompositionGraph::new(), Validator::new());
    let mut part = |name: &str, bytes: &[u8]| {
        let part = Part::from_bytes(&mut validator, name, bytes.to_vec()).unwrap();
        let log = (part.export_by_name(LOG), part.import_by_name(LOG));
        let id = graph.add_component(part).unwrap();
        (graph.instantiate(id).unwrap(), log)
    };
    let (plug, (log, _)) = part("plug", plug);
    let (socket, (_, wanted)) = part("socket", socket);
    graph.connect(plug, Some(log.unwrap().0), socket, wanted.unwrap().0).unwrap();
    let options = EncodeOptions { define_components: true, export: Some(socket), validate: true };
    graph.encode(options).unwrap()
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

/// Hands a text to whoever has the log.
const SAYS_HELLO: &str = r#"
    (import "host" "write" (func $write (param i32 i32 i32)))
    (data (i32.const 64) "hello keeper")
    (func $attack (result i32) (call $write (i32.const 2) (i32.const 64) (i32.const 12)) (call $honest))"#;

/// Gets log lines in a memory of its own.
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

/// The same as a nested component, which traps if the text is not what was said.
const KEEPER: &str = r#"
    (component $keeper-component
      (core module $module
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "write") (param $level i32) (param $at i32) (param $bytes i32)
          (if (i32.or
              (i32.ne (local.get $bytes) (i32.const 12))
              (i64.ne (i64.load (local.get $at)) (i64.const 0x656b206f6c6c6568))) ;; "hello ke"
            (then unreachable))))
      (core instance $core (instantiate $module))
      (type $level' (enum "trace" "debug" "info" "warn" "error"))
      (export $level "level" (type $level'))
      (func (export "write") (param "level" $level) (param "message" string)
        (canon lift (core func $core "write")
          (memory (core memory $core "memory")) (realloc (core func $core "realloc")))))
    (instance $keeper (instantiate $keeper-component))"#;

const LOG: &str = "flowhost:flow/log@1.0.0";

const TOKEN: &str = "token-of-ana";
