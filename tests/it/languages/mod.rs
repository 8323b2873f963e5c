//! The appointment plugin in Rust, TypeScript and Python: one conversation, three SDKs. They share the Flow
//! JSON and the scenarios, and reply alike to every request of a table, so the SDKs can't drift.

mod cases;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use flowhost_devkit::sandbox::{Conversation, Sandbox};
use flowhost_devkit::scenarios::{Answered, Answers, Inside, Request, Scenario};
use flowhost_flow_json::FlowJson;
use flowhost_protocol::crypto::{CodeKeys, MasterKey, MasterKeys};
use flowhost_runtime::plugins::{CodeSettings, CompileSettings, WorkerLimits};
use flowhost_server::config::CompileConfig;
use flowhost_tests::{Ended, flowhost, program, repository};
use serde_json::{Value, json};

use self::cases::{Case, Step, cases};
use crate::python;

/// One test, since each component is built and compiled once for all of it: Python's takes the better
/// part of a minute.
#[tokio::test]
async fn the_same_plugin_in_three_languages() {
    let plugins = [
        Plugin::new("Rust", "appointment", Some("target/wasm"), None),
        Plugin::new("TypeScript", "appointment-typescript", None, Some("src/flow.gen.ts")),
        Plugin::new("Python", "appointment-python", Some("target/python"), Some("screens.py")),
    ];
    python::share_target(&plugins[2].folder);
    let scenarios = fs::read_dir(plugins[0].folder.join("scenarios")).unwrap().count();
    for plugin in &plugins {
        let types = plugin.types();
        assert_eq!(plugin.play_scenarios().await, scenarios, "{}", plugin.language);
        assert_eq!(plugin.types(), types, "the types in the repository are those of the Flow JSON");
    }
    plugins[1].run("npm", &["test"]).await;
    let pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider"];
    plugins[2].run(&repository("target/python/.venv/bin/python"), &pytest).await;

    let wrong = differences(&plugins).await;
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Plays all cases. Returns where a plugin's answer is another than that of the first one, and where
/// that comes to something else than the table says.
async fn differences(plugins: &[Plugin]) -> Vec<String> {
    let mut sandboxes = Vec::new();
    for plugin in plugins {
        sandboxes.push(plugin.sandbox().await);
    }
    let mut wrong = Vec::new();
    for case in cases() {
        let Case { name, ends, .. } = &case;
        let reference = play(&sandboxes[0], &case).await;
        let ended = ending(&reference[case.steps.len() - 1]);
        if ended != *ends {
            wrong.push(format!("{name}: it is to end with {ends}, and ends with {ended}"));
        }
        for (Plugin { language, .. }, sandbox) in plugins.iter().zip(&sandboxes).skip(1) {
            let played = play(sandbox, &case).await;
            let pairs = played.iter().zip(&reference).zip(1..);
            wrong.extend(pairs.filter(|((came, first), _)| came != first).map(
                |((came, first), step)| {
                    format!("{name}, step {step}:\n{first}\n{language}:\n{came}")
                },
            ));
        }
    }
    wrong
}

/// The plugin in one of the languages.
struct Plugin {
    language: &'static str,
    folder: PathBuf,
    component: PathBuf,
    /// The file with the screens' types, which is in the repository and which builds write.
    types: Option<&'static str>,
}

impl Plugin {
    /// `target` is where a build puts what it makes, if that is not in the plugin's own folder.
    fn new(
        language: &'static str,
        name: &str,
        target: Option<&str>,
        types: Option<&'static str>,
    ) -> Self {
        let folder = PathBuf::from(repository(&format!("plugins/{name}")));
        let target =
            target.map_or_else(|| folder.join("target"), |target| repository(target).into());
        Self { language, folder, component: target.join(format!("flowhost/{name}.wasm")), types }
    }

    fn types(&self) -> Option<String> {
        self.types.map(|file| fs::read_to_string(self.folder.join(file)).unwrap())
    }

    /// Builds it and plays its scenarios by the program. Returns how many there are.
    async fn play_scenarios(&self) -> usize {
        let mut command = flowhost(&["plugin", "test", "--json"]);
        command.arg(&self.folder);
        command.env("CARGO_TARGET_DIR", repository("target/wasm"));
        command.env("npm_config_cache", repository("target/npm"));
        let ended = Ended::of(command).await;
        assert_eq!(ended.code, Some(0), "{}: {} {}", self.language, ended.stdout, ended.stderr);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        report["scenarios"].as_array().unwrap().len()
    }

    /// Runs its unit tests.
    async fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        let ended = Ended::of(command).await;
        assert_eq!(ended.code, Some(0), "{}: {} {}", self.language, ended.stdout, ended.stderr);
    }

    /// A sandbox with what the program has built. It also kept the compiled code, beside the component.
    async fn sandbox(&self) -> Arc<Sandbox> {
        let beside = self.component.parent().unwrap();
        let key = fs::read_to_string(beside.join("code.key")).unwrap();
        let key = MasterKey::from_base64(&key).unwrap();
        let CompileConfig { memory_bytes, cpu_seconds, time, .. } = CompileConfig::default();
        let limits = WorkerLimits { memory_bytes, cpu_seconds };
        let code = CodeSettings {
            compile: CompileSettings { program: program(), limits, time },
            cache: Some(beside.join("code")),
            keys: CodeKeys::derive(&MasterKeys::new(key, None)),
        };
        let flow_json = fs::read(self.folder.join("flow.json")).unwrap();
        let rules = FlowJson::parse(&flow_json).unwrap().into_rules();
        let component = fs::read(&self.component).unwrap();
        Arc::new(Sandbox::open(component, code, Some(rules), None).await.unwrap())
    }
}

/// Plays a case from its beginning. Returns what came of each step.
async fn play(sandbox: &Arc<Sandbox>, case: &Case) -> Vec<Value> {
    let text = format!("{}\n[[step]]\nsend = {{ action = \"ping\" }}\n", case.around);
    let scenario = Scenario::parse("table", &text).unwrap();
    let mut conversation = sandbox.begin(&scenario, Path::new(".")).unwrap();
    let mut came = Vec::new();
    for (index, step) in case.steps.iter().chain(&case.afterwards).enumerate() {
        came.push(answer(&mut conversation, &scenario, index, step).await);
    }
    came
}

async fn answer(
    conversation: &mut Conversation,
    scenario: &Scenario,
    index: usize,
    step: &Step,
) -> Value {
    let request = Request {
        number: step.again.unwrap_or(index + 1),
        payload: step.payload.clone(),
        signed: false,
        now: step.now.or(scenario.now),
    };
    match conversation.answer(&request).await {
        Ok(answered) => what_must_be_alike(answered),
        Err(none) => json!({ "no answer": none.to_string() }),
    }
}

/// The reply as the phone gets it, the state as it is stored, so that a conversation could go on in
/// another language, and the lines of the log.
fn what_must_be_alike(answered: Answered) -> Value {
    let Inside { state, log, failure, failure_line, problems, .. } = answered.inside.unwrap();
    let log = log.iter().enumerate();
    let log = log.map(
        |(index, line)| if failure_line == Some(index) { words_of(line) } else { line.clone() },
    );
    json!({
        "status": answered.status,
        "reply": answered.payload,
        "state": state,
        "log": log.collect::<Vec<_>>(),
        "failure": failure.as_deref().map(words_of),
        "problems": problems,
    })
}

/// A failure without what is each language's own: the exception's kind, which Rust has none of; the
/// place in the source; what the context should be, which each language has its own types for; and how
/// a handler for a form is written.
fn words_of(failure: &str) -> String {
    let (words, _) = failure.split_once(", at ").unwrap_or((failure, ""));
    let (words, _) = words.split_once(", in `submit` of the flow").unwrap_or((words, ""));
    let words = ["DataError: ", "TypeError: ", "NoHandler: "]
        .iter()
        .fold(words.to_owned(), |words, kind| words.replace(kind, ""));
    if let Some((before, field)) = words.split_once("context does not fit: field ") {
        let field = field.split(':').next().unwrap_or_default();
        return format!("{before}context does not fit: field {field}");
    }
    let python = "the plugin has no @flow.submit for screen ";
    let Some((before, screens)) = words.split_once(python) else { return words };
    let (screen, known) = screens.split_once(", but for: ").unwrap_or_default();
    format!(
        "{before}the data of screen {screen} does not fit: the Flow JSON has no form on this screen that is \
         sent here; the screens with one: {known}"
    )
}

/// What the last step of a case came to, in short.
fn ending(came: &Value) -> String {
    let reply = &came["reply"];
    match (reply["screen"].as_str(), reply["data"]["error_message"].as_str()) {
        (Some("SUCCESS"), _) => "completed".to_owned(),
        (Some(screen), Some(error)) => format!("{screen}: {error}"),
        (Some(screen), None) => screen.to_owned(),
        (None, _) if reply["data"]["acknowledged"] == true => "acknowledged".to_owned(),
        (None, _) => came["status"].to_string(),
    }
}
