//! Whatever stops a plugin, its author reads the line of their own source: in tests, in the trial
//! before a version becomes active, and in the logs of a host.

use std::fs;
use std::path::{Path, PathBuf};

use flowhost_client::payload;
use flowhost_runtime::plugins::{
    LINES_SECTION, Layer, LineRow, LineScope, Lines, Sections, section_id,
};
use flowhost_tests::{Ended, TestFlow, TestHost, eventually, flowhost, repository};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::hostile::wat;

#[tokio::test]
async fn a_test_names_the_line_that_a_plugin_was_stopped_at() {
    let project = Project::built().await;
    let steps: String = KINDS
        .map(|what| {
            let place = place(what);
            format!(
                "[[step]]\nsend = {{ action = \"INIT\", data = {{ do = \"{what}\" }} }}\nexpect = {{ status = 500, log = [\"{place}\"] }}\n"
            )
        })
        .concat();
    let scenario = format!("[settings]\nlimits = {{ cpu_ms = 1_000 }}\n\n{steps}");
    fs::create_dir_all(project.folder.join("scenarios")).unwrap();
    fs::write(project.folder.join("scenarios/stopped.toml"), scenario).unwrap();
    let mut command = flowhost(&["plugin", "test"]);
    command.arg(&project.folder).arg("--component").arg(&project.component);

    let tested = Ended::of(command).await;

    assert_eq!(tested.code, Some(0), "{}\n{}", tested.stdout, tested.stderr);
}

#[tokio::test]
async fn the_logs_of_a_host_name_the_line_that_a_plugin_was_stopped_at() {
    let component = fs::read(&Project::built().await.component).unwrap();
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;

    for what in KINDS {
        let flow = tenant.flow_without_plugin(what, limits()).await;
        let [line] = last_words(&flow, component.clone(), what).await;
        assert!(line.contains(&place(what)), "{what}: {line}");
        // What called it is the author's too, however the compiler arranged it. Of a full stack, the
        // innermost functions are shown.
        let caller = format!("act ({})", place(&format!("does {what}")));
        assert!(what == "stack" || line.contains(&caller), "{what}: {line}");
        assert!(!line.contains(env!("CARGO_MANIFEST_DIR")) && !line.contains("/src/"), "{line}");
    }
}

#[tokio::test]
async fn the_trial_before_an_activation_names_the_line() {
    let component = fs::read(&Project::built().await.component).unwrap();
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow_without_plugin("booking", limits()).await;
    flow.upload(component).await.expect(201);

    for what in KINDS {
        let data = json!({"data": {"do": what}});
        let tried = flow.call("POST", "/versions/1/rehearse", data).await;
        let refused = tried.problem(422);
        assert!(refused.contains(&place(what)), "{refused}");
    }
}

/// As older versions of `flowhost`, and other tools, write components.
#[tokio::test]
async fn a_component_with_names_and_no_lines_has_its_names() {
    let mut component = fs::read(&Project::built().await.component).unwrap();
    let title = LINES_SECTION.as_bytes();
    let at = component.windows(title.len()).position(|bytes| bytes == title).unwrap();
    component[at] = b'F';
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    // The loop was put into the export by the compiler.
    for (what, place) in [
        ("loop", ", in flowhost:flow/handler@1.0.0#handle"),
        ("stack", ", in failing::slots::descend"),
    ] {
        let flow = tenant.flow_without_plugin(what, limits()).await;

        let [line] = last_words(&flow, component.clone(), what).await;

        assert!(line.contains(place) && !line.contains(".rs:"), "{what}: {line}");
    }
}

#[tokio::test]
async fn lines_that_are_made_to_harm_do_none() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let code = code_of(&wat::plugin_of(TRAPS));
    let nasty = "\n2026-01-01 ERROR forged\u{1b}[31m\u{202e}";
    let table = |file: &str, depth: u32| {
        let scope = |at: u32| LineScope {
            caller: at.checked_sub(1),
            name: (at > 0).then_some(0),
            file: 0,
            line: u32::MAX,
        };
        Lines {
            names: vec![nasty.to_owned()],
            files: vec![file.to_owned()],
            scopes: (0..depth).map(scope).collect(),
            rows: vec![LineRow { offset: 0, scope: Some(depth - 1), line: u32::MAX }],
        }
    };
    let truth = "in pick_a_slot <- attack <- ";
    for (name, section, expected) in [
        ("garbage", vec![0xff; 1_000], truth),
        ("huge", vec![1; 3 << 20], truth),
        ("others", table("src/lib.rs", 1).encode(b"other code"), truth),
        (
            "nowhere",
            Lines {
                rows: vec![LineRow { offset: u32::MAX, scope: None, line: 1 }],
                ..table("a", 1)
            }
            .encode(&code),
            truth,
        ),
        (
            "file",
            table(nasty, 1).encode(&code),
            "in pick_a_slot (\\n2026-01-01 ERROR forged\\u{1b}[31m\\u{202e}:4294967295) <- attack",
        ),
        ("long", table(&"f".repeat(100_000), 1).encode(&code), "in pick_a_slot (ffffff"),
        ("deep", table("src/lib.rs", 100_000).encode(&code), "in \\n2026-01-01 ERROR forged"),
    ] {
        let bytes: String = section.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let plugin = wat::plugin_of(&format!(
            "{TRAPS} (@custom \"{LINES_SECTION}\" (after last) \"{bytes}\")"
        ));
        let flow = tenant.flow_without_plugin(name, json!({})).await;

        let [line] = last_words(&flow, plugin, "attack").await;

        assert!(line.contains(expected), "{name}: {line}");
        assert!(
            line.len() <= (4 << 10) + 3
                && !line.contains(|letter: char| letter.is_control() || letter == '\u{202e}'),
            "{name}: {line}"
        );
    }
}

/// A project in a folder of its own, and the component that `plugin build` made of it.
struct Project {
    folder: PathBuf,
    component: PathBuf,
}

impl Project {
    /// Built once, in the folder of the other guests, for all tests.
    async fn built() -> &'static Self {
        static BUILT: OnceCell<Project> = OnceCell::const_new();
        BUILT.get_or_init(Self::build).await
    }

    async fn build() -> Self {
        let folder = Path::new(&repository("target/wasm")).join("failing");
        fs::create_dir_all(folder.join("src")).unwrap();
        let manifest = format!(
            "[package]\nname = \"failing\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\
             [dependencies]\nflowhost-sdk = {{ path = {:?} }}\n\
             [profile.release]\nopt-level = \"s\"\nlto = true\ncodegen-units = 1\npanic = \"abort\"\nstrip = \"debuginfo\"\n\
             [workspace]\n",
            repository("guest-sdk")
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        // The versions that other guests have, which are compiled already.
        fs::copy(repository("tests/hostile/Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        fs::write(folder.join("src/lib.rs"), LIB).unwrap();
        fs::write(folder.join("src/slots.rs"), SLOTS).unwrap();
        let component = folder.join("failing.wasm");
        let mut command = flowhost(&["plugin", "build"]);
        command.arg(&folder).arg("--out").arg(&component);
        command.env("CARGO_TARGET_DIR", repository("target/wasm"));
        let built = Ended::of(command).await;
        assert_eq!(built.code, Some(0), "{built:?}");
        Self { folder, component }
    }
}

/// Lets a plugin do something in a new flow and returns the single error in its log.
async fn last_words(flow: &TestFlow, plugin: Vec<u8>, what: &str) -> [String; 1] {
    flow.upload(plugin).await.expect(201);
    flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
    let form = payload::data_exchange("FORM", json!({ "do": what }), "token-of-ana");
    assert_eq!(flow.client().call(&form).await.unwrap().status, 500, "{what}");
    let lines = eventually("the line is written", async || {
        let reply = flow.call("GET", "/logs?level=error", Value::Null).await;
        let message = |line: &str| {
            serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap().to_owned()
        };
        let lines: Vec<_> = reply.text.lines().map(message).collect();
        (!lines.is_empty()).then_some(lines)
    })
    .await;
    lines.try_into().expect("one line for one trap")
}

/// The content of the code section of the module that attacks, which is the last one with code.
fn code_of(component: &[u8]) -> Vec<u8> {
    let (_, sections) = Sections::of(component, 0..component.len()).unwrap();
    let modules = sections.filter(|(id, _)| *id == section_id::CORE_MODULE);
    let code = modules.filter_map(|(_, module)| {
        let (layer, mut sections) = Sections::of(component, module)?;
        assert_eq!(layer, Layer::Module);
        let (_, code) = sections.find(|(id, _)| *id == section_id::CODE)?;
        component[code.clone()].to_vec().into()
    });
    code.max_by_key(Vec::len).unwrap()
}

/// The file and the line that ends with this mark.
fn place(mark: &str) -> String {
    let files = [("src/lib.rs", LIB), ("src/slots.rs", SLOTS)];
    let mut found = files.iter().filter_map(|(file, text)| {
        let line = text.lines().position(|line| line.ends_with(&format!("// {mark}")))?;
        Some(format!("{file}:{}", line + 1))
    });
    found.next().unwrap_or_else(|| panic!("no line ends with {mark}"))
}

/// Memory is filled within this.
fn limits() -> Value {
    json!({"limits": {"cpu_ms": 1000}})
}

/// What the plugin can be told to do.
const KINDS: [&str; 4] = ["loop", "bounds", "stack", "memory"];

const LIB: &str = r#"
use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session};

mod slots;

struct Failing;

impl FlowPlugin for Failing {
    type State = ();

    fn init(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        act(exchange.field("do"))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        act(exchange.field("do"))
    }
}

fn act(what: Option<&str>) -> Result<Reply, Error> {
    match what {
        Some("loop") => slots::count(), // does loop
        Some("bounds") => slots::look(usize::MAX / 2), // does bounds
        Some("stack") => slots::descend(1), // does stack
        Some("memory") => slots::hoard(), // does memory
        _ => 0,
    };
    Ok(Reply::screen("NEXT"))
}

flowhost_sdk::export!(Failing);
"#;

const SLOTS: &str = r#"
use std::hint::black_box;

pub fn count() -> u64 {
    let mut number = 0_u64;
    while number < u64::MAX { number = black_box(number + 1); } // loop
    number
}

pub fn look(at: usize) -> u64 {
    let address = black_box(at) as *const u64;
    unsafe { address.read_volatile() } // bounds
}

/// The array keeps the compiler from turning it into a loop.
#[expect(unconditional_recursion)]
pub fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 32]);
    descend(depth + 1) + black_box(frame)[31] // stack
}

pub fn hoard() -> u64 {
    let mut all = Vec::new();
    loop {
        all.push(black_box(vec![0xA5_u8; 1 << 20])); // memory
    }
}
"#;

const TRAPS: &str =
    "(func $pick_a_slot unreachable) (func $attack (result i32) (call $pick_a_slot) (i32.const 0))";
