//! The real program: it survives being killed, stops in order, and reports what is wrong.

use flowhost_client::payload;
use flowhost_protocol::crypto::MasterKey;
use flowhost_server::config::AdminToken;
use flowhost_tests::{
    Component, DataFolder, Ended, HostProcess, TestDatabase, asking, flowhost, program,
};
use serde_json::json;

#[test]
fn the_tests_run_the_program_that_was_built_with_them() {
    assert_eq!(program(), std::path::Path::new(env!("CARGO_BIN_EXE_flowhost")));
}

#[tokio::test]
async fn a_host_that_is_killed_right_after_a_reply_has_lost_nothing() {
    let data = DataFolder::new();
    let host = HostProcess::dev(&data).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.count("token-of-ana").await, 1);
    let request = flow.client().seal(&asking("count", "token-of-ana")).unwrap();
    let reply = flow.client().send(&request).await.unwrap();
    host.kill();

    let host = HostProcess::dev(&data).await;

    let flow = flow.moved_to(host.adopt(&flow.tenant));
    assert_eq!(request.open(&reply.body).unwrap()["data"]["count"], 2);
    let session = flow.session().await;
    assert_eq!(
        (&session["exchanges"], &session["history"][1]["outcome"]),
        (&json!(2), &json!("screen"))
    );
    let repeated = flow.client().send(&request).await.unwrap();
    assert_eq!((repeated.status, repeated.body), (200, reply.body));
    assert_eq!(flow.count("token-of-ana").await, 3);
}

#[tokio::test]
async fn a_host_that_is_asked_to_stop_answers_what_is_under_way() {
    let data = DataFolder::new();
    let host = HostProcess::dev(&data).await;
    let settings = json!({"limits": {"concurrency": 1, "queue": 0, "wall_ms": 3000}, "on_failure": "error-message", "failure_text": "Slow."});
    let flow = host.tenant("acme").await.flow("booking", settings, Component::Slow).await;
    let client = flow.client();
    let slow = tokio::spawn(async move {
        loop {
            let reply = client.call(&asking("sleep", "slow")).await.unwrap();
            if reply.status != 429 {
                return reply;
            }
        }
    });
    flowhost_tests::eventually("the slow request has the only place", async || {
        (flow.ask("nothing", "token-of-a-probe").await.status == 429).then_some(())
    })
    .await;

    host.terminate();
    let reply = slow.await.unwrap();

    assert_eq!(reply.status, 200);
    assert_eq!(reply.payload, Some(json!({"screen": "FORM", "data": {"error_message": "Slow."}})));
    assert_eq!(host.ended().await.code(), Some(0));
    assert!(!data.ready_file().exists());

    let host = HostProcess::dev(&data).await;
    let sessions = flow.moved_to(host.adopt(&flow.tenant)).sessions().await;
    assert!(sessions.iter().any(|session| session["exchanges"] == 1), "{sessions:?}");
}

#[tokio::test]
async fn a_second_host_on_a_data_folder_in_use_is_refused_with_the_reason() {
    let data = DataFolder::new();
    let host = HostProcess::dev(&data).await;

    let mut command = flowhost(&[
        "dev",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
        "--data-dir",
    ]);
    command.arg(data.path());
    let second = Ended::of(command).await;

    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.stderr.contains("data"), "{second:?}");
    assert!(
        second.stderr.contains(&host.id().to_string()),
        "the message names the process that uses it: {second:?}"
    );
    assert_eq!(host.admin().get("/readyz").await.status, 200);
}

#[tokio::test]
async fn migrations_come_before_a_host_in_production() {
    let database = TestDatabase::empty().await;
    let folder = tempfile::tempdir().unwrap();
    let token = AdminToken::generate();
    let key = MasterKey::generate().to_base64().to_string();
    let in_production = |arguments: &[&str]| {
        let mut command = flowhost(arguments);
        command
            .env("DATABASE_URL", database.url())
            .env("FLOWHOST_MASTER_KEY", &key)
            .env("FLOWHOST_ADMIN_TOKEN", token.expose());
        command
    };

    let too_early = Ended::of(in_production(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ]))
    .await;
    assert_eq!(too_early.code, Some(1), "{too_early:?}");
    assert!(too_early.stderr.contains("flowhost migrate"), "{too_early:?}");
    let migrated = Ended::of(in_production(&["migrate", "--json"])).await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    assert!(
        serde_json::from_str::<serde_json::Value>(&migrated.stdout).unwrap()["applied"]
            .as_array()
            .unwrap()
            .len()
            > 1
    );
    let again = Ended::of(in_production(&["migrate"])).await;
    assert_eq!((again.code, again.stdout.trim()), (Some(0), "The database is up to date."));

    let host = HostProcess::serving(in_production(&["serve"]), folder.path(), token.expose()).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    assert_eq!(flow.client().call(&payload::init("token-of-ana")).await.unwrap().status, 200);
    host.terminate();
    assert_eq!(host.ended().await.code(), Some(0));
}

#[tokio::test]
async fn missing_configuration_is_named_in_full_at_once() {
    let ended = Ended::of(flowhost(&["serve"])).await;

    assert_eq!(ended.code, Some(64), "{ended:?}");
    for name in ["DATABASE_URL", "FLOWHOST_MASTER_KEY"] {
        assert!(ended.stderr.contains(name), "{name} is not in {}", ended.stderr);
    }
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_an_error_that_says_so() {
    let mut command =
        flowhost(&["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    command.env("DATABASE_URL", "postgres://nobody:pa55word@127.0.0.1:1/nothing");
    command.env("FLOWHOST_MASTER_KEY", MasterKey::generate().to_base64().as_str());

    let ended = Ended::of(command).await;

    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("database"), "{ended:?}");
    assert!(!ended.stderr.contains("pa55word"), "{ended:?}");
}

#[tokio::test]
async fn help_is_0_and_bad_usage_64() {
    for arguments in
        [&["--help"][..], &["--version"], &["dev", "--help"], &["plugin", "build", "--help"]]
    {
        let ended = Ended::of(flowhost(arguments)).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(ended.stdout.contains("flowhost"), "{arguments:?}: {}", ended.stdout);
    }
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["serve", "--colour"],
        &["tenant"],
        &["dev", "--listen", "nowhere"],
    ] {
        let ended = Ended::of(flowhost(arguments)).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{arguments:?}: {ended:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
async fn the_demo_shows_the_whole_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("appointment.wasm");
    std::fs::write(&component, Component::Appointment.bytes().await).unwrap();

    let mut command = flowhost(&["demo", "--json", "--component"]);
    command.arg(&component);
    let ended = Ended::of(command).await;

    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(report.to_string().contains("SUCCESS"), "{report}");
}
