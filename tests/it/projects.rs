//! One tool for all languages: what a developer does with a project in TypeScript or in Python, from
//! `plugin new` to a deployed version. `dev`, `plugins` and `plugin_test` do it in Rust.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use flowhost_client::{FlowClient, payload};
use flowhost_tests::{DataFolder, Ended, HostProcess, eventually_built, flowhost, repository};
use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::plugin_test::Watching;
use crate::python;

#[tokio::test]
async fn a_project_in_typescript_is_watched_served_and_deployed() {
    let project = Project::new("typescript", "src/plugin.ts", "src/flow.gen.ts").await;
    is_watched_served_and_deployed(&project, "src/plugin.ts(").await;
}

#[tokio::test]
async fn a_project_in_python_is_watched_served_and_deployed() {
    let _alone = python::alone().await;
    let project = Project::new("python", "plugin.py", "screens.py").await;
    python::share_target(&project.folder());
    is_watched_served_and_deployed(&project, "plugin.py:").await;
}

/// `place` is how a compiler's message begins that is about the plugin's file.
async fn is_watched_served_and_deployed(project: &Project, place: &str) {
    fs::write(project.folder().join("flowhost.toml"), "[requests]\nstore = true\n").unwrap();
    is_tested_after_each_change(project).await;

    let (data, said) = (DataFolder::new(), project.parent.path().join("said"));
    let with_project = |command: &mut Command| project.name(command.arg("--plugin"));
    let log = File::create(&said).unwrap();
    let host = HostProcess::dev_logging(&data, with_project, log.into()).await;
    let client = host.dev_client(&data, NAME).await;
    assert_eq!(greeting(&client).await, json!({ "greeting": "Many thanks, Ana!" }));

    // Another Flow JSON has other types, and a plugin that does not fit them is not served.
    project.change(
        "flow.json",
        &[("\"greeting\"", "\"salutation\""), ("data.greeting", "data.salutation")],
    );
    let message = eventually_built("the mistake is told", async || {
        let said = fs::read_to_string(&said).unwrap();
        let at = said.find("Waiting for a change.")?;
        Some(said[..at].to_owned())
    })
    .await;
    let is_placed = |line: &str| line.starts_with(place) && line.contains("greeting");
    assert!(message.lines().any(is_placed), "{message}");
    assert!(
        fs::read_to_string(project.folder().join(project.types)).unwrap().contains("salutation")
    );
    assert_eq!(greeting(&client).await, json!({ "greeting": "Many thanks, Ana!" }));

    let in_either =
        [("greeting=greeting", "salutation=greeting"), ("greeting: `", "salutation: `")];
    project.change(project.main, &in_either);
    eventually_built("the change is served", async || {
        (greeting(&client).await == json!({ "salutation": "Many thanks, Ana!" })).then_some(())
    })
    .await;
    is_deployed_once(project, &host).await;
}

async fn is_tested_after_each_change(project: &Project) {
    let mut command = flowhost(&["plugin", "test", "--watch"]);
    project.name(&mut command);
    let said = project.parent.path().join("watched");
    let watching = Watching::saying(command, File::create(&said).unwrap().into());

    let (watching, sum) = next_sum(watching).await;
    assert!(sum.contains("2 passed"), "{sum}: {}", fs::read_to_string(&said).unwrap());
    project.change(project.main, &[("Thank you", "Many thanks")]);
    let (watching, sum) = next_sum(watching).await;
    assert!(sum.contains("0 passed"), "{sum}");

    drop(watching);
    // What was installed, generated and built is no change.
    let said = fs::read_to_string(said).unwrap();
    assert_eq!(said.matches("a file changed").count(), 1, "{said}");
}

async fn next_sum(mut watching: Watching) -> (Watching, String) {
    let pid = watching.pid();
    let next = tokio::task::spawn_blocking(move || {
        let sum = watching.next_sum();
        (watching, sum)
    });
    // Ended from outside, since a thread that reads can't be.
    let ending = tokio::spawn(async move {
        sleep(PATIENCE).await;
        let _ = kill(pid, Signal::SIGKILL);
    });
    let sum = next.await.unwrap();
    ending.abort();
    sum
}

/// To another tenant, with its Flow JSON and what it asks for; the same once more is no new version.
async fn is_deployed_once(project: &Project, host: &HostProcess) {
    let flow = host.tenant("acme").await.flow_without_plugin(NAME, json!({})).await;
    let deploy = async || {
        let mut command = flowhost(&["plugin", "deploy", "acme", NAME, "--grant", "--json"]);
        project.name(&mut command);
        command.env("FLOWHOST_URL", host.admin().url(""));
        command.env("FLOWHOST_TOKEN", host.admin().token().unwrap());
        let deployed = Ended::of(command).await;
        serde_json::from_str::<Value>(deployed.succeeded()).unwrap()
    };

    for existed in [false, true] {
        let deployed = deploy().await;
        let came = (&deployed["version"], &deployed["active_version"], &deployed["existed"]);
        assert_eq!(came, (&json!(1), &json!(1), &json!(existed)), "{deployed}");
    }
    let versions = flow.call("GET", "/versions", Value::Null).await.expect(200);
    assert!(versions["versions"][0]["flow_json_digest"].is_string(), "{versions}");
    let settings = flow.call("GET", "", Value::Null).await.expect(200);
    assert_eq!(settings["settings"]["grants"]["store"], true, "{settings}");
    assert_eq!(greeting(&flow.client()).await, json!({ "salutation": "Many thanks, Ana!" }));
}

/// What the second screen greets Ana with.
async fn greeting(client: &FlowClient) -> Value {
    let form = json!({ "topic": "order", "name": "Ana", "question": "Where is it?" });
    let request = payload::data_exchange("QUESTION", form, "token-of-ana");
    let reply = client.call(&request).await.unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut data = reply.payload.unwrap()["data"].take();
    data.as_object_mut().unwrap().remove("question");
    data
}

/// A project as `plugin new` makes it.
struct Project {
    parent: TempDir,
    /// The file that has the logic.
    main: &'static str,
    /// The file that builds write.
    types: &'static str,
}

impl Project {
    async fn new(language: &str, main: &'static str, types: &'static str) -> Self {
        let project = Self { parent: tempfile::tempdir().unwrap(), main, types };
        let mut command = flowhost(&["plugin", "new", "--lang", language]);
        project.name(&mut command);
        Ended::of(command).await.succeeded();
        project
    }

    fn folder(&self) -> PathBuf {
        self.parent.path().join(NAME)
    }

    /// Names it to a command.
    fn name(&self, command: &mut Command) {
        command.arg(self.folder()).env("npm_config_cache", repository("target/npm"));
    }

    /// Replaces texts wherever they are in a file.
    fn change(&self, file: &str, changes: &[(&str, &str)]) {
        let path = self.folder().join(file);
        let text = fs::read_to_string(&path).unwrap();
        let changed = changes.iter().fold(text, |text, (from, to)| text.replace(from, to));
        fs::write(path, changed).unwrap();
    }
}

const NAME: &str = "booking";

/// A component in Python takes half a minute of CPU, and other tests have the cores too.
const PATIENCE: Duration = Duration::from_secs(600);
