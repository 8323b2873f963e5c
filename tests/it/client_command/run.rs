//! `flowhost client run`: scenarios played against endpoints.

use flowhost_tests::{Component, Ended, NodeEndpoint, TestFlow, TestHost, flowhost, repository};
use serde_json::{Value, json};

use super::{client, flow_json};

#[tokio::test]
async fn a_scenario_passes_again_and_again_at_an_endpoint_of_somebody_else() {
    let endpoint = NodeEndpoint::start();

    for _ in 0..2 {
        let ended =
            client("run", &endpoint, &["--flow-json", &flow_json(), &scenario("order")]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("order ... ok (7 steps"), "{ended:?}");
        for skipped in ["skipped: seed is not played", "skipped: step 5: `state` is not looked at"]
        {
            assert!(ended.stdout.contains(skipped), "{skipped}: {ended:?}");
        }
    }
}

#[tokio::test]
async fn what_differs_is_shown_with_its_place() {
    let endpoint = NodeEndpoint::start();

    let ended = client("run", &endpoint, &[&scenario("price"), &scenario("order")]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for expected in [
        "price ... FAILED",
        "/data/total",
        "expected 8",
        "came     9",
        "expected 404",
        "1 passed, 1 failed",
    ] {
        assert!(ended.stdout.contains(expected), "{expected}: {ended:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("report.xml");
    let machine = client(
        "run",
        &endpoint,
        &[&scenario("price"), "--json", "--junit", junit.to_str().unwrap()],
    )
    .await;
    assert_eq!(machine.code, Some(1), "{machine:?}");
    assert!(std::fs::read_to_string(junit).unwrap().contains("<failure message"));
    let report = report(&machine);
    let total = json!({"pointer": "/data/total", "expected": 8, "came": 9});
    assert_eq!(report["scenarios"][0]["steps"][0]["differences"], json!([total]));
    assert_eq!(report["passed"], false);
}

#[tokio::test]
async fn what_a_phone_would_not_show_fails_a_scenario_that_expects_it() {
    let endpoint = NodeEndpoint::with_bug("wrong-type");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("typed.toml");
    let text = "[[step]]\nsend = { action = \"data_exchange\", screen = \"ORDER\", data = { size = \"small\" } }\n\
                expect = { screen = \"SUMMARY\", data.total = \"9\" }\n";
    std::fs::write(&path, text).unwrap();

    let blind = client("run", &endpoint, &[path.to_str().unwrap()]).await;
    assert_eq!(blind.code, Some(0), "{blind:?}");
    let seeing =
        client("run", &endpoint, &[path.to_str().unwrap(), "--flow-json", &flow_json()]).await;
    assert_eq!(seeing.code, Some(1), "{seeing:?}");
    assert!(
        seeing.stdout.contains("step 1:") && seeing.stdout.contains("/data/total"),
        "{seeing:?}"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_open_ends_the_scenario_with_the_reason() {
    let ended =
        client("run", &NodeEndpoint::with_bug("nonce-of-12-bytes"), &[&scenario("order")]).await;

    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("step 1: the nonce has 12 bytes"), "{ended:?}");
}

#[tokio::test]
async fn scenarios_that_can_not_be_read_are_bad_usage() {
    let endpoint = NodeEndpoint::start();

    let missing = client("run", &endpoint, &["no-such-file.toml"]).await;
    assert_eq!(missing.code, Some(64), "{missing:?}");
    assert!(missing.stderr.contains("no-such-file.toml"), "{missing:?}");
    let two =
        client("run", &endpoint, &[&scenario("order"), &scenario("price"), "--flow-token", "t"])
            .await;
    assert_eq!(two.code, Some(64), "{two:?}");
}

/// The same scenarios test a plugin in the sandbox and where it is deployed.
#[tokio::test]
async fn a_plugins_own_scenarios_pass_at_the_host_that_it_is_deployed_to() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    let folder = tempfile::tempdir().unwrap();
    let public_key = folder.path().join("acme.pem");
    std::fs::write(&public_key, &acme.public_key_pem).unwrap();
    let run = async |flow: &TestFlow, plugin: &str, scenario: &str, extra: &[&str]| {
        let file = repository(&format!("plugins/{plugin}/scenarios/{scenario}.toml"));
        let mut command =
            flowhost(&["client", "run", &file, "--json", "--url", &flow.url(), "--public-key"]);
        command.arg(&public_key).args(extra).env("FLOWHOST_APP_SECRET", &acme.app_secret);
        let ended = Ended::of(command).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(report(&ended)["passed"], true, "{ended:?}");
    };

    let echo = acme.flow("echo", json!({}), Component::Echo).await;
    run(&echo, "echo", "echo", &[]).await;
    // A token minted by the host carries the context and the day of the scenario.
    let booking = acme.flow("booking", json!({}), Component::Appointment).await;
    let context = json!({"context": {"name": "Ana Silva", "today": "2026-11-20"}});
    let minted = booking.call("POST", "/tokens", context).await.expect(201);
    let flow_json = repository("plugins/appointment/flow.json");
    let extra = ["--flow-token", minted["flow_token"].as_str().unwrap(), "--flow-json", &flow_json];
    run(&booking, "appointment", "booking", &extra).await;
}

/// The scenario's context, and a token of the host's, without a word in the scenario.
#[tokio::test]
async fn a_flow_that_admits_minted_tokens_only_is_played_with_mint() {
    let host = TestHost::start().await;
    let acme = host.tenant("acme").await;
    let settings = json!({"token_policy": "minted"});
    let booking = acme.flow("booking", settings, Component::Appointment).await;
    let folder = tempfile::tempdir().unwrap();
    let public_key = folder.path().join("acme.pem");
    std::fs::write(&public_key, &acme.public_key_pem).unwrap();
    let written = repository("plugins/appointment/scenarios/booking.toml");
    let written = std::fs::read_to_string(written).unwrap();
    // The host has another day than the scenario.
    let text = written.replace("context = { ", "context = { today = \"2026-11-20\", ");
    assert_ne!(text, written);
    let scenario = folder.path().join("booking.toml");
    std::fs::write(&scenario, text).unwrap();
    let run = async |url: &str, token: &str, extra: &[&str]| {
        let mut command = flowhost(&["client", "run", "--url", url, "--public-key"]);
        command.arg(&public_key).arg(&scenario).args(extra);
        command.env("FLOWHOST_APP_SECRET", &acme.app_secret);
        command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", token);
        Ended::of(command).await
    };
    let (url, token) = (booking.url(), host.admin_token());

    let stranger = run(&url, token, &[]).await;
    assert_eq!(stranger.code, Some(1), "{stranger:?}");
    for _ in 0..2 {
        let minted = run(&url, token, &["--mint"]).await;
        assert_eq!(minted.code, Some(0), "{minted:?}");
        assert!(!minted.stdout.contains("context"), "{minted:?}");
    }
    let nobody = run(&url, "fht_nobodys-token-of-all", &["--mint"]).await;
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    assert!(nobody.stderr.contains("set FLOWHOST_TOKEN"), "{nobody:?}");
    let elsewhere = run(&url.replace("booking", "nothing"), token, &["--mint"]).await;
    assert_eq!(elsewhere.code, Some(1), "{elsewhere:?}");
    assert!(
        elsewhere.stderr.contains("no flow token can be minted for nothing of acme"),
        "{elsewhere:?}"
    );
    let foreign = run("https://example.com/flow", token, &["--mint"]).await;
    assert_eq!(foreign.code, Some(64), "{foreign:?}");
    assert!(foreign.stderr.contains("/flows/TENANT/FLOW"), "{foreign:?}");
}

fn scenario(name: &str) -> String {
    repository(&format!("tests/fixtures/interop/scenarios/{name}.toml"))
}

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}
