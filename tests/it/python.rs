//! Plugins in Python: the sample, the SDK, and guests that misbehave. `projects` has a new project's way
//! to a host.
//!
//! One folder under `target/` has the tools and what builds make, so that a test run gets the tools
//! once. Builds of projects with different names don't meet there.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use flowhost_devkit::plugin_project::{BuildOptions, build, write_types};
use flowhost_tests::{Ended, eventually, flowhost, repository};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::guest::Guest;

#[tokio::test]
async fn the_survey_is_as_its_scenarios_say() {
    let survey = PathBuf::from(repository("plugins/survey"));
    share_target(&survey);

    let tested = run(&["plugin", "test", "--json"], &survey).await;
    assert_eq!(tested.code, Some(0), "{} {}", tested.stdout, tested.stderr);
    let report: Value = serde_json::from_str(&tested.stdout).unwrap();
    assert_eq!(
        (&report["passed"], report["scenarios"].as_array().unwrap().len()),
        (&json!(true), 2)
    );
    let checked = run(&["plugin", "check"], &survey).await;
    assert!(checked.stdout.contains("Nothing is wrong"), "{checked:?}");
}

#[tokio::test]
async fn the_sdks_own_tests_pass_and_its_types_fit() {
    hostile().await;
    for (folder, what) in [
        ("guest-sdk/python", &["-m", "pytest", "-q", "-p", "no:cacheprovider"][..]),
        ("guest-sdk/python", &["-m", "mypy", "flowhost_sdk", "tests"][..]),
        ("plugins/survey", &["-m", "pytest", "-q", "-p", "no:cacheprovider"][..]),
    ] {
        let mut command = Command::new(repository("target/python/.venv/bin/python"));
        command.args(what).current_dir(repository(folder));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("MYPY_CACHE_DIR", repository("target/python/mypy-sdk"));
        let ended = Ended::of(piped(command)).await;
        assert_eq!(ended.code, Some(0), "{what:?}: {} {}", ended.stdout, ended.stderr);
    }
}

#[tokio::test]
async fn the_types_in_the_repository_are_those_of_the_flow_json() {
    let folder = tempfile::tempdir().unwrap();
    let survey = PathBuf::from(repository("plugins/survey"));
    for file in ["pyproject.toml", "flow.json"] {
        fs::copy(survey.join(file), folder.path().join(file)).unwrap();
    }

    let written = write_types(folder.path()).unwrap().unwrap();

    let kept = fs::read_to_string(survey.join("screens.py")).unwrap();
    assert_eq!(fs::read_to_string(written).unwrap(), kept);
}

/// One test, since a host compiles the component for the better part of a minute.
#[tokio::test]
async fn a_guest_in_python_is_held_and_told_of_as_any_other() {
    let settings = json!({"grants": {"store": true}, "limits": {"cpu_ms": 500, "wall_ms": 7000}});
    let guest = Guest::start(hostile().await.to_vec(), settings).await;
    let mut wrong = lines_reach_the_log_with_their_level(&guest).await;
    wrong.extend(guest.all_fail(&FAILURES).await);
    for (what, payload) in ANSWERS {
        let payload: Value = serde_json::from_str(payload).unwrap();
        let came = guest.ask(what).await;
        if came != (200, payload) {
            wrong.push(format!("{what}: {came:?}"));
        }
    }
    wrong.extend(numbers_and_time_are_those_of_the_call(&guest).await);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What ends in a failure, and a part of the line that says so.
const FAILURES: [(&str, &str); 46] = [
    // Exceptions of every kind.
    ("raise-value-error", "ValueError: no table, at plugin.py:"),
    ("raise-system-exit", "SystemExit: 3, at plugin.py:"),
    ("raise-keyboard-interrupt", "KeyboardInterrupt, at plugin.py:"),
    ("raise-generator-exit", "GeneratorExit, at plugin.py:"),
    ("raise-memory-error", "MemoryError, at plugin.py:"),
    ("raise-group", "two (1 sub-exception) (the first: ValueError: a), at plugin.py:"),
    ("raise-mute", "its text can't be made, since that raises RuntimeError, at plugin.py:"),
    ("raise-lying", "Lying"),
    ("raise-half-a-character", "ValueError: ?, at plugin.py:"),
    ("no-such-deed", "KeyError: 'no-such-deed', at plugin.py:"),
    ("from_outside", "ValueError: from a text, at plugin.py:"),
    ("late", "import it at the top of a file"),
    // What can't be handed over.
    ("half_a_character", "has half a character"),
    ("half_a_key", "a key has half a character"),
    ("not_a_number", "can't be written as JSON"),
    // Too much of something.
    ("loop", "used up its CPU time"),
    ("loop_in_c", "used up its CPU time"),
    ("loop_in_a_number", "used up its CPU time"),
    ("loop_that_catches", "used up its CPU time"),
    ("loop_in_the_end", "used up its CPU time"),
    ("loop_in_a_key", "used up its CPU time"),
    ("loop_in_an_exception", "used up its CPU time"),
    ("wait_for_a_lock", "in pthread_cond_wait"),
    ("wait_for_input", "EOFError"),
    ("hoard", "MemoryError, at plugin.py:"),
    ("hoard_small", "it had asked for more than its 64 MiB of memory"),
    ("hoard_a_number", "used up its CPU time"),
    ("hoard_a_text", "it had asked for more than its 64 MiB of memory"),
    ("hoard_and_catch", "MemoryError, at plugin.py:"),
    ("hoard_at_once", "MemoryError, at plugin.py:"),
    ("deep", "RecursionError: maximum recursion depth exceeded"),
    ("deep_and_caught", "used up its CPU time"),
    ("deep_groups", "used up its stack"),
    ("deep_in_c", "used up its stack"),
    ("deep_repr", "used up its stack"),
    ("deep_comparison", "used up its stack"),
    ("deep_without_a_limit", "used up its stack"),
    ("sleep", "ran out of its time"),
    // An end of its own.
    ("leave", "the plugin trapped"),
    ("abort", "the plugin trapped"),
    ("kill", "AttributeError: module 'os' has no attribute 'kill'"),
    ("raise_a_signal", "the plugin trapped"),
    ("fork", "AttributeError: module 'os' has no attribute 'fork'"),
    // Words.
    ("circle", "ValueError: one, at plugin.py:"),
    ("long_text", "long …, at plugin.py:"),
    // What it leaves behind is looked for below. Of the SDK nothing is left to say where.
    ("spoil", "threw an unexpected exception"),
];

/// What is answered, and with which payload. What a call changes is not there in the next.
const ANSWERS: [(&str, &str); 13] = [
    ("remember", r#"{"screen":"NEXT","data":{"made":[7,[1]]}}"#),
    ("remembered", r#"{"screen":"NEXT","data":{"made":[0,[],false,false]}}"#),
    ("remember", r#"{"screen":"NEXT","data":{"made":[7,[1]]}}"#),
    ("stored", r#"{"screen":"NEXT","data":{"made":1}}"#),
    ("stored", r#"{"screen":"NEXT","data":{"made":2}}"#),
    ("thread", r#"{"screen":"NEXT","data":{"made":"can't start new thread"}}"#),
    (
        "wrong_types",
        r#"{"screen":"NEXT","data":{"made":["TypeError","ValueError","TypeError","ValueError"]}}"#,
    ),
    ("half_an_error", r#"{"screen":"NEXT","data":{"error_message":"?"}}"#),
    ("raise-bad-request", r#"{"screen":"FORM","data":{"error_message":"not this one"}}"#),
    (
        "remains",
        r#"{"screen":"NEXT","data":{"made":{"kept":[],"recursion":false,"trace":false,"stdout":false,"json":true,"eval":false}}}"#,
    ),
    ("evaluated", r#"{"screen":"NEXT","data":{"made":45}}"#),
    ("long_line", r#"{"screen":"NEXT","data":{"made":null}}"#),
    ("many_lines", r#"{"screen":"NEXT","data":{"made":null}}"#),
];

async fn numbers_and_time_are_those_of_the_call(guest: &Guest) -> Vec<String> {
    let (mut drawn, mut wrong) = (HashSet::new(), Vec::new());
    for round in 0..4 {
        let made = guest.made("drawn").await;
        for (source, number) in made.as_object().into_iter().flatten() {
            let is_new = drawn.insert(format!("{source} {number}"));
            if is_new != (source != "seeded" || round == 0) {
                wrong.push(format!("{source} {number} in round {round}"));
            }
        }
    }
    let seconds = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let before = seconds();
    let made = guest.made("clocks").await;
    if !made["now"].as_f64().is_some_and(|now| (before..=seconds()).contains(&now)) {
        wrong.push(format!("{made} since {before}"));
    }
    let found = guest.made("files").await;
    let errors = found["found"].as_array().into_iter().flatten();
    let are_errors = errors.clone().all(|it| it.as_str().is_some_and(|it| it.ends_with("Error")));
    if !are_errors || errors.count() == 0 || found["environ"] != json!({}) {
        wrong.push(found.to_string());
    }
    wrong
}

async fn lines_reach_the_log_with_their_level(guest: &Guest) -> Vec<String> {
    guest.ask("lines").await;
    let lines = eventually("the lines are written", async || {
        Some(guest.lines("").await).filter(|lines| !lines.is_empty())
    })
    .await;
    let told: Vec<String> = lines
        .iter()
        .map(|line| format!("{}: {}", line["level"], line["message"]).replace('"', ""))
        .collect();
    let expected = [
        "info: printed",
        "info: to stderr",
        "info: without an end",
        "warn: low on tea",
        "debug: shown",
        "error: half a character: ?",
        "error: no result: ZeroDivisionError: division by zero, at plugin.py:",
    ];
    let is_told = |line: &&str| told.iter().any(|told| told.starts_with(line));
    let missing = expected.iter().filter(|line| !is_told(line)).map(|line| (*line).to_owned());
    let mut wrong: Vec<String> = missing.collect();
    if !wrong.is_empty() || told.iter().any(|line| line.contains("not shown")) {
        wrong.push(format!("{told:?}"));
    }
    wrong
}

/// The component of the hostile plugin, built once in a run. Afterwards, the tools of all are there.
pub(crate) async fn hostile() -> &'static [u8] {
    static BUILT: OnceCell<Vec<u8>> = OnceCell::const_new();
    BUILT
        .get_or_init(async || {
            let options = BuildOptions {
                project_dir: repository("tests/hostile/python").into(),
                target_dir: Some(shared_target()),
                ..BuildOptions::default()
            };
            let built = build(options, |_| ()).await.unwrap();
            fs::read(built.path).unwrap()
        })
        .await
}

/// Runs the program on a project.
async fn run(arguments: &[&str], project: &Path) -> Ended {
    let mut command = flowhost(arguments);
    command.arg(project);
    Ended::of(command).await
}

fn piped(mut command: Command) -> Command {
    use std::process::Stdio;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Makes a project use the tools of all.
pub(crate) fn share_target(project: &Path) {
    fs::create_dir_all(shared_target()).unwrap();
    // Another test may have made it.
    let _ = symlink(fs::canonicalize(shared_target()).unwrap(), project.join("target"));
}

fn shared_target() -> PathBuf {
    repository("target/python").into()
}
