//! `flowhost client call`: one request, and how the phone would react to the answer.

use flowhost_tests::{Component, Ended, NodeEndpoint, TestCertificate, TestHost, flowhost};
use serde_json::{Value, json};

use super::{client, flow_json};

#[tokio::test]
async fn an_endpoint_of_somebody_else_is_called_and_understood() {
    let endpoint = NodeEndpoint::start();

    let ping = client("call", &endpoint, &[]).await;
    assert_eq!(ping.code, Some(0), "{ping:?}");
    assert!(ping.stdout.contains("The health check passes."), "{ping:?}");
    let init = client("call", &endpoint, &["--action", "INIT", "--flow-json", &flow_json()]).await;
    assert_eq!(init.code, Some(0), "{init:?}");
    assert!(init.stdout.contains("The phone shows screen ORDER."), "{init:?}");
    let data = r#"{"name":"Nobody","size":"large"}"#;
    let slip = [
        "--action",
        "data_exchange",
        "--screen",
        "ORDER",
        "--data",
        data,
        "--flow-json",
        &flow_json(),
    ];
    let slip = client("call", &endpoint, &slip).await;
    assert_eq!(slip.code, Some(0), "{slip:?}");
    assert!(slip.stdout.contains("a message on it: Who is it for?"), "{slip:?}");
    let done = [
        "--action",
        "data_exchange",
        "--screen",
        "SUMMARY",
        "--data",
        r#"{"tip":"2"}"#,
        "--flow-token",
        "t-1",
        "--json",
    ];
    let done = judgement(&client("call", &endpoint, &done).await);
    assert_eq!(done["outcome"], "closes");
    assert_eq!(done["params"], json!({"flow_token": "t-1", "tip": "2"}));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let endpoint = NodeEndpoint::start();

    let over = client("call", &endpoint, &["--action", "INIT", "--flow-token", "over"]).await;
    assert_eq!(over.code, Some(1));
    assert!(
        over.stdout.contains(
            "disables the button of the message for good, and shows: This order is closed."
        ),
        "{over:?}"
    );
    let mut forged = flowhost(&["client", "call"]);
    // The environment's secret applies if no file is given.
    let known = endpoint.arguments();
    forged.args(&known[..4]).env("FLOWHOST_APP_SECRET", "a secret that nobody may see");
    let forged = Ended::of(forged).await;
    assert_eq!(forged.code, Some(1));
    assert!(forged.stdout.contains("432: it refused the signature"), "{forged:?}");
    assert!(!format!("{forged:?}").contains("nobody may see"), "{forged:?}");
    let unknown =
        client("call", &endpoint, &["--action", "data_exchange", "--screen", "NOWHERE"]).await;
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stdout.contains("unexpected_http_status_code"), "{unknown:?}");
}

/// Each message contains the words that the endpoint's author needs.
#[tokio::test]
async fn the_usual_bugs_are_named() {
    let init = ["--action", "INIT"];
    let over = ["--action", "INIT", "--flow-token", "over"];
    let notice = [
        "--payload",
        r#"{"version":"3.0","action":"data_exchange","data":{"error":"timeout_error"},"flow_token":"t"}"#,
    ];
    let cases: [(&str, &[&str], &str); 17] = [
        ("iv-not-inverted", &init, "the IV is not inverted"),
        ("nonce-of-12-bytes", &init, "the nonce has 12 bytes"),
        ("plain-text", &init, "JSON in plain text"),
        ("base64-only", &init, "encoded, but not encrypted"),
        ("json-body", &init, "without quotes"),
        ("wrapped-body", &init, "a field of a JSON object"),
        ("tag-missing", &init, "the authentication tag is missing"),
        ("empty-body", &init, "the body is empty"),
        ("plain-acknowledgement", &notice, "not acknowledged:\n  - the body is JSON in plain text"),
        (
            "plain-427",
            &over,
            "a 427 carries its text encrypted like any answer, but the body is JSON in plain text",
        ),
        ("421-always", &init, "it could not decrypt the request, the second time too"),
        ("504", &init, "its own time-out"),
        ("500", &init, "answered 500"),
        (
            "redirect",
            &init,
            "308: it redirects (reported as unexpected_http_status_code)\n  hint: it sends on to http://127.0.0.1:",
        ),
        ("not-found", &init, "hint: is /pizza the whole path?"),
        (
            "json-twice",
            &init,
            "  - the whole reply is a string, not a JSON object (reported as payload-schema-error)\n  hint: it was made JSON twice",
        ),
        ("list", &init, "  - the whole reply is an array, not a JSON object"),
    ];

    for (bug, arguments, words) in cases {
        let endpoint = NodeEndpoint::with_bug(bug);
        let ended = client("call", &endpoint, arguments).await;
        assert_eq!(ended.code, Some(1), "{bug}: {ended:?}");
        assert!(ended.stdout.contains(words), "{bug}: {ended:?}");
    }
}

#[tokio::test]
async fn what_is_shown_and_was_not_meant_so_is_a_hint() {
    let endpoint = NodeEndpoint::with_bug("action-complete");

    let ended = client("call", &endpoint, &["--action", "INIT"]).await;

    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stdout.contains(
            "The phone shows screen MY_SCREEN.\n  hint: `action` means nothing in a reply."
        ),
        "{ended:?}"
    );
    assert!(ended.stdout.contains("the screen is SUCCESS"), "{ended:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_named_and_can_be_trusted() {
    let certificate = TestCertificate::generate();
    let host = TestHost::configured(|config| config.tls = Some(certificate.files())).await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Echo).await;
    let folder = tempfile::tempdir().unwrap();
    let public_key = folder.path().join("acme.pem");
    std::fs::write(&public_key, &flow.tenant.public_key_pem).unwrap();
    let call = async |trusted: Option<&std::path::Path>| {
        let mut command = flowhost(&["client", "call", "--url", &flow.url(), "--public-key"]);
        command.arg(&public_key).env("FLOWHOST_APP_SECRET", &flow.tenant.app_secret);
        trusted.map(|file| command.env("SSL_CERT_FILE", file));
        Ended::of(command).await
    };

    let stranger = call(None).await;
    assert_eq!(stranger.code, Some(1), "{stranger:?}");
    assert!(
        stranger.stdout.contains("cannot reach the endpoint: its certificate was signed by nobody"),
        "{stranger:?}"
    );
    assert!(stranger.stdout.contains("in SSL_CERT_FILE"), "{stranger:?}");
    let known = call(Some(&certificate.files().certificate)).await;
    assert_eq!(known.code, Some(0), "{known:?}");
    let help = Ended::of(flowhost(&["client", "call", "--help"])).await;
    assert!(help.stdout.contains("SSL_CERT_FILE"), "{help:?}");
}

#[tokio::test]
async fn a_file_that_is_no_public_key_is_described() {
    let folder = tempfile::tempdir().unwrap();
    for (text, words) in [
        ("nothing", "there is no PEM in it"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n", "openssl pkey -in FILE -pubout"),
    ] {
        let file = folder.path().join("key.pem");
        std::fs::write(&file, text).unwrap();
        let mut command =
            flowhost(&["client", "call", "--url", "http://127.0.0.1:1/", "--public-key"]);
        command.arg(&file).env("FLOWHOST_APP_SECRET", "secret");
        let ended = Ended::of(command).await;
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
}

#[tokio::test]
async fn a_421_is_asked_once_more_and_a_slow_answer_is_a_hint() {
    let forgetful = NodeEndpoint::with_bug("421-once");
    let again = client("call", &forgetful, &["--action", "INIT"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains("at the second attempt"), "{again:?}");

    let late = NodeEndpoint::with_bug("late");
    let hinted = client("call", &late, &["--action", "INIT", "--json"]).await;
    assert_eq!(hinted.code, Some(0), "{hinted:?}");
    assert!(judgement(&hinted)["hints"][0].as_str().unwrap().contains("Meta alerts"), "{hinted:?}");
}

#[tokio::test]
async fn our_own_host_passes_as_any_other() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Appointment).await;
    let folder = tempfile::tempdir().unwrap();
    let public_key = folder.path().join("acme.pem");
    std::fs::write(&public_key, &flow.tenant.public_key_pem).unwrap();
    let call = async |extra: &[&str]| {
        let mut command =
            flowhost(&["client", "call", "--json", "--url", &flow.url(), "--public-key"]);
        command.arg(&public_key).args(extra).env("FLOWHOST_APP_SECRET", &flow.tenant.app_secret);
        judgement(&Ended::of(command).await)
    };

    assert_eq!(call(&[]).await["outcome"], "active");
    let shown = call(&["--action", "INIT", "--data-api-version", "4.0"]).await;
    assert_eq!(
        (&shown["outcome"], &shown["screen"]),
        (&json!("shows-screen"), &json!("APPOINTMENT"))
    );
    let notice = r#"{"version":"3.0","action":"INIT","data":{"error":""},"flow_token":"t"}"#;
    assert_eq!(call(&["--payload", notice]).await["outcome"], "acknowledged");
}

fn judgement(ended: &Ended) -> Value {
    let printed: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    printed["judgement"].clone()
}
