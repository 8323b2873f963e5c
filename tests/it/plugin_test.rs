//! `flowhost plugin test` and `flowhost plugin check`: the commands that a plugin's developer uses
//! before deploying.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use flowhost_tests::{Component, Ended, TestHost, flowhost, repository};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

#[tokio::test]
async fn the_sample_plugins_are_as_their_scenarios_say() {
    for plugin in ["appointment", "echo", "repair-order"] {
        let folder = workspace().join("plugins").join(plugin);
        let folder = folder.to_str().unwrap();

        let tested = Ended::of(building(&["plugin", "test", folder, "--json"])).await;
        let report: Value = serde_json::from_str(tested.succeeded()).unwrap();
        assert_eq!(report["passed"], true);
        let scenarios = report["scenarios"].as_array().unwrap().len();
        let files = fs::read_dir(format!("{folder}/scenarios")).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let ends = paths.filter(|path| path.extension().is_some_and(|end| end == "toml"));
        assert_eq!(scenarios, ends.count());
        for limit in ["cpu_ms", "wall_ms", "memory_bytes", "reply_bytes", "state_bytes"] {
            let share = report["limits"][limit]["share"].as_f64().unwrap();
            assert!((0.0..1.0).contains(&share), "{limit}: {report}");
        }
        let checked = Ended::of(building(&["plugin", "check", folder])).await;
        assert!(checked.succeeded().contains("Nothing is wrong"), "{}", checked.stdout);
    }
}

#[tokio::test]
async fn what_came_instead_is_shown_written_down_on_demand_and_passes_then() {
    let project = Project::with(Component::Appointment, "wrong", WRONG).await;
    project.add("flow.json", &appointments_flow_json());

    let failed = project.test(&[]).await;
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    for shown in [
        "wrong ... FAILED",
        "step 1, line 5: INIT",
        "/data/is_location_enabled",
        "expected true",
        "came     false",
        "1 failed",
    ] {
        assert!(failed.stdout.contains(shown), "{shown}: {}", failed.stdout);
    }
    assert!(!failed.stdout.contains('\u{1b}'), "colours are for terminals");

    let updated = project.test(&["--update"]).await;
    updated.succeeded();
    assert!(updated.stdout.contains("updated: step 1"), "{}", updated.stdout);
    assert_eq!(project.scenario("wrong"), WRONG.replace("= true # not yet", "= false # not yet"));
    project.test(&[]).await.succeeded();
}

#[tokio::test]
async fn a_plugin_that_computes_for_ever_is_cut_off_and_never_expected() {
    let looping = "[[step]]\nsend = { action = \"INIT\", data = { do = \"loop\" } }\nexpect = { screen = \"NEXT\" }\n";
    let project = Project::with(Component::Looper, "looping", looping).await;

    let failed = project.test(&["--update"]).await;

    assert_eq!(failed.code, Some(1), "{}", failed.stdout);
    assert!(failed.stdout.contains("used up its CPU time of 200 ms"), "{}", failed.stdout);
    assert!(failed.stdout.contains("not updated: step 1"), "{}", failed.stdout);
    assert_eq!(project.scenario("looping"), looping);
    let meant = looping.replace("screen = \"NEXT\"", "status = 500, log = [\"CPU time\"]");
    project.add("scenarios/looping.toml", &meant);
    let tested = project.test(&["--json"]).await;
    let report: Value = serde_json::from_str(tested.succeeded()).unwrap();
    assert!(report["limits"]["cpu_ms"]["share"].as_f64().unwrap() > 0.9, "{report}");
}

#[tokio::test]
async fn tokens_are_shared_and_conversations_begin_afresh_as_on_a_host() {
    let project = Project::with(Component::Steady, "restarts", RESTARTS).await;
    project.add("scenarios/continues.toml", CONTINUES);
    project.add("scenarios/shared.toml", SHARED);
    // A file name this short would make too short a token for a single recipient.
    project.add("scenarios/a.toml", &RESTARTS.replace("restarts", "a"));

    project.test(&[]).await.succeeded();
}

#[tokio::test]
async fn a_flow_answers_as_its_settings_say() {
    let project = Project::with(Component::Trapper, "minted", MINTED).await;
    project.add("scenarios/not minted.toml", NOT_MINTED);
    project.add("scenarios/signed.toml", SIGNED);
    project.add(
        "scenarios/not signed.toml",
        &SIGNED.replace("signed_token = true", "").replace(SIGNED_COUNTS, REFUSED),
    );
    project.add("scenarios/limited.toml", LIMITED);
    project.add("scenarios/short.toml", SHORT);

    let tested = project.test(&["--json"]).await;

    let report: Value = serde_json::from_str(tested.succeeded()).unwrap();
    assert_eq!(
        report["limits"]["reply_bytes"]["limit"],
        json!(120.0),
        "the share is that of the scenario's own limit: {report}"
    );
}

#[tokio::test]
async fn what_a_scenario_says_of_failures_and_repeats_is_true_of_a_host() {
    let project = Project::with(Component::Trapper, "failing", FAILING).await;
    project.add("scenarios/repeated.toml", REPEATED);
    project.test(&[]).await.succeeded();

    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    project.add("acme.pem", &acme.public_key_pem);
    for (name, text) in [("failing", FAILING), ("repeated", REPEATED)] {
        let settings = toml::from_str::<Value>(text).unwrap()["settings"].clone();
        let flow = acme
            .flow(name, if settings.is_null() { json!({}) } else { settings }, Component::Trapper)
            .await;
        let file = |name: &str| project.folder.path().join(name);
        let mut command = flowhost(&["client", "run", "--url", &flow.url(), "--public-key"]);
        command
            .arg(file("acme.pem"))
            .arg(file(&format!("scenarios/{name}.toml")))
            .env("FLOWHOST_APP_SECRET", &acme.app_secret);
        Ended::of(command).await.succeeded();
    }
}

#[tokio::test]
async fn a_report_for_ci_is_well_formed_whatever_a_plugin_says() {
    let nasty = "[[step]]\nsend = { action = \"INIT\", data = { do = \"panic\", value = \"]]><b>&\\u0007\\\"\" } }\nexpect = { closed = true }\n";
    let project = Project::with(Component::Keeper, "<nasty>", nasty).await;
    project.add(
        "scenarios/good.toml",
        "[[step]]\nsend = { action = \"INIT\" }\nexpect = { screen = \"FORM\" }\n",
    );
    let report = project.folder.path().join("report.xml");

    let failed = project.test(&["--junit", report.to_str().unwrap()]).await;

    assert_eq!(failed.code, Some(1));
    let text = fs::read_to_string(report).unwrap();
    let xml = roxmltree::Document::parse(&text).unwrap();
    let suite = xml.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    assert_eq!((suite.attribute("tests"), suite.attribute("failures")), (Some("2"), Some("1")));
    let cases: Vec<_> = xml.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    assert_eq!(
        cases.iter().filter_map(|case| case.attribute("name")).collect::<Vec<_>>(),
        ["<nasty>", "good"]
    );
    let failure = cases[0].children().find(|node| node.has_tag_name("failure")).unwrap();
    assert!(failure.text().unwrap().contains("]]><b>&"), "{text}");
    assert!(cases[1].children().all(|node| !node.is_element()));
}

#[tokio::test]
async fn a_scenario_that_can_not_be_read_is_bad_usage_that_names_the_line() {
    let project = Project::with(
        Component::Echo,
        "typo",
        "[[step]]\nsend = { action = \"INIT\" }\nexpcet = { closed = true }\n",
    )
    .await;

    let refused = project.test(&[]).await;

    assert_eq!(refused.code, Some(64));
    assert!(
        refused.stderr.contains("scenarios/typo.toml:3: a step has no `expcet`"),
        "{}",
        refused.stderr
    );
    let nothing = project.test(&["--filter", "elsewhere"]).await;
    assert_eq!(nothing.code, Some(64));
    assert!(nothing.stderr.contains("elsewhere"), "{}", nothing.stderr);
}

#[tokio::test]
async fn hosts_files_settings_and_secrets_are_the_scenarios() {
    let project = Project::with(Component::Caller, "outside", OUTSIDE).await;
    project.test(&[]).await.succeeded();

    let elsewhere = OUTSIDE.replace("{ day = \"monday\" }", "{ day = \"tuesday\" }");
    project.add("scenarios/outside.toml", &elsewhere);
    let failed = project.test(&[]).await;
    assert_eq!(failed.code, Some(1));
    for shown in [
        "which the scenario has no [[http]] for",
        "/day of the body is \"monday\", not \"tuesday\"",
        "was never sent",
    ] {
        assert!(failed.stdout.contains(shown), "{shown}: {}", failed.stdout);
    }
}

#[tokio::test]
async fn the_store_the_clock_and_random_numbers_are_the_scenarios() {
    let project = Project::with(Component::Keeper, "inside", INSIDE).await;
    project.test(&[]).await.succeeded();

    let seeded = |seed: u32| {
        format!(
            "seed = {seed}\n[[step]]\nsend = {{ action = \"INIT\", data = {{ do = \"look\" }} }}\n"
        )
    };
    let numbers = async |seed: u32| {
        project.add("scenarios/seeded.toml", &seeded(seed));
        project.test(&["--filter", "seeded", "--update"]).await.succeeded();
        project.scenario("seeded").lines().find(|line| line.contains("number")).unwrap().to_owned()
    };
    project.add("scenarios/stored.toml", STORED);
    let told = project.test(&["--filter", "stored", "--verbose"]).await;
    let told = told.succeeded();
    for shown in
        ["    \"action\": \"INIT\"", "reply   {\"screen\":\"NEXT\"", "store   {\"k\":\"v\"}"]
    {
        assert!(told.contains(shown), "{shown}: {told}");
    }
    project.add("scenarios/stored.toml", &STORED.replace("{ k = \"v\"", "{ k = \"w\""));
    let failed = project.test(&["--filter", "stored"]).await;
    assert!(failed.stdout.contains("/store/k"), "{}", failed.stdout);

    let first = numbers(1).await;
    assert_eq!(first, numbers(1).await);
    assert_ne!(first, numbers(2).await);
}

#[tokio::test]
async fn a_reply_that_the_phone_would_refuse_fails() {
    let project = Project::with(
        Component::Steady,
        "lost",
        "[[step]]\nsend = { action = \"INIT\" }\nexpect = { screen = \"NEXT\" }\n",
    )
    .await;
    project.test(&[]).await.succeeded();

    project.add("flow.json", &appointments_flow_json());
    let failed = project.test(&[]).await;

    assert_eq!(failed.code, Some(1));
    assert!(
        failed.stdout.contains("the phone would refuse the plugin's reply"),
        "{}",
        failed.stdout
    );
}

#[tokio::test]
async fn declared_data_that_a_reply_lacks_is_a_note() {
    let opens = "[[step]]\nsend = { action = \"INIT\" }\nexpect = { screen = \"APPOINTMENT\" }\n";
    let project = Project::with(Component::Appointment, "opens", opens).await;
    let mut document: Value = serde_json::from_str(&appointments_flow_json()).unwrap();
    document["screens"][0]["data"]["motto"] = json!({"type": "string", "__example__": "Smile"});
    project.add("flow.json", &document.to_string());

    let tested = project.test(&[]).await;

    let note = "note: step 1: APPOINTMENT declares `motto`, which the reply does not have";
    assert!(tested.succeeded().contains(note), "{}", tested.stdout);
}

#[tokio::test]
async fn a_profile_shows_the_function_that_takes_the_time() {
    let project = Project::with(Component::Looper, "computing", COMPUTING).await;
    let file = project.folder.path().join("profile.svg");

    let tested = project.test(&["--json", "--profile", file.to_str().unwrap()]).await;

    let profile = &serde_json::from_str::<Value>(tested.succeeded()).unwrap()["profile"];
    let samples = profile["samples"].as_u64().unwrap();
    let most = &profile["functions"][0];
    assert!(samples > 0 && profile["has_names"] == true, "{profile}");
    assert_eq!(most["name"], "looper::count", "{profile}");
    assert!(most["self"].as_u64().unwrap() * 2 > samples, "{profile}");
    assert_eq!(profile["imports"], json!({}), "it calls none: {profile}");
    let drawn = fs::read_to_string(file).unwrap();
    assert!(drawn.starts_with("<svg") && drawn.contains("<title>looper::count: "), "{drawn}");
}

#[tokio::test]
async fn a_profile_counts_each_call_of_an_import_once() {
    let project = Project::with(Component::Keeper, "keeping", KEEPING).await;
    let file = project.folder.path().join("stacks.folded");
    let arguments = ["--profile", file.to_str().unwrap()];

    let tested = project.test(&[&arguments[..], &["--json"]].concat()).await;
    let report: Value = serde_json::from_str(tested.succeeded()).unwrap();
    let imports = report["profile"]["imports"].as_object().unwrap();
    let calls: Vec<_> =
        imports.iter().map(|(name, used)| (name.as_str(), used["calls"].as_u64())).collect();
    assert_eq!(calls, [("log.write", Some(3)), ("store.get", Some(7)), ("store.set", Some(1))]);
    let shares = imports.values().map(|used| used["share"].as_f64().unwrap());
    assert!((0.0..1.0).contains(&shares.sum()), "{report}");
    let samples = report["profile"]["samples"].as_u64().unwrap();
    let folded = fs::read_to_string(&file).unwrap();
    let counted = folded.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>());
    assert_eq!(counted.sum::<Result<u64, _>>(), Ok(samples), "{folded}");

    let told = project.test(&arguments).await;
    let line = told.succeeded().lines().find(|line| line.starts_with("store.get ")).unwrap();
    assert!(line.contains(" 7 calls"), "{}", told.stdout);
}

#[tokio::test]
async fn a_function_that_does_not_fit_on_the_stack_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    write("Cargo.toml", TALL_MANIFEST);
    write("src/lib.rs", TALL);
    let build =
        async || Ended::of(building(&["plugin", "build", folder.path().to_str().unwrap()])).await;

    let refused = build().await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains(
            "`tall::pile` has 98 KiB of local variables, and the plugin's stack has 64 KiB"
        ) && refused.stderr.contains("`stack_kib = 256`"),
        "{refused:?}"
    );

    write("flowhost.toml", "[build]\nstack_kib = 256\n");
    build().await.succeeded();
    write("flowhost.toml", "[build]\nstack_kib = 128\n");
    let noted = build().await;
    noted.succeeded();
    assert!(
        noted.stderr.contains("`tall::pile` has 98 KiB of local variables, of a stack of 128 KiB"),
        "{noted:?}"
    );
}

#[tokio::test]
async fn a_check_lists_everything_that_is_wrong() {
    let scenario = "[[step]]\nsend = { action = \"INIT\" }\nexpect = { screen = \"NOWHERE\" }\n";
    let project = Project::with(Component::Appointment, "lost", scenario).await;
    project.add("flow.json", &appointments_flow_json());
    project.add("scenarios/typo.toml", "\n[[stpe]]\n");
    project.add("flowhost.toml", "[requests]\nstore = true\n");

    let checked = project.check(&["--json"]).await;
    assert_eq!(checked.code, Some(1));
    let report: Value = serde_json::from_str(&checked.stdout).unwrap();
    let found = |file: &str| {
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["file"].as_str().unwrap().ends_with(file))
            .unwrap()
    };
    assert_eq!(
        (found("lost.toml")["line"].clone(), found("typo.toml")["line"].clone()),
        (json!(1), json!(2))
    );
    assert!(found("lost.toml")["message"].as_str().unwrap().contains("NOWHERE"));
    assert!(found("component.wasm")["message"].as_str().unwrap().contains("flowhost.toml"));
    assert_eq!(found("component.wasm")["level"], "error");
    // Nobody knows which screens the one comes to that can't be read.
    assert!(!report["notes"].to_string().contains("no scenario comes to"), "{report}");
    assert!(
        report["component"]["imports"]
            .as_array()
            .unwrap()
            .contains(&json!("flowhost:flow/log@1.0.0"))
    );

    project.add("scenarios/typo.toml", "[[step]]\nsend = { action = \"INIT\" }\n");
    let checked = project.check(&["--json"]).await;
    let note = "no scenario comes to APPOINTMENT, DETAILS, SUMMARY, TERMS";
    assert!(checked.stdout.contains(note), "{checked:?}");

    project.add("flow.json", &appointments_flow_json().replace("\"7.3\"", "\"1.0\""));
    let checked = project.check(&[]).await;
    assert_eq!(checked.code, Some(1));
    assert!(
        checked.stdout.contains("flow.json:2:3 /version: ")
            && checked.stdout.contains("[INVALID_FLOW_JSON_VERSION]"),
        "{}",
        checked.stdout
    );

    fs::write(project.component(), b"\0asm\x01\0\0\0").unwrap();
    let checked = project.check(&[]).await;
    assert!(checked.stdout.contains("but a core module"), "{}", checked.stdout);
}

#[tokio::test]
async fn a_component_is_checked_without_a_project() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(file("booking"), Component::Appointment.bytes().await).unwrap();
    let check = async |arguments: &[&str]| {
        Ended::of(flowhost(&[&["plugin", "check"], arguments].concat())).await
    };

    let checked = check(&[&file("booking")]).await;
    let shown = checked.succeeded();
    assert!(shown.contains("Asks for: ") && shown.contains("Nothing is wrong"), "{shown}");
    assert!(!shown.contains("note: "), "there are no scenarios to miss: {shown}");

    fs::write(file("flow.json"), appointments_flow_json().replace("\"Footer\"", "\"Foot\""))
        .unwrap();
    let checked = check(&[&file("booking"), "--flow-json", &file("flow.json"), "--json"]).await;
    assert_eq!(checked.code, Some(1), "{}", checked.stderr);
    let report: Value = serde_json::from_str(&checked.stdout).unwrap();
    let first = &report["findings"][0];
    let written = fs::read_to_string(file("flow.json")).unwrap();
    let line = written.lines().nth(first["line"].as_u64().unwrap() as usize - 1).unwrap();
    let column = first["column"].as_u64().unwrap() as usize - 1;
    assert!(line[column..].starts_with("\"type\": \"Foot\""), "{report}");
    assert!(report["component"]["imports"].is_array(), "{report}");

    let empty = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (&[file("flow.json").as_str()][..], "`--flow-json FILE`"),
        (&[&file("nothing")], "there is no"),
        (&[&file("booking"), "--flow-json", &file("nothing.json")], "can't read"),
        (&[empty.path().to_str().unwrap()], "no plugin project"),
    ] {
        let refused = check(arguments).await;
        assert_eq!(refused.code, Some(64), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(says), "{arguments:?}: {}", refused.stderr);
    }
}

#[tokio::test]
async fn what_is_there_of_a_project_without_sources_is_checked() {
    let project = Project { folder: tempfile::tempdir().unwrap() };
    project.add("flowhost.toml", "[requests]\nfiles = true\n");
    project.add("scenarios/typo.toml", "\n[[stpe]]\n");
    let path = project.folder.path().to_str().unwrap();

    let checked = Ended::of(flowhost(&["plugin", "check", path])).await;
    assert_eq!(checked.code, Some(1), "{}", checked.stderr);
    for shown in ["`files`", "typo.toml:2: ", "no component was looked at"] {
        assert!(checked.stdout.contains(shown), "{shown}: {}", checked.stdout);
    }

    project.add("flowhost.toml", "[requests]\nstore = true\n");
    let manifest = format!("{path}/flowhost.toml");
    Ended::of(flowhost(&["plugin", "check", &manifest])).await.succeeded();
}

#[tokio::test]
async fn a_check_that_finds_notes_alone_finds_nothing_wrong() {
    let scenario =
        "[[step]]\nsend = { action = \"INIT\" }\nexpect = { screen = \"APPOINTMENT\" }\n";
    let project = Project::with(Component::Appointment, "opened", scenario).await;
    project.add("flow.json", &appointments_flow_json().replace("\"7.3\"", "\"7.4\""));

    let checked = project.check(&["--json"]).await;
    let report: Value = serde_json::from_str(checked.succeeded()).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{report}");
    assert_eq!(
        (&findings[0]["level"], &findings[0]["pointer"]),
        (&json!("note"), &json!("/version"))
    );
    assert_eq!((&findings[0]["line"], &findings[0]["column"]), (&json!(2), &json!(3)));

    let checked = project.check(&[]).await;
    let shown = checked.succeeded();
    assert!(
        shown.contains("Nothing is wrong") && shown.contains("flow.json:2:3 /version: "),
        "{shown}"
    );
    assert!(
        shown.lines().any(|line| line.starts_with("note: ") && line.contains("flow.json")),
        "{shown}"
    );
}

#[tokio::test]
async fn scenarios_are_played_again_when_a_file_changes_until_a_signal() {
    let project = Project::with(
        Component::Echo,
        "watched",
        "[[step]]\nsend = { action = \"INIT\" }\nexpect = { closed = true }\n",
    )
    .await;
    let mut watching = Watching::start(project.command("test", &["--watch"]));

    let mut watching = tokio::task::spawn_blocking(move || {
        assert!(watching.next_sum().contains("0 passed, 1 failed"));
        watching
    });
    let mut watching = (&mut watching).await.unwrap();
    project.add(
        "scenarios/watched.toml",
        "[[step]]\nsend = { action = \"INIT\" }\nexpect = { screen = \"ECHO\" }\n",
    );
    let ended = tokio::task::spawn_blocking(move || {
        assert!(watching.next_sum().contains("1 passed"));
        kill(watching.pid(), Signal::SIGINT).unwrap();
        watching.child.wait().unwrap()
    });
    assert_eq!(ended.await.unwrap().code(), Some(0));
}

/// A project with what these commands read, and a component that was built before.
struct Project {
    folder: TempDir,
}

impl Project {
    async fn with(component: Component, scenario: &str, text: &str) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        project.add("Cargo.toml", "");
        project.add(&format!("scenarios/{scenario}.toml"), text);
        fs::write(project.component(), component.bytes().await).unwrap();
        project
    }

    fn add(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn component(&self) -> PathBuf {
        self.folder.path().join("component.wasm")
    }

    fn scenario(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(format!("scenarios/{name}.toml"))).unwrap()
    }

    async fn test(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command("test", arguments)).await
    }

    async fn check(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command("check", arguments)).await
    }

    fn command(&self, which: &str, arguments: &[&str]) -> Command {
        let mut command = flowhost(&["plugin", which]);
        command.arg(self.folder.path()).arg("--component").arg(self.component()).args(arguments);
        command
    }
}

/// A process that replays on every change. Dropping it kills it.
pub(crate) struct Watching {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watching {
    /// Nobody reads what it says on standard error.
    fn start(command: Command) -> Self {
        // A full pipe would block it.
        Self::saying(command, Stdio::null())
    }

    /// With a destination for what it says on standard error.
    pub(crate) fn saying(mut command: Command, to: Stdio) -> Self {
        let mut child = command.stderr(to).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }

    /// Waits for the next summary line.
    pub(crate) fn next_sum(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "it ended");
            if line.contains(" passed") {
                return line;
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that builds into the folder of the tests' own plugins.
fn building(arguments: &[&str]) -> Command {
    let mut command = flowhost(arguments);
    command.env("CARGO_TARGET_DIR", workspace().join("target/wasm"));
    command
}

fn workspace() -> PathBuf {
    repository("").into()
}

fn appointments_flow_json() -> String {
    fs::read_to_string(workspace().join("plugins/appointment/flow.json")).unwrap()
}

const WRONG: &str = r#"# What is wrong is mended, and this stays.
now = 2026-11-20T15:00:00Z
context = { name = "Ana" } # and this

[[step]] # the first one
send = { action = "INIT" }
[step.expect]
screen = "APPOINTMENT"
data.is_location_enabled = true # not yet
data.chosen = {}
"#;

const OUTSIDE: &str = r#"
[config]
greeting = "Hello"

[secrets]
api-key = ["api.example.com"]

[[http]]
request = { method = "POST", url = "https://api.example.com/book", headers = { authorization = "Bearer {{secret:api-key}}" }, json = { day = "monday" } }
answer = { status = 201, headers = { x-id = "7" }, json = { id = 7 } }

[[http]]
request = { url = "https://api.example.com/slow" }
answer = { error = "timeout" }
repeat = true

[[media]]
media_id = "photo"
file = "outside.toml"

[[media]]
media_id = "bad"
error = "check-failed"

[[step]]
[step.send]
action = "INIT"
[step.send.data]
do = "send"
method = "POST"
url = "https://api.example.com/book"
headers = [["Authorization", "Bearer {{secret:api-key}}"]]
body = '{"day":"monday","key":"{{secret:api-key}}"}'
[step.expect]
screen = "NEXT"
data.outcomes = [{ status = 201, body = '{"id":7}' }]

[[step]]
send = { action = "INIT", data = { do = "send", url = "https://api.example.com/slow", times = 2 } }
expect = { screen = "NEXT", data = { outcomes = [{ error = "timeout" }, { error = "timeout" }] } }

# What the manifest doesn't ask for is not granted here either.
[[step]]
send = { action = "INIT", data = { do = "send", url = "https://nobody.example.com/" } }
expect = { screen = "NEXT", data = { outcomes = [{ error = "not-granted" }] } }

# A secret goes to its own hosts only.
[[step]]
send = { action = "INIT", data = { do = "send", url = "https://other.example.com/", headers = [["x", "{{secret:api-key}}"]] } }
expect = { screen = "NEXT", data = { outcomes = [{ error = "not-granted" }] } }

[[step]]
send = { action = "INIT", data = { do = "config", key = "greeting" } }
expect = { screen = "NEXT", data = { outcomes = [{ value = "Hello" }] } }

[[step]]
[step.send]
action = "INIT"
data = { do = "fetch", reference = { media_id = "photo" } }
[step.expect]
screen = "NEXT"
data.outcomes = [{ bytes = "$number" }]

[[step]]
[step.send]
action = "INIT"
data = { do = "fetch", reference = { media_id = "bad" } }
[step.expect]
screen = "NEXT"
data.outcomes = [{ error = "check-failed" }]
"#;

const INSIDE: &str = r#"
now = 2026-11-23T09:00:00Z

[[store]]
key = "visits"
json = 7

[[step]]
send = { action = "INIT", data = { do = "look" } }
expect = { screen = "NEXT", data = { time = 1795424400, number = "$string" } }

[[step]]
send = { action = "INIT", data = { do = "raise", key = "visits" } }
expect = { screen = "NEXT", data = { attempts = 1 } }

[[step]]
send = { action = "INIT", data = { do = "get", key = "visits" } }
expect = { screen = "NEXT", data = { value = "8" } }

[[step]]
send = { action = "INIT", data = { do = "set", key = "short", value = "x", ttl = 60 } }
expect = { screen = "NEXT" }

[[step]]
now = 2026-11-23T09:00:59Z
send = { action = "INIT", data = { do = "list", key = "", count = 10 } }
expect = { screen = "NEXT", data = { keys = ["short", "visits"] } }

[[step]]
now = 2026-11-23T09:01:00Z
send = { action = "INIT", data = { do = "list", key = "", count = 10 } }
expect = { screen = "NEXT", data = { keys = ["visits"] } }

[[step]]
send = { action = "INIT", data = { do = "log", level = "warn", value = "look at this" } }
expect = { screen = "NEXT", log = ["warn: look at this"] }

# An error of the plugin's own: what it says is in its log.
[[step]]
send = { action = "INIT", data = { do = "fail", value = "no idea" } }
expect = { status = 500, log = ["error: no idea"] }
"#;

const RESTARTS: &str = r#"
[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 } }

[[step]]
send = { action = "data_exchange", screen = "FORM", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 2 } }

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 } }

[[step]]
send = { action = "data_exchange", screen = "FORM", data = { do = "shared" } }
expect = { screen = "NEXT", data = { shared = false, exchanges = 1 } }
"#;

const CONTINUES: &str = r#"
on_reopen = "continue"

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 } }

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 2 }, state = 2 }
"#;

const SHARED: &str = r#"
flow_token = "unused"

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 } }

[[step]]
send = { action = "data_exchange", screen = "FORM", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 } }

[[step]]
send = { action = "data_exchange", screen = "FORM", data = { do = "shared" } }
expect = { screen = "NEXT", data = { shared = true, exchanges = 0 } }
"#;

const MINTED: &str = r#"
minted_token = true

[settings]
token_policy = "minted"

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 }, state = 1 }
"#;

const NOT_MINTED: &str = r#"
[settings]
token_policy = "minted"
token_rejected_text = "Ask for a new form."

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { rejected = "Ask for a new form." }
"#;

const SIGNED: &str = r#"
signed_token = true
settings = { token_signature = "required" }

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 } }
"#;

const SIGNED_COUNTS: &str = r#"screen = "NEXT", data = { count = 1 }"#;
const REFUSED: &str = r#"rejected = "$string""#;

const LIMITED: &str = r#"
settings = { limits = { reply_bytes = 120 } }
context = { note = "This is what a business attached to the token: a text that is longer by some letters than the flow may answer." }

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT" }

[[step]]
send = { action = "data_exchange", screen = "NEXT", data = { do = "context" } }
expect = { status = 500, state = 1, log = ["the limit is 120"] }
"#;

const SHORT: &str = r#"
now = 2026-11-23T09:00:00Z
settings = { session_ttl_seconds = 60 }

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 } }

[[step]]
now = 2026-11-23T09:00:59Z
send = { action = "data_exchange", screen = "NEXT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 2 } }

[[step]]
now = 2026-11-23T09:01:00Z
send = { action = "data_exchange", screen = "NEXT", data = { do = "count" } }
expect = { rejected = "$string" }
"#;

const FAILING: &str = r#"
[settings]
on_failure = "error-message"
failure_text = "Please try again."

# There is no screen yet to show a text on.
[[step]]
send = { action = "INIT", data = { do = "panic" } }
expect = { status = 500 }

[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 } }

[[step]]
send = { action = "data_exchange", screen = "NEXT", data = { do = "panic" } }
expect = { screen = "NEXT", error = "Please try again.", state = 1, log = ["on purpose"] }

# What was answered once is answered again, a failure's text too.
[[step]]
send = { repeat = 3 }
expect = { screen = "NEXT", error = "Please try again.", state = 1 }

[[step]]
send = { action = "data_exchange", screen = "NEXT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 2 } }
"#;

const REPEATED: &str = r#"
[[step]]
send = { action = "INIT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 1 } }

[[step]]
send = { repeat = 1 }
expect = { screen = "NEXT", data = { count = 1 }, state = 1 }

[[step]]
send = { action = "data_exchange", screen = "NEXT", data = { do = "count" } }
expect = { screen = "NEXT", data = { count = 2 } }

# Others came since.
[[step]]
send = { repeat = 1 }
expect = { status = 409, state = 2 }

# Nothing was committed, so it is a new try.
[[step]]
send = { action = "data_exchange", screen = "NEXT", data = { do = "panic" } }
expect = { status = 500 }

[[step]]
send = { repeat = 5 }
expect = { status = 500, state = 2 }
"#;

const STORED: &str = r#"
[[step]]
send = { action = "INIT", data = { do = "set", key = "k", value = "v" } }
expect = { screen = "NEXT", store = { k = "v" } }
"#;

const TALL_MANIFEST: &str = r#"
[package]
name = "tall"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[profile.release]
panic = "abort"
strip = "debuginfo"

[workspace]
"#;

/// Its array is on the stack whether it is used or not.
const TALL: &str = r#"
use std::hint::black_box;

#[inline(never)]
fn pile(deep: bool) -> u8 {
    if deep { black_box([1_u8; 100_000])[7] } else { 0 }
}

#[unsafe(no_mangle)]
pub extern "C" fn run(deep: i32) -> i32 {
    pile(deep != 0).into()
}
"#;

const COMPUTING: &str = r#"
[settings]
limits = { cpu_ms = 2_000, wall_ms = 9_000 }

[[step]]
send = { action = "INIT", data = { do = "compute" } }
expect = { screen = "NEXT" }
"#;

const KEEPING: &str = r#"
[[step]]
send = { action = "INIT", data = { do = "insist", key = "k", count = 7 } }
expect = { data = { answered = 7 }, screen = "NEXT" }

[[step]]
send = { action = "data_exchange", screen = "NEXT", data = { do = "set", key = "k", value = "v" } }
expect = { screen = "NEXT" }

[[step]]
send = { action = "data_exchange", screen = "NEXT", data = { do = "flood", value = "line", count = 3 } }
expect = { screen = "NEXT" }
"#;
