//! Uploads that are not plugins, are plugins for something else, or are made to be costly for the
//! host. Each is refused with its reason or turns out to be harmless, and another tenant is served
//! meanwhile.

use flowhost_client::payload;
use flowhost_tests::{AdminReply, Component, TestFlow, TestHost, logged};
use futures_util::future::join;
use serde_json::{Value, json};
use tracing::Level;

use super::siege::{Attack, withstands};
use super::wat;

#[tokio::test]
async fn a_component_for_another_world_is_refused_by_what_does_not_fit() {
    refuses([
        (
            "an interface that nobody has",
            beside(r#"(import "acme:vault/keys@1.0.0" (instance (export "open" (func))))"#),
            "acme:vault/keys",
        ),
        (
            "WASI that is not for plugins",
            beside(r#"(import "wasi:http/outgoing-handler@0.2.0" (instance (export "handle" (func))))"#),
            "`flowhost:flow/http`",
        ),
        (
            "JavaScript as componentize-js makes it by itself",
            beside(r#"(core module (@producers (processed-by "ComponentizeJS" "0.23.0")))
                (import "wasi:http/outgoing-handler@0.2.0" (instance (export "handle" (func))))"#),
            "`--disable http --disable fetch-event`",
        ),
        ("a name that paints", beside("(import \"a:b/c\" (instance (export \"x\" (func)) (export \"y\" (func))))"), "a:b/c"),
        ("a function", beside(r#"(import "system" (func (param "command" string)))"#), "system"),
        ("a module", beside(r#"(import "libc" (core module))"#), "libc"),
        (
            "a call that the log doesn't have",
            changed(
                r#"(export "write" (func (param "level" $level)"#,
                r#"(export "erase" (func)) (export "write" (func (param "level" $level)"#,
            ),
            "erase",
        ),
        ("no handler", changed(r#"(export "flowhost:flow/handler@1.0.0" (instance $handler))"#, ""), "handler"),
        ("half a handler", changed(r#"(export "on-client-error" (func $on-client-error))"#, ""), "on-client-error"),
        (
            "a handler of the next release",
            changed(r#"(export "flowhost:flow/handler@1.0.0""#, r#"(export "flowhost:flow/handler@2.0.0""#),
            "2.0.0",
        ),
        (
            "a handler with another answer",
            changed("(result (result $outcome (error $handler-error)))", "(result (result $outcome))"),
            "`handle` has another type",
        ),
        (
            "a reply with one case less",
            changed(r#"(case "complete" string) (case "close")"#, r#"(case "complete" string)"#),
            "`handle` has another type",
        ),
        ("a bare core module", wat::component(r#"(module (func (export "handle")))"#), "`wasm-tools component new`"),
        (
            "a module of Rust",
            wat::component(r#"(module (@producers (processed-by "rustc" "1.95.0")))"#),
            "as wasm32-wasip1",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_feature_that_plugins_do_not_need_is_refused_by_its_name() {
    let using = |fields: &str| wat::plugin_of(fields);
    refuses([
        ("memory64", beside("(core module (memory i64 1))"), "memory64"),
        ("shared memory", beside("(core module (memory 1 1 shared))"), "threads"),
        ("atomics", using("(func (drop (i32.atomic.load (i32.const 0))))"), "threads"),
        ("garbage collection", using("(type (struct (field i32)))"), "gc"),
        ("exceptions", using("(tag)"), "exceptions"),
        ("several memories", using("(memory 1)"), "multi"),
        (
            "relaxed SIMD",
            using("(func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))"),
            "relaxed",
        ),
        ("pages of one byte", beside("(core module (memory 1 (pagesize 1)))"), "custom page sizes"),
        (
            "128-bit arithmetic",
            using("(func (result i64 i64) (i64.mul_wide_s (i64.const 1) (i64.const 2)))"),
            "wide arithmetic",
        ),
        ("stack switching", using("(type $f (func)) (type (cont $f))"), "stack switching"),
        ("streams", beside("(type (stream u8))"), "async"),
        ("futures", beside("(type (future u8))"), "async"),
    ])
    .await;
}

#[tokio::test]
async fn a_component_that_asks_for_more_than_any_call_may_have_is_refused() {
    let using = |fields: &str| wat::plugin_of(fields);
    let instances = |of: &str, times| {
        beside(&format!(
            "(core module $m {of})\n{}",
            "(core instance (instantiate $m))\n".repeat(times)
        ))
    };
    refuses([
        ("two GiB", wat::plugin("huge-memory"), "memory"),
        ("ten million table entries", wat::plugin("huge-table"), "table"),
        ("seventeen tables", using(&"(table 10 funcref)".repeat(17)), "tables"),
        ("900 instances", instances("", 900), "compose it of fewer parts"),
        ("nine memories", instances("(memory 1)", 8), "memories"),
        ("a thousand and one modules", beside(&"(core module)\n".repeat(1001)), "modules"),
        ("201 exports", many_exports(201), "more than 200"),
        ("types of a billion parts", doubled_types(40), "type size"),
        ("sixteen thousand instances, each of two", doubled_instances(14), "export"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_cut_off_or_damaged_is_never_half_a_plugin() {
    let whole = wat::plugin("unreachable");
    let steady = Component::Steady.bytes().await;
    let yard = Yard::open().await;
    let cuts = (0..whole.len()).step_by(53).map(|end| whole[..end].to_vec());
    let large_cuts = (1..12).map(|part| steady[..steady.len() * part / 12].to_vec());
    for cut in cuts.chain(large_cuts) {
        let refused = yard.upload(cut).await;
        refused.problem(422);
    }
    assert_eq!(yard.versions().await, Vec::<Value>::new());

    for place in (8..whole.len()).step_by(61) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        // Some bits are part of a name or a constant, and change nothing that is checked.
        let answered = yard.flow.upload(damaged).await;
        assert!(
            [201, 422].contains(&answered.status),
            "bit {} of byte {place}: {}",
            place % 8,
            answered.text
        );
    }
    yard.close().await;
}

#[tokio::test]
async fn nesting_a_thousand_deep_ends_in_an_answer() {
    let yard = Yard::open().await;
    for depth in [50, 1_000, 10_000] {
        let answered = yard.upload(nested(depth)).await;
        answered.problem(422);
    }
    yard.close().await;
}

#[tokio::test]
async fn a_custom_section_of_60_mib_is_carried_along_and_65_mib_are_refused() {
    let yard = Yard::open().await;
    let padded = |bytes: usize| [wat::plugin("unreachable"), custom_section(bytes)].concat();

    let answered = yard.upload(padded(60 << 20)).await;
    assert_eq!(answered.expect(201)["version"], 1);
    yard.flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    let reply = yard.flow.client().call(&payload::init("token-of-ana")).await.unwrap();
    assert_eq!(reply.status, 200);

    let refused = yard.upload(padded(65 << 20)).await;
    assert!(refused.problem(413).contains("64 MiB"), "{}", refused.text);
    yard.close().await;
}

#[tokio::test]
async fn ten_thousand_functions_are_as_harmless_as_one() {
    let functions = "(func)".repeat(10_000);
    withstands([Attack::bytes("functions", wat::plugin_of(&functions))]).await;
}

/// A flow to upload to, and a neighbour's flow.
struct Yard {
    host: TestHost,
    flow: TestFlow,
    neighbour: TestFlow,
}

impl Yard {
    async fn open() -> Self {
        let host = TestHost::start().await;
        let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
        let neighbour =
            host.tenant("neighbour").await.flow("booking", json!({}), Component::Steady).await;
        Self { host, flow, neighbour }
    }

    /// Uploads while another tenant's flow answers.
    async fn upload(&self, bytes: Vec<u8>) -> AdminReply {
        let (answered, count) =
            join(self.flow.upload(bytes), self.neighbour.count("token-of-ana")).await;
        assert!(count > 0);
        answered
    }

    async fn versions(&self) -> Vec<Value> {
        let list = self.flow.call("GET", "/versions", Value::Null).await.expect(200);
        list["versions"].as_array().unwrap().clone()
    }

    /// Checks that an honest plugin still works and that the host logged no error of its own.
    async fn close(self) {
        self.flow.deploy(Component::Steady).await;
        assert_eq!(self.flow.count("fresh-token").await, 1);
        let tenant = self.host.database().tenant_id("acme").await;
        assert_eq!(
            logged(Level::ERROR, &tenant),
            Vec::<String>::new(),
            "a component's fault is not the host's"
        );
        self.host.stop().await;
    }
}

async fn refuses<const N: usize>(cases: [(&str, Vec<u8>, &str); N]) {
    let yard = Yard::open().await;
    let mut wrong = Vec::new();
    for (name, bytes, reason) in cases {
        let refused = yard.upload(bytes).await;
        if refused.status != 422 || !refused.problem(422).contains(reason) {
            wrong.push(format!("{name}: no `{reason}` in {} {}", refused.status, refused.text));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(yard.versions().await, Vec::<Value>::new());
    yard.close().await;
}

/// The plugin's text with one piece replaced.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let world = wat::world("");
    assert!(world.contains(from), "{from}");
    wat::component(&world.replace(from, to))
}

/// The plugin with further definitions in front.
fn beside(definitions: &str) -> Vec<u8> {
    changed("(component\n", &format!("(component\n{definitions}\n"))
}

/// Components nested this deep.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(HEADER.to_vec(), |inner, _| [HEADER, &section(4, &inner)].concat())
}

fn custom_section(bytes: usize) -> Vec<u8> {
    section(0, &[b"\x07padding", vec![0x5a; bytes].as_slice()].concat())
}

pub(crate) fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    let mut size = content.len();
    loop {
        let low = (size & 0x7f) as u8;
        size >>= 7;
        section.push(if size == 0 { low } else { low | 0x80 });
        if size == 0 {
            break;
        }
    }
    section.extend_from_slice(content);
    section
}

/// Each type is twice as large as the one before.
fn doubled_types(times: usize) -> Vec<u8> {
    let doubled: String = (1..=times)
        .map(|number| format!("(type $t{number} (tuple $t{0} $t{0}))\n", number - 1))
        .collect();
    beside(&format!("(type $t0 (tuple u8 u8))\n{doubled}"))
}

fn many_exports(number: usize) -> Vec<u8> {
    let exports: String =
        (0..number).map(|number| format!("(export \"x{number}\" (instance $none))\n")).collect();
    beside(&format!("(instance $none)\n{exports}"))
}

/// A component that instantiates another twice, which instantiates another twice, and so on.
fn doubled_instances(depth: usize) -> Vec<u8> {
    let twice = |inner: Vec<u8>| {
        [HEADER, &section(4, &inner), &section(5, &[2, 0, 0, 0, 0, 0, 0])].concat()
    };
    (0..depth).fold(HEADER.to_vec(), |inner, _| twice(inner))
}

pub(crate) const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";
