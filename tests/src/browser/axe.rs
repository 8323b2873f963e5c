//! `axe-core`, which finds barriers in a page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::repository::repository;

/// The parameters for WebDriver that bring it into a page and run it.
pub(super) async fn search() -> Value {
    let library = tokio::task::spawn_blocking(|| LIBRARY.get_or_init(load)).await;
    let script = format!("{}\n{RUN}", library.expect("axe-core is there"));
    json!({ "script": script, "args": [{}] })
}

/// The parameters that run this rule of it in a page that it was brought into.
pub(super) fn search_again(rule: &str) -> Value {
    json!({ "script": RUN, "args": [{ "runOnly": { "type": "rule", "values": [rule] } }] })
}

/// What it found that is serious: the rules and the elements.
pub(super) fn serious(found: &Value) -> Vec<String> {
    let violations = found["violations"].as_array().unwrap_or_else(|| panic!("axe-core: {found}"));
    let serious =
        |violation: &&Value| matches!(violation["impact"].as_str(), Some("serious" | "critical"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let describe = |violation: &Value| {
        let elements = violation["nodes"].as_array().into_iter().flatten();
        let elements: Vec<_> = elements
            .map(|element| text(&element["html"]) + " " + &text(&element["failureSummary"]))
            .collect();
        format!("{}: {}", text(&violation["id"]), elements.join(" | "))
    };
    violations.iter().filter(serious).map(describe).collect()
}

/// Installs it from npm's registry, or from what is kept of that, unless this version is there.
fn load() -> String {
    let folder = PathBuf::from(repository("target/axe"));
    let at = |name: &str| folder.join("node_modules/axe-core").join(name);
    if version(&at("package.json"), "/version") != locked() {
        install(&folder);
    }
    fs::read_to_string(at("axe.min.js")).expect("npm installed axe-core")
}

fn install(folder: &Path) {
    fs::create_dir_all(folder).expect("target/ can be written to");
    for name in ["package.json", LOCK_FILE, ".npmrc"] {
        let from = repository(&format!("tests/fixtures/axe/{name}"));
        fs::copy(from, folder.join(name)).expect("target/ can be written to");
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    npm.current_dir(folder).env("npm_config_cache", repository("target/npm"));
    let ended = npm.output().unwrap_or_else(|error| {
        panic!("the tests of the console need npm, which comes with Node.js 20 or later: {error}")
    });
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "npm can't install tests/fixtures/axe: {said}");
}

fn locked() -> Option<String> {
    let lock_file = repository(&format!("tests/fixtures/axe/{LOCK_FILE}"));
    version(Path::new(&lock_file), "/packages/node_modules~1axe-core/version")
}

/// The version that stands at this place of a file, if there is one.
fn version(file: &Path, pointer: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let document: Value = serde_json::from_str(&text).ok()?;
    document.pointer(pointer)?.as_str().map(str::to_owned)
}

static LIBRARY: OnceLock<String> = OnceLock::new();

const LOCK_FILE: &str = "package-lock.json";

/// The last argument is WebDriver's, to be called with the result.
const RUN: &str = "const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'], ...arguments[0] }).then(done, (error) => done(String(error)));";
