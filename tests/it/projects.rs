//! One tool for all languages: what a developer does with a project in TypeScript or in Python, from
//! `plugin new` to a deployed version. `dev`, `plugins` and `plugin_test` do it in Rust.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use flowhost_client::{FlowClient, payload};
use flowhost_tests::{
    Component, DataFolder, Ended, HostProcess, eventually_built, flowhost, repository,
};
use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::plugin_test::Watching;
use crate::python;

#[tokio::test]
async fn a_project_in_typescript_is_watched_served_and_deployed() {
    let project = Project::new("typescript", "src/plugin.ts", "src/flow.gen.ts").await;
    is_watched_served_and_deployed(&project, "src/plugin.ts(", &IN_TYPESCRIPT).await;
}

#[tokio::test]
async fn a_project_in_python_is_watched_served_and_deployed() {
    let project = Project::new("python", "plugin.py", "screens.py").await;
    python::hostile().await;
    python::share_target(&project.folder());
    is_watched_served_and_deployed(&project, "plugin.py:", &IN_PYTHON).await;
}

/// A file, a text in it, what takes its place, and what the tools say then.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

const IN_TYPESCRIPT: [Mistake; 3] = [
    ("src/plugin.ts", "show(\"REVIEW\"", "show(\"REVEIW\"", "src/plugin.ts("),
    ("src/plugin.ts", "export default flow({", "export default flow({{", "src/plugin.ts("),
    (
        "package-lock.json",
        "\"node_modules/esbuild\": {\n      \"version\": \"",
        "\"node_modules/esbuild\": {\n      \"version\": \"9",
        "its reason is above",
    ),
];

const IN_PYTHON: [Mistake; 5] = [
    (
        "plugin.py",
        "screens.Review(",
        "screens.Reviev(",
        "has no attribute \"Reviev\"; maybe \"Review\"",
    ),
    ("plugin.py", "form.topic,", "form.topik,", "has no attribute \"topik\"; maybe \"topic\""),
    ("plugin.py", "flow = Flow(Enquiry)", "flow = = Flow(Enquiry)", "[syntax]"),
    (
        "plugin.py",
        "@flow.submit(screens.ReviewForm)\n",
        "",
        "write `@flow.submit(screens.ReviewForm)`",
    ),
    ("plugin.py", "flow = Flow(Enquiry)", "flow = Flow(Enquiry)\n1 / 0", "ZeroDivisionError"),
];

/// `place` is how a compiler's message begins that is about the plugin's file.
async fn is_watched_served_and_deployed(project: &Project, place: &str, mistakes: &[Mistake]) {
    project.change("flowhost.toml", &[("store = false", "store = true")]);
    is_tested_after_each_change(project, mistakes).await;

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

/// A mistake is told, and the watch goes on. The tools are there already, so that the network is not
/// asked.
async fn is_tested_after_each_change(project: &Project, mistakes: &[Mistake]) {
    let mut command = flowhost(&["plugin", "test", "--watch"]);
    project.name(&mut command);
    command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", "/nowhere");
    let said = project.parent.path().join("watched");
    let watching = Watching::saying(command, File::create(&said).unwrap().into());

    let (watching, sum) = next_sum(watching).await;
    assert!(sum.contains("2 passed"), "{sum}: {}", fs::read_to_string(&said).unwrap());
    for &(file, right, wrong, told) in mistakes {
        let (path, before) = (project.folder().join(file), fs::read_to_string(&said).unwrap());
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(right), "{right}");
        fs::write(&path, text.replacen(right, wrong, 1)).unwrap();
        let message = eventually_built(told, async || {
            let said = fs::read_to_string(&said).unwrap();
            let (_, run) = said[before.len()..].rsplit_once("a file changed")?;
            let (_, after) = run.split_once(told)?;
            after.contains("watching for changes").then(|| run.to_owned())
        })
        .await;
        assert!(message.contains("error"), "{told}: {message}");
        fs::write(path, text).unwrap();
    }
    project.change(project.main, &[("Thank you", "Many thanks")]);
    let (mut watching, mut sum) = next_sum(watching).await;
    if sum.contains("2 passed") {
        // It was fast, and saw the last mistake's end as a change of its own.
        (watching, sum) = next_sum(watching).await;
    }
    assert!(sum.contains("0 passed"), "{sum}");

    drop(watching);
    // What was installed, generated and built is no change.
    let said = fs::read_to_string(said).unwrap();
    let changes = said.matches("a file changed").count();
    // So may each mistake's end be.
    assert!((mistakes.len() + 1..=2 * mistakes.len() + 1).contains(&changes), "{said}");
}

/// With stand-ins for Python's tools, of which a build sees no more than how they end.
#[tokio::test]
async fn a_watch_goes_on_when_tools_could_not_be_had_as_soon_as_they_can() {
    let project = Project::new("python", "plugin.py", "screens.py").await;
    let (folder, parent) = (project.folder(), project.parent.path());
    for file in ["flow.json", "scenarios/question.toml", "scenarios/without-a-token.toml"] {
        fs::remove_file(folder.join(file)).unwrap();
    }
    let scenario = "[[step]]\nsend = { action = \"INIT\" }\nexpect = { screen = \"ECHO\" }\n";
    fs::write(folder.join("scenarios/echo.toml"), scenario).unwrap();
    fs::write(parent.join("component"), Component::Echo.bytes_without_section().await).unwrap();
    let install = Command::new("/bin/sh").args(["-c", STAND_INS, "sh"]).arg(parent).status();
    assert!(install.unwrap().success());
    let said = parent.join("said");
    let told = async |what: &str| {
        eventually_built(what, async || {
            let said = fs::read_to_string(&said).unwrap();
            let (_, rest) = said.rsplit_once(what)?;
            rest.contains("watching for changes").then_some(())
        })
        .await;
    };

    let mut command = flowhost(&["plugin", "test", "--watch"]);
    project.name(&mut command);
    command.env("PATH", format!("{}:/usr/bin:/bin", parent.join("bin").display()));
    let watching = Watching::saying(command, File::create(&said).unwrap().into());
    told("pip could not get what requirements.lock names").await;
    // No file of the project changes.
    fs::write(parent.join("online"), "").unwrap();
    let (watching, sum) = next_sum(watching).await;
    assert!(sum.contains("1 passed"), "{sum}");

    for (file, what) in
        [("requirements.lock", "No matching distribution"), ("plugin.py", "mypy: no")]
    {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        fs::write(folder.join(file), format!("{text}no-such-thing\n")).unwrap();
        told(what).await;
        fs::write(folder.join(file), text).unwrap();
    }
    let (watching, sum) = next_sum(watching).await;
    assert!(sum.contains("1 passed"), "{sum}");
    drop(watching);
}

/// A Python that makes environments with a pip, a mypy and a componentize-py.
const STAND_INS: &str = r#"
mkdir "$1/bin" && cd "$1/bin"
cat >python <<END
#!/bin/sh
case "\$*" in
*"-m pip "*) test -e "$1/online" || exit 1
     ! grep -q no-such-thing "$1/booking/requirements.lock" || { echo No matching distribution; exit 1; } ;;
*"-m mypy "*) ! grep -q no-such-thing plugin.py || { echo mypy: no; exit 1; } ;;
esac
END
cat >componentize-py <<END
#!/bin/sh
while [ "\$1" != --output ]; do shift; done
cp "$1/component" "\$2"
END
cat >python3 <<END
#!/bin/sh
case "\$1" in
-c) echo 3.12 venv ;;
*) mkdir -p "\$4/bin" && cp "$1/bin/python" "$1/bin/componentize-py" "\$4/bin" ;;
esac
END
chmod 755 python python3 componentize-py
"#;

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
