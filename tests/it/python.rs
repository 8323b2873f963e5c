//! Plugins in Python: from a new project to a host, and guests that misbehave.
//!
//! One folder under `target/` has the tools and what builds make, so that a test run gets the tools
//! once.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use flowhost_devkit::plugin_project::{BuildOptions, build, write_types};
use flowhost_tests::{Ended, TestFlow, TestHost, eventually, flowhost, repository};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

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

#[tokio::test]
async fn a_new_project_builds_and_plays_as_it_is_and_then_without_the_network() {
    hostile().await;
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("acme-booking");
    let made = run(&["plugin", "new", "--lang", "python"], &project).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    share_target(&project);

    let mut command = flowhost(&["plugin", "test"]);
    command.arg(&project).env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", "/nowhere");
    let played = Ended::of(command).await;
    assert!(played.stdout.contains("2 passed"), "{played:?}");

    let plugin = project.join("plugin.py");
    let text = fs::read_to_string(&plugin).unwrap();
    for (right, wrong, said) in [
        ("screens.Review(", "screens.Reviev(", "has no attribute \"Reviev\"; maybe \"Review\""),
        ("form.topic,", "form.topik,", "has no attribute \"topik\"; maybe \"topic\""),
        ("@flow.submit(screens.ReviewForm)\n", "", "write `@flow.submit(screens.ReviewForm)`"),
        ("flow = Flow(Enquiry)", "flow = Flow(Enquiry)\n1 / 0", "ZeroDivisionError"),
    ] {
        assert!(text.contains(right), "{right}");
        fs::write(&plugin, text.replacen(right, wrong, 1)).unwrap();
        let refused = run(&["plugin", "build"], &project).await;
        assert!(refused.code != Some(0) && refused.stderr.contains(said), "{said}: {refused:?}");
        assert!(refused.stderr.contains("plugin.py"), "{said}: {refused:?}");
    }
}

#[tokio::test]
async fn every_exception_is_a_failure_with_the_line_of_the_author() {
    let guest = Guest::start().await;
    for (what, said) in [
        ("raise-value-error", "ValueError: no table, at plugin.py:"),
        ("raise-system-exit", "SystemExit: 3, at plugin.py:"),
        ("raise-keyboard-interrupt", "KeyboardInterrupt, at plugin.py:"),
        ("raise-generator-exit", "GeneratorExit, at plugin.py:"),
        ("raise-memory-error", "MemoryError, at plugin.py:"),
        (
            "raise-group",
            "ExceptionGroup: two (1 sub-exception) (the first: ValueError: a), at plugin.py:",
        ),
        (
            "raise-mute",
            "Mute: its text can't be made, since that raises RuntimeError, at plugin.py:",
        ),
        ("raise-lying", "Lying"),
        ("raise-half-a-character", "ValueError: ?, at plugin.py:"),
        ("deep", "RecursionError: maximum recursion depth exceeded"),
        ("late", "import it at the top of a file"),
        ("half_a_character", "has half a character"),
        ("half_a_key", "a key has half a character"),
        ("not_a_number", "Out of range float values are not JSON compliant"),
        ("from_outside", "ValueError: from a text, at plugin.py:"),
        ("no-such-deed", "KeyError: 'no-such-deed', at plugin.py:"),
    ] {
        guest.fails(what, said).await;
    }
    let (status, payload) = guest.ask("raise-bad-request").await;
    assert_eq!((status, &payload["data"]["error_message"]), (200, &json!("not this one")));
}

#[tokio::test]
async fn what_takes_too_much_is_cut_off_and_said() {
    let guest = Guest::start().await;
    for (what, said) in [
        ("loop", "used up its CPU time"),
        ("loop_in_c", "used up its CPU time"),
        ("loop_in_a_number", "used up its CPU time"),
        ("loop_that_catches", "used up its CPU time"),
        ("hoard", "MemoryError, at plugin.py:"),
        ("hoard_small", "memory"),
        ("hoard_at_once", "MemoryError, at plugin.py:"),
        ("deep_in_c", "RecursionError"),
        ("deep_repr", "RecursionError"),
        ("deep_comparison", "RecursionError"),
        ("sleep", "wall"),
        ("leave", "the plugin trapped"),
        ("abort", "the plugin trapped"),
    ] {
        guest.fails(what, said).await;
    }
}

#[tokio::test]
async fn what_a_call_changes_is_not_there_in_the_next() {
    let guest = Guest::start().await;
    for _ in 0..3 {
        assert_eq!(guest.made("remember").await, json!([7, [1]]));
        assert_eq!(guest.made("remembered").await, json!([0, [], false, false]));
    }
    assert_eq!(guest.made("stored").await, json!(1));
    assert_eq!(guest.made("stored").await, json!(2), "the store is what lasts");
}

#[tokio::test]
async fn each_call_draws_other_numbers_and_knows_what_time_it_is() {
    let guest = Guest::start().await;
    let mut drawn = HashSet::new();
    for round in 0..4 {
        let Value::Object(numbers) = guest.made("drawn").await else { panic!("no numbers") };
        for (source, number) in numbers {
            let is_new = drawn.insert(format!("{source} {number}"));
            assert_eq!(is_new, source != "seeded" || round == 0, "{source}: {number}");
        }
    }

    let seconds = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let before = seconds();
    let now = guest.made("clocks").await["now"].as_f64().unwrap();
    assert!((before..=seconds()).contains(&now), "{now}");
}

#[tokio::test]
async fn there_is_nothing_of_the_machine_and_no_thread() {
    let guest = Guest::start().await;

    let found = guest.made("files").await;
    let errors = found["found"].as_array().unwrap();
    assert!(errors.iter().all(|error| error.as_str().unwrap().ends_with("Error")), "{found}");
    assert_eq!((&found["environ"], &found["argv"]), (&json!({}), &json!([])));
    assert_eq!(guest.made("thread").await, json!("can't start new thread"));
    assert_eq!(
        guest.made("wrong_types").await,
        json!(["TypeError", "ValueError", "TypeError", "ValueError"])
    );
    assert_eq!(guest.made("evaluated").await, json!(45));
    let (status, payload) = guest.ask("half_an_error").await;
    assert_eq!((status, &payload["data"]["error_message"]), (200, &json!("?")));
}

#[tokio::test]
async fn what_is_printed_and_logged_is_in_the_log_with_its_level() {
    let guest = Guest::start().await;
    guest.made("lines").await;

    let lines = guest.lines("").await;
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["level"].as_str().unwrap(), line["message"].as_str().unwrap()))
        .collect();
    for line in [
        ("info", "printed"),
        ("warn", "to stderr"),
        ("info", "without an end"),
        ("warn", "low on tea"),
        ("debug", "shown"),
        ("error", "half a character: ?"),
    ] {
        assert!(told.contains(&line), "{line:?}: {told:?}");
    }
    let caught = "no result: ZeroDivisionError: division by zero, at plugin.py:";
    assert!(
        told.iter().any(|(level, text)| *level == "error" && text.starts_with(caught)),
        "{told:?}"
    );
    assert!(!told.iter().any(|(_, text)| *text == "not shown"), "{told:?}");
}

/// The hostile plugin at a host.
struct Guest {
    _host: TestHost,
    flow: TestFlow,
}

impl Guest {
    async fn start() -> Self {
        let host = TestHost::start().await;
        let tenant = host.tenant("acme").await;
        let settings = json!({"grants": {"store": true}, "limits": {"wall_ms": 2000}});
        let flow = tenant.flow_without_plugin("hostile", settings).await;
        flow.upload(hostile().await.to_vec()).await.expect(201);
        flow.call("POST", "/activate", json!({"version": 1})).await.expect(200);
        Self { _host: host, flow }
    }

    /// The status, and the payload of the reply; null without one.
    async fn ask(&self, what: &str) -> (u16, Value) {
        let reply = self.flow.ask(what, &format!("token-of-{what}")).await;
        (reply.status, reply.payload.unwrap_or_default())
    }

    /// What the plugin made of a deed.
    async fn made(&self, what: &str) -> Value {
        let (status, payload) = self.ask(what).await;
        assert_eq!(status, 200, "{what}: {:?}", self.lines("?level=error").await);
        payload["data"]["made"].clone()
    }

    /// Asks for a deed that fails, and looks for a line of the log; then the plugin answers again.
    async fn fails(&self, what: &str, said: &str) {
        let before = self.lines("?level=error").await.len();
        let (status, payload) = self.ask(what).await;
        assert_eq!(status, 500, "{what}: {payload}");
        let lines = eventually("the line is written", async || {
            let lines = self.lines("?level=error").await;
            (lines.len() > before).then_some(lines)
        })
        .await;
        let is_said = |line: &Value| line["message"].as_str().unwrap().contains(said);
        assert!(lines.iter().any(is_said), "{what}: {lines:?}");
    }

    async fn lines(&self, query: &str) -> Vec<Value> {
        let reply = self.flow.call("GET", &format!("/logs{query}"), Value::Null).await;
        reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The component of the hostile plugin, built once in a run.
async fn hostile() -> &'static [u8] {
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
fn share_target(project: &Path) {
    fs::create_dir_all(shared_target()).unwrap();
    // Another test may have made it.
    let _ = symlink(fs::canonicalize(shared_target()).unwrap(), project.join("target"));
}

fn shared_target() -> PathBuf {
    repository("target/python").into()
}
