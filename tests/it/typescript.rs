//! Plugins in TypeScript: from nothing to a plugin that is served.
//!
//! What they are built with comes from npm, once a run; then it is in npm's cache under `target/`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use flowhost_client::payload;
use flowhost_tests::{Ended, TestFlow, TestHost, eventually, flowhost, repository};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::guest::Guest;

#[tokio::test]
async fn a_new_plugin_in_typescript_passes_its_tests_and_knows_its_screens() {
    let project = Project::new().await;
    let played = project.run(&["plugin", "test"]).await;
    assert!(played.succeeded().contains("2 passed"), "{played:?}");
    let unit_tests = project.npm(&["test"]).await;
    assert!(unit_tests.succeeded().contains("# pass 1"), "{unit_tests:?}");
    let checked = project.run(&["plugin", "check"]).await;
    assert!(checked.succeeded().contains("made with flowhost-sdk 0.1.0"), "{checked:?}");

    for (right, wrong, place) in [
        ("show(\"REVIEW\"", "show(\"REVEIW\"", "src/plugin.ts("),
        ("form.topic,", "form.tpic,", "'tpic' does not exist"),
        ("name: enquiry.name,\n", "", "Property 'name' is missing"),
    ] {
        let mistaken = project.with_change("src/plugin.ts", right, wrong).await;
        assert_eq!(mistaken.code, Some(1), "{mistaken:?}");
        assert!(mistaken.stderr.contains(place), "{place}: {mistaken:?}");
    }
    // A field that the Flow JSON has no more is an error without anybody's doing.
    let mistaken = project.with_change("flow.json", "\"greeting\": {", "\"salutation\": {").await;
    assert!(mistaken.stderr.contains("greeting"), "{mistaken:?}");
}

#[tokio::test]
async fn lead_form_is_as_its_scenarios_and_its_tests_say() {
    let folder = repository("plugins/lead-form");
    let run = async |arguments: &[&str]| run(&[arguments, &[folder.as_str()]].concat()).await;

    let played = run(&["plugin", "test"]).await;
    assert!(played.succeeded().contains("2 passed"), "{played:?}");
    let checked = run(&["plugin", "check"]).await;
    assert!(checked.succeeded().contains("Nothing is wrong"), "{checked:?}");
    let unit_tests = npm(Path::new(&folder), &["test"]).await;
    assert!(unit_tests.succeeded().contains("# fail 0"), "{unit_tests:?}");
    let types = fs::read_to_string(Path::new(&folder).join("src/flow.gen.ts")).unwrap();
    assert!(types.contains("export interface LeadForm"), "{types}");
}

#[tokio::test]
async fn the_sdks_own_tests_pass_and_its_types_fit() {
    let sdk = repository("guest-sdk/typescript");
    for arguments in [&["ci", "--ignore-scripts"][..], &["run", "check"], &["test"]] {
        npm(Path::new(&sdk), arguments).await.succeeded();
    }
}

#[tokio::test]
async fn whatever_is_thrown_reaches_the_log_with_its_place() {
    let project = Project::with(THROWING).await;
    let flow = place_of("export default flow");
    let thrown = format!("TypeError: no such slot, at {} (find)", place_of("here it is thrown"));
    let known = format!("so only the handler is known, in `submit` of the flow at {flow}");
    for (how, logged) in [
        ("error", thrown.clone()),
        ("late error", thrown),
        ("cause", format!("no prices: RangeError: page 7, at {}", place_of("page 7"))),
        (
            "context",
            format!(
                "DataError: the session's context does not fit: field \"customer\": expected a number, but it is a text, at {}",
                place_of("session.context(")
            ),
        ),
        // QuickJS knows the lines of calls: that of the last one before it.
        ("native", "TypeError: cannot read property 'name' of null, at src/plugin.ts:".to_owned()),
        ("text", format!("\"just words\" was thrown, not an Error, {known}")),
        (
            "null",
            format!("null was thrown, not an Error, as it is when the memory is used up, {known}"),
        ),
        ("proxy", format!("something was thrown that can't be looked at, not an Error, {known}")),
        (
            "never",
            "`submit` never comes to its end: it waits for a promise that nothing settles"
                .to_owned(),
        ),
        (
            "deep",
            "the plugin used up its stack: a function calls itself again and again".to_owned(),
        ),
        ("nothing", "`submit` gave undefined, which is no reply".to_owned()),
        ("large number", "cannot be written as JSON".to_owned()),
    ] {
        project.scenario(how, json!({ "status": 500, "log": [logged] }));
    }
    project.scenario("user", json!({ "screen": "FORM", "error": "Please \u{fffd} check it." }));
    project.scenario("wait", json!({ "screen": "FORM", "data": { "waited": 15 } }));
    project.scenario("lost", json!({ "screen": "FORM", "log": ["error: a promise was rejected that nobody waits for: nobody waits, at src/plugin.ts:"] }));
    let lines =
        ["debug: d", "info: i j {a: [1]}", "warn: w", "error: TypeError: e, at src/plugin.ts:"];
    project.scenario("log", json!({ "screen": "FORM", "log": lines }));

    let played = project.run(&["plugin", "test"]).await;

    assert!(played.succeeded().contains("16 passed"), "{played:?}");
}

#[tokio::test]
async fn what_a_call_spoils_is_whole_in_the_next_one_on_a_real_host() {
    let project = Project::with(THROWING).await;
    let component = project.component().await;
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow_without_plugin("throwing", json!({})).await;
    let uploaded = flow.upload(component).await.expect(201);
    assert_eq!(uploaded["version"], 1);
    flow.call("POST", "/activate", json!({ "version": 1 })).await.expect(200);
    let token = "01J9ZC3V8Q4T5W6X7Y8Z9A0B1C";
    flow.client().call(&payload::init(token)).await.unwrap();
    let data = async |what: &str| {
        let reply = flow.ask(what, token).await;
        assert_eq!(reply.status, 200, "{what}");
        reply.payload.unwrap()["data"].clone()
    };
    let whole =
        json!({ "map": 2, "polluted": false, "replace": "b", "left": false, "random": false });

    let spoiled = data("patch").await;
    assert_eq!(
        (&spoiled["patched"]["map"], &spoiled["patched"]["left"]),
        (&json!("patched"), &json!(true))
    );
    let next = data("state").await;
    assert_eq!(next["patched"], whole);
    assert_eq!(next["calls"], 2, "the state is what lasts");
    // Random numbers and the time are not those of the build.
    let (one, other) = (data("random").await, data("random").await);
    assert_ne!(one["one"], other["one"]);
    assert!(other["now"].as_f64() >= one["now"].as_f64(), "{one} {other}");
}

/// With the lines of the author's sources, as QuickJS has them, and APIs of the web besides.
#[tokio::test]
async fn starlingmonkey_runs_the_same_plugin_and_tells_where_it_failed() {
    let project = Project::with(THROWING).await;
    project.take_starlingmonkey();
    let component = project.component().await;
    // It takes 12 s of a processor that is shared with other tests.
    let host = TestHost::configured(|config| config.compile.time = Duration::from_secs(600)).await;
    let flow = host.tenant("acme").await.flow_without_plugin("throwing", json!({})).await;
    flow.upload(component).await.expect(201);
    flow.call("POST", "/activate", json!({ "version": 1 })).await.expect(200);

    for (how, place) in [
        ("error", "here it is thrown"),
        ("late error", "here it is thrown"),
        ("cause", "no prices"),
        ("native", "as never;"),
        ("deep", "return deep(level + 1)"),
    ] {
        let reply = flow.ask(how, &format!("token-of-{how}")).await;
        assert_eq!(reply.status, 500, "{how}");
        is_logged(&flow, &place_of(place)).await;
    }
    let waited = flow.ask("wait", "token-of-ana").await.payload.unwrap();
    assert_eq!(waited, json!({ "screen": "FORM", "data": { "waited": 15 } }));
    let web = flow.ask("random", "token-of-ana").await.payload.unwrap();
    assert_eq!(web["data"]["one"], "7", "URL is there");
}

/// Waits until a line of the flow's log has this in it.
async fn is_logged(flow: &TestFlow, said: &str) {
    eventually(said, async || {
        let log = flow.call("GET", "/logs?level=error", Value::Null).await.text;
        log.contains(said).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_guest_in_typescript_is_held_and_told_of_as_any_other() {
    let project = Project::with(HOSTILE).await;
    let limits = json!({ "memory_bytes": 16 << 20, "cpu_ms": 500, "wall_ms": 9000 });
    let guest = Guest::start(project.component().await, json!({ "limits": limits })).await;
    let mut wrong = guest.all_fail(&FAILURES).await;
    // Which limit it meets first depends on the machine.
    let held = guest.failure("loop that waits").await;
    let is_held =
        |said: &String| ["used up its CPU time", MEMORY].iter().any(|it| said.contains(it));
    if !held.as_ref().is_ok_and(|messages| messages.iter().any(is_held)) {
        wrong.push(format!("loop that waits: {held:?}"));
    }
    for (what, made) in ANSWERS {
        wrong.extend(guest.makes(what, made).await);
    }
    let lines = guest.lines("?level=info").await;
    let long = |line: &Value| line["message"].as_str().unwrap().ends_with("xxx…");
    assert!(wrong.is_empty() && lines.iter().any(long), "{wrong:#?}");
}

/// What ends in a failure, and a part of the line that says so.
const FAILURES: [(&str, &str); 43] = [
    // Too much of something.
    ("loop", "used up its CPU time"),
    ("loop that catches", "used up its CPU time"),
    ("regular expression", "used up its CPU time"),
    ("then without an end", MEMORY),
    ("sorting without an end", "used up its CPU time"),
    ("many lines", "used up its CPU time"),
    (
        "never",
        "it waits for a promise that nothing settles, in `submit` of the flow at src/plugin.ts:",
    ),
    ("hoard", "InternalError: out of memory, at src/plugin.ts:"),
    ("hoard small", MEMORY),
    ("hoard at once", "InternalError: out of memory, at src/plugin.ts:"),
    ("hoard a text", "InternalError: "),
    ("hoard by spreading", MEMORY),
    ("hoard by promises", MEMORY),
    ("deep", "used up its stack"),
    ("deep and caught", "used up its stack"),
    ("deep getter", "used up its stack"),
    ("deep text", "used up its stack"),
    ("deep JSON", "used up its stack"),
    ("deep reply", "used up its stack"),
    ("deep joining", "used up its stack"),
    // What is thrown.
    ("throw undefined", "undefined was thrown, not an Error"),
    ("throw a symbol", "Symbol(s) was thrown, not an Error"),
    ("throw a number", "10 was thrown, not an Error"),
    ("throw nothing at all", "{} was thrown, not an Error"),
    ("throw a function", "a function was thrown, not an Error"),
    ("throw frozen", "frozen, at src/plugin.ts:"),
    ("throw mute", "something was thrown that can't be looked at"),
    ("throw long", "long long …, at src/plugin.ts:"),
    ("throw all", "AggregateError: "),
    ("throw circular", "round and round: round and round"),
    ("throw many causes", MEMORY),
    ("throw a trap", "something was thrown that can't be looked at"),
    ("throw a revoked trap", "something was thrown that can't be looked at"),
    // What can't be handed over.
    ("getter that throws", "cannot be written as JSON: TypeError: no it, at src/plugin.ts:"),
    ("toJSON that throws", "cannot be written as JSON: TypeError: no JSON, at src/plugin.ts:"),
    ("toPrimitive that throws", "TypeError: no primitive, at src/plugin.ts:"),
    ("trap in data", "trapped, at src/plugin.ts:"),
    ("itself", "cannot be written as JSON: TypeError: circular reference"),
    ("reply with a trap", "trapped, at src/plugin.ts:"),
    ("state without an end", "the session's state cannot be written as JSON"),
    ("state too large", "the plugin's state has 70021 bytes"),
    ("state with a trap", "the session's state cannot be written as JSON: trapped"),
    // What it leaves behind is looked for below.
    ("spoil", "panicked"),
];

const MEMORY: &str = "it had asked for more than its 16 MiB of memory";

/// What is answered.
const ANSWERS: [(&str, &str); 5] = [
    ("long line", "null"),
    ("half an emoji", "\"a\u{fffd}\""),
    ("microtask that throws", "null"),
    ("code from a text", "[2, 3]"),
    (
        "remains",
        r#"{"kept": 0, "polluted": false, "works": true, "random": true, "now": true, "left": false, "frozen": false}"#,
    ),
];

/// A project in a folder of its own.
struct Project {
    folder: TempDir,
}

impl Project {
    /// As `plugin new` makes it.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("booking");
        let project = project.to_str().unwrap();
        run(&["plugin", "new", "--lang", "typescript", project]).await.succeeded();
        Self { folder }
    }

    /// With another plugin, without a Flow JSON and without scenarios.
    async fn with(plugin: &str) -> Self {
        let project = Self::new().await;
        let at = |file: &str| project.path().join(file);
        fs::write(at("src/plugin.ts"), plugin).unwrap();
        for file in ["flow.json", "src/flow.gen.ts"] {
            fs::remove_file(at(file)).unwrap();
        }
        fs::remove_dir_all(at("scenarios")).unwrap();
        fs::create_dir(at("scenarios")).unwrap();
        project
    }

    /// Takes the other engine, as the SDK's README says, and something that QuickJS does not have.
    fn take_starlingmonkey(&self) {
        let at = |file: &str| self.path().join(file);
        let change = |file: &str, from: &str, to: &str| {
            let text = fs::read_to_string(at(file)).unwrap();
            assert!(text.contains(from), "{file}: {from}");
            fs::write(at(file), text.replacen(from, to, 1)).unwrap();
        };
        for file in ["package.json", "package-lock.json"] {
            let kept = repository(&format!("tests/fixtures/typescript/starlingmonkey/{file}"));
            fs::copy(kept, at(file)).unwrap();
        }
        change("flowhost.toml", "[requests]", "[build]\nengine = \"starlingmonkey\"\n\n[requests]");
        change("tsconfig.json", "\"lib\": [", "\"lib\": [\"DOM\", ");
        let url = "new URL(\"https://example.com/?n=7\").searchParams.get(\"n\")";
        change("src/plugin.ts", "one: Math.random()", &format!("one: {url}"));
    }

    /// What is built of it.
    async fn component(&self) -> Vec<u8> {
        let built = self.run(&["plugin", "build", "--json"]).await;
        let built: Value = serde_json::from_str(built.succeeded()).unwrap();
        assert_eq!(built["sdk"], "0.1.0");
        fs::read(built["path"].as_str().unwrap()).unwrap()
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("booking")
    }

    /// Adds a scenario in which the plugin is told to do this. Its token has a context.
    fn scenario(&self, how: &str, expected: Value) {
        let send = json!({ "action": "data_exchange", "screen": "FORM", "data": { "do": how } });
        let scenario = json!({ "context": { "customer": "Ana" }, "step": [
            { "send": { "action": "INIT" }, "expect": { "screen": "FORM" } },
            { "send": send, "expect": expected },
        ] });
        let file = self.path().join(format!("scenarios/{}.toml", how.replace(' ', "-")));
        fs::write(file, toml::to_string(&scenario).unwrap()).unwrap();
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        let path = self.path();
        run(&[arguments, &[path.to_str().unwrap()]].concat()).await
    }

    async fn npm(&self, arguments: &[&str]) -> Ended {
        npm(&self.path(), arguments).await
    }

    /// Builds it with a change in a file, which is taken back then.
    async fn with_change(&self, file: &str, right: &str, wrong: &str) -> Ended {
        let path = self.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(right), "{right}");
        fs::write(&path, text.replacen(right, wrong, 1)).unwrap();
        let built = self.run(&["plugin", "build"]).await;
        fs::write(&path, text).unwrap();
        built
    }
}

/// Runs the program. One at a time, since each takes a core and more.
async fn run(arguments: &[&str]) -> Ended {
    static ONE: Mutex<()> = Mutex::const_new(());
    let _one = ONE.lock().await;
    let mut command = flowhost(arguments);
    command.env("npm_config_cache", repository("target/npm"));
    Ended::of(command).await
}

async fn npm(folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder).env("npm_config_cache", repository("target/npm"));
    Ended::of(command).await
}

/// Where the plugin that fails in every way has this.
fn place_of(what: &str) -> String {
    let line = THROWING.lines().position(|line| line.contains(what)).unwrap() + 1;
    format!("src/plugin.ts:{line}")
}

const THROWING: &str = include_str!("../fixtures/typescript/throwing.ts");
const HOSTILE: &str = include_str!("../fixtures/typescript/hostile.ts");
