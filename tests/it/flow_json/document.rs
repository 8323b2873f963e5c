//! The document itself: uploaded, shown, deleted, or refused with everything that is wrong with it.

use flowhost_tests::{
    Component, Ended, RawConnection, TestFlow, TestHost, eventually, flowhost, repository,
};
use serde_json::{Value, json};

use super::{document, put};

#[tokio::test]
async fn is_kept_byte_for_byte_until_it_is_deleted() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let digest =
        async || flow.call("GET", "", Value::Null).await.expect(200)["flow_json_digest"].clone();
    flow.call("GET", "/flow-json", Value::Null).await.problem(404);
    flow.call("DELETE", "/flow-json", Value::Null).await.problem(404);
    assert_eq!(digest().await, Value::Null);

    // Formatted as no serializer would.
    let text =
        format!("\n\t{}  \r\n", document().to_string().replace(",\"screens\"", " ,\n\"screens\""));
    upload(&host, "booking", text.clone().into_bytes()).await.expect(204);
    let shown = flow.call("GET", "/flow-json", Value::Null).await;
    assert_eq!(
        (shown.status, shown.content_type.as_str(), shown.text),
        (200, "application/json", text)
    );
    let first = digest().await;
    assert!(first.as_str().unwrap().starts_with("sha256:"), "{first}");

    put(&flow, &document()).await;
    assert_ne!(digest().await, first);
    flow.call("DELETE", "/flow-json", Value::Null).await.expect(204);
    flow.call("GET", "/flow-json", Value::Null).await.problem(404);
    assert_eq!(digest().await, Value::Null);
    let entries =
        host.admin().get("/v1/audit").await.expect(200)["entries"].as_array().unwrap().clone();
    let of_it: Vec<_> = entries
        .iter()
        .filter(|entry| entry["action"].as_str().unwrap().starts_with("flow-json."))
        .collect();
    let actions: Vec<_> = of_it
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["target"].as_str().unwrap()))
        .collect();
    assert_eq!(
        actions,
        [
            ("flow-json.delete", "booking"),
            ("flow-json.set", "booking"),
            ("flow-json.set", "booking")
        ]
    );
    assert_eq!(of_it[2]["after"]["digest"], first);
    assert_eq!(
        (&of_it[2]["after"]["version"], &of_it[2]["after"]["screens"]),
        (&json!("7.3"), &json!(5))
    );
    assert_eq!(of_it[1]["before"]["digest"], first);
}

#[tokio::test]
async fn one_that_is_wrong_is_refused_with_every_finding_and_changes_nothing() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    put(&flow, &document()).await;
    let mut wrong = document();
    wrong["version"] = "1.0".into();
    wrong["routing_model"]["LAST"] = json!(["NOWHERE"]);
    wrong["screens"][4]["layout"]["children"] = json!([]);

    let refused = flow.call("PUT", "/flow-json", wrong).await;

    let detail = refused.problem(422);
    assert!(
        detail.contains(
            "/routing_model/LAST/0: there is no screen \"NOWHERE\" [INVALID_ROUTING_MODEL]"
        ),
        "{detail}"
    );
    let findings = refused.json["findings"].as_array().unwrap();
    let mut places: Vec<_> = findings
        .iter()
        .map(|finding| (finding["pointer"].as_str(), finding["name"].as_str()))
        .collect();
    places.sort();
    assert_eq!(
        places,
        [
            (Some("/routing_model/LAST/0"), Some("INVALID_ROUTING_MODEL")),
            (Some("/screens/4"), Some("MISSING_FOOTER_ON_TERMINAL_SCREEN")),
            (Some("/version"), Some("INVALID_FLOW_JSON_VERSION")),
        ]
    );
    assert!(findings.iter().all(|finding| finding["level"] == "error"), "{findings:?}");
    assert!(
        findings.iter().all(|finding| finding["line"] == 1 && finding["column"].is_u64()),
        "{findings:?}"
    );
    assert!(
        findings
            .iter()
            .all(|finding| finding["message"].as_str().is_some_and(|message| !message.is_empty()))
    );
    assert_eq!(flow.call("GET", "/flow-json", Value::Null).await.expect(200), document());
    for body in ["", "{", "[]", "\u{0}"] {
        let reply = upload(&host, "booking", body.into()).await;
        reply.problem(422);
        assert_eq!(reply.json["findings"][0]["name"], "INVALID_FLOW_JSON", "{body:?}");
    }
    upload(&host, "nothing", document().to_string().into()).await.problem(404);
}

#[tokio::test]
async fn one_that_has_notes_is_taken_and_who_asks_for_them_gets_them() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let mut noted = document();
    noted["version"] = "7.2".into();
    noted["screens"][4]["layout"]["children"] = json!([]);

    let taken = upload(&host, "booking", noted.to_string().into()).await;

    assert_eq!((taken.status, taken.text.as_str()), (204, ""), "as it always was");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flow.json");
    std::fs::write(&file, noted.to_string()).unwrap();
    let set = ["flow", "json", "set", "acme", "booking", file.to_str().unwrap()];
    let told = run(&host, &set).await;
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let column = noted.to_string().find("{\"id\":\"LAST\"").unwrap() + 1;
    assert!(
        told.stderr.starts_with(&format!("note: {}:1:{column} /screens/4: ", file.display()))
            && told.stderr.contains("[MISSING_FOOTER_ON_TERMINAL_SCREEN]"),
        "{}",
        told.stderr
    );
    let machine = run(&host, &[&set[..], &["--json"]].concat()).await;
    let answer: Value = serde_json::from_str(&machine.stdout).unwrap();
    let note = &answer["notes"][0];
    assert_eq!(
        (&note["level"], &note["pointer"]),
        (&json!("note"), &json!("/screens/4")),
        "{}",
        machine.stdout
    );
    assert_eq!((&note["line"], &note["column"]), (&json!(1), &json!(column)));
    noted["version"] = "6.9".into();
    let refused = flow.call("PUT", "/flow-json", noted).await;
    refused.problem(422);
    let levels: Vec<_> = refused.json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["level"].clone())
        .collect();
    assert!(levels.contains(&json!("error")), "{levels:?}");
}

#[tokio::test]
async fn a_byte_order_mark_is_refused_by_its_name() {
    let host = TestHost::start().await;
    host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let refused = upload(&host, "booking", format!("\u{feff}{}", document()).into()).await;
    assert!(refused.problem(422).contains("byte order mark"), "{}", refused.text);
}

#[tokio::test]
async fn ten_megabytes_are_taken_and_one_byte_more_is_not() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let mut large = document();
    large["screens"][0]["data"]["greeting"]["__example__"] = "".into();
    let room = (10 << 20) - large.to_string().len();
    large["screens"][0]["data"]["greeting"]["__example__"] = "x".repeat(room).into();

    upload(&host, "booking", large.to_string().into()).await.expect(204);
    let too_large = upload(&host, "booking", format!("{large} ").into()).await;

    assert!(too_large.problem(413).contains("10 MiB for a Flow JSON"), "{}", too_large.text);
    assert_eq!(flow.call("GET", "/flow-json", Value::Null).await.text.len(), 10 << 20);
    // Other routes keep their smaller limit.
    let body = json!({"failure_text": "x".repeat(2 << 20)});
    flow.call("PATCH", "", body).await.problem(413);
}

#[tokio::test]
async fn uploads_that_dawdle_take_the_places_of_their_tenant_only() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let other = host.tenant("other").await.flow_without_plugin("booking", json!({})).await;
    let head = format!(
        "PUT /v1/tenants/acme/flows/booking/flow-json HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 9\r\n\r\n{{",
        host.admin_token()
    );
    let mut dawdling = Vec::new();

    eventually("there is no place left", async || {
        // One more connection each time: an earlier one may have lost its place to this test's own
        // upload.
        let mut connection = RawConnection::open(&host.admin().url("")).await;
        connection.write(&head).await;
        dawdling.push(connection);
        let reply = upload(&host, "booking", document().to_string().into()).await;
        (reply.status == 429)
            .then(|| assert!(reply.problem(429).contains("4 uploads under way"), "{}", reply.text))
    })
    .await;
    put(&other, &document()).await;
    drop(dawdling);
    eventually("there are places again", async || {
        (flow.call("PUT", "/flow-json", document()).await.status == 204).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_command_sets_gets_and_deletes_it() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow_without_plugin("booking", json!({})).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flow.json");
    let text = format!("{:#}\n", document());
    std::fs::write(&file, &text).unwrap();
    let file = file.to_str().unwrap();

    let set = run(&host, &["flow", "json", "set", "acme", "booking", file]).await;
    assert_eq!((set.code, set.stderr.as_str()), (Some(0), ""));
    assert!(set.stdout.contains("booking"), "{}", set.stdout);
    let got = run(&host, &["flow", "json", "get", "acme", "booking"]).await;
    assert_eq!((got.code, got.stdout), (Some(0), text), "{}", got.stderr);
    let shown = run(&host, &["flow", "show", "acme", "booking"]).await;
    assert!(
        shown.stdout.contains("Flow JSON") && shown.stdout.contains("sha256:"),
        "{}",
        shown.stdout
    );

    std::fs::write(file, document().to_string().replace("7.3", "0.1")).unwrap();
    let refused = run(&host, &["flow", "json", "set", "acme", "booking", file]).await;
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("/version: \"0.1\" is no version")
            && refused.stderr.contains("INVALID_FLOW_JSON_VERSION")
    );
    let missing = run(&host, &["flow", "json", "set", "acme", "booking", "/does/not/exist"]).await;
    assert_eq!(missing.code, Some(64), "{}", missing.stderr);

    let deleted = run(&host, &["flow", "json", "delete", "acme", "booking", "--yes"]).await;
    assert_eq!(deleted.code, Some(0), "{}", deleted.stderr);
    flow.call("GET", "/flow-json", Value::Null).await.problem(404);
    let gone = run(&host, &["flow", "json", "get", "acme", "booking"]).await;
    assert!(gone.code == Some(1) && gone.stderr.contains("no such Flow JSON"), "{}", gone.stderr);
}

#[tokio::test]
async fn a_deployment_stops_at_a_wrong_flow_json_before_anything_is_uploaded() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Appointment).await;
    let project = project();
    let deploy = async |more: &[&str]| {
        let arguments =
            [&["plugin", "deploy", "acme", "booking", project.path().to_str().unwrap()], more]
                .concat();
        run(&host, &arguments).await
    };
    let text = std::fs::read_to_string(project.path().join("flow.json")).unwrap();
    upload(&host, "booking", text.clone().into()).await.expect(204);

    std::fs::write(
        project.path().join("flow.json"),
        text.replacen("\"SUMMARY\"", "\"SUMMERY\"", 1),
    )
    .unwrap();
    let refused = deploy(&[]).await;

    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("/routing_model/DETAILS/0: there is no screen \"SUMMERY\""),
        "{}",
        refused.stderr
    );
    assert_eq!(versions(&flow).await, 1, "nothing was uploaded");
}

/// A project that has only the sample plugin's Flow JSON and nothing to build.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let sample = repository("plugins/appointment/flow.json");
    std::fs::copy(sample, folder.path().join("flow.json")).unwrap();
    folder
}

async fn versions(flow: &TestFlow) -> usize {
    flow.call("GET", "/versions", Value::Null).await.expect(200)["versions"]
        .as_array()
        .unwrap()
        .len()
}

/// Uploads a Flow JSON as the operator, byte for byte.
async fn upload(host: &TestHost, flow: &str, body: Vec<u8>) -> flowhost_tests::AdminReply {
    let path = format!("/v1/tenants/acme/flows/{flow}/flow-json");
    host.admin().send("PUT", &path, "application/json", body).await
}

async fn run(host: &TestHost, arguments: &[&str]) -> Ended {
    let mut command = flowhost(arguments);
    command.env("FLOWHOST_URL", host.admin().url("")).env("FLOWHOST_TOKEN", host.admin_token());
    Ended::of(command).await
}
