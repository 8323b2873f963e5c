//! The clinic's appointment flow, from the first screen to the last.

use flowhost_client::{FlowClient, payload};
use flowhost_tests::{Component, TestHost};
use serde_json::{Map, Value, json};

#[tokio::test]
async fn an_appointment_is_booked_with_a_way_back_and_two_mistakes() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Appointment).await;
    let flow_json = include_str!("../../../plugins/appointment/flow.json");
    flow.call("PUT", "/flow-json", serde_json::from_str(flow_json).unwrap()).await.expect(204);
    let client = flow.client();
    let submit = async |screen, data: Value| {
        call(&client, payload::data_exchange(screen, data, TOKEN)).await
    };

    let mut reply = call(&client, payload::init(TOKEN)).await;
    assert_eq!(reply["screen"], "APPOINTMENT");
    assert_eq!(reply["data"]["is_location_enabled"], false);
    let mut choice = Map::new();
    for list in ["department", "location", "date", "time"] {
        choice.insert(list.to_owned(), first_enabled(&reply["data"][list]));
        let mut data = choice.clone();
        data.insert("trigger".to_owned(), format!("{list}_selected").into());
        reply = submit("APPOINTMENT", data.into()).await;
        assert_eq!(reply["screen"], "APPOINTMENT");
        assert_eq!(reply["data"]["chosen"][list], choice[list]);
    }

    let no_such_time = [choice.clone(), Map::from_iter([("time".to_owned(), json!("03:15"))])]
        .into_iter()
        .flatten();
    let refused = submit("APPOINTMENT", Value::Object(no_such_time.collect())).await;
    assert_eq!(refused["screen"], "APPOINTMENT");
    assert_eq!(
        refused["data"]["error_message"],
        "This time is no longer free. Please choose another one."
    );

    assert_eq!(submit("APPOINTMENT", choice.clone().into()).await["screen"], "DETAILS");
    let mistaken = submit("DETAILS", contact("ana.example.com")).await;
    assert_eq!(mistaken["screen"], "DETAILS");
    assert!(mistaken["data"]["error_message"].as_str().unwrap().contains("email"), "{mistaken}");
    assert_eq!(mistaken["data"]["chosen"]["name"], "Ana Souza");
    assert_eq!(submit("DETAILS", contact("ana@example.com")).await["screen"], "SUMMARY");

    let back = call(&client, payload::back("SUMMARY", TOKEN)).await;
    assert_eq!(back["screen"], "DETAILS");
    assert_eq!(back["data"]["chosen"]["email"], "ana@example.com");
    assert_eq!(submit("DETAILS", contact("ana.souza@example.com")).await["screen"], "SUMMARY");

    let done = submit("SUMMARY", json!({"terms": true})).await;
    let params = &done["data"]["extension_message_response"]["params"];
    assert_eq!(done["screen"], "SUCCESS");
    assert_eq!(params["flow_token"], TOKEN);
    assert_eq!(params["email"], "ana.souza@example.com");
    for (name, value) in &choice {
        assert_eq!(params[name], *value);
    }

    let session = flow.session().await;
    assert_eq!(session["status"], "completed");
    assert_eq!(session["screen"], "SUCCESS");
    assert_eq!(session["exchanges"], 12);
    let history: Vec<_> = session["history"].as_array().unwrap().iter().map(step).collect();
    assert_eq!(
        history,
        [
            (1, "INIT", None, Some("APPOINTMENT"), "screen"),
            (2, "data_exchange", Some("APPOINTMENT"), Some("APPOINTMENT"), "screen"),
            (3, "data_exchange", Some("APPOINTMENT"), Some("APPOINTMENT"), "screen"),
            (4, "data_exchange", Some("APPOINTMENT"), Some("APPOINTMENT"), "screen"),
            (5, "data_exchange", Some("APPOINTMENT"), Some("APPOINTMENT"), "screen"),
            (6, "data_exchange", Some("APPOINTMENT"), Some("APPOINTMENT"), "screen"),
            (7, "data_exchange", Some("APPOINTMENT"), Some("DETAILS"), "screen"),
            (8, "data_exchange", Some("DETAILS"), Some("DETAILS"), "screen"),
            (9, "data_exchange", Some("DETAILS"), Some("SUMMARY"), "screen"),
            (10, "BACK", Some("SUMMARY"), Some("DETAILS"), "screen"),
            (11, "data_exchange", Some("DETAILS"), Some("SUMMARY"), "screen"),
            (12, "data_exchange", Some("SUMMARY"), Some("SUCCESS"), "completed"),
        ]
    );
    assert!(
        session["history"]
            .as_array()
            .unwrap()
            .iter()
            .all(|exchange| exchange["plugin_version"] == 1)
    );

    let late = client.call(&payload::init(TOKEN)).await.unwrap();
    assert_eq!(late.status, 427);
    let text = late.payload.unwrap()["error_msg"].as_str().unwrap().to_owned();
    assert_eq!(
        Value::from(text),
        flow.call("GET", "", Value::Null).await.expect(200)["settings"]["token_rejected_text"]
    );
    assert_eq!(flow.session().await["status"], "completed");
}

#[tokio::test]
async fn a_clients_error_report_is_acknowledged_and_kept_with_the_session() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let client = flow.client();
    call(&client, payload::init(TOKEN)).await;

    let report =
        payload::error_notification("NEXT", "payload-schema-error", "missing field: name", TOKEN);
    let acknowledged = call(&client, report).await;
    let of_nobody =
        call(&client, payload::error_notification("NEXT", "timeout_error", "", "unknown token"))
            .await;

    assert_eq!(acknowledged, json!({"data": {"acknowledged": true}}));
    assert_eq!(of_nobody, acknowledged);
    let session = flow.session().await;
    assert_eq!(session["exchanges"], 1);
    let reports = session["client_errors"].as_array().unwrap();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0]["key"], "payload-schema-error");
    assert_eq!(reports[0]["message"], "missing field: name");
    assert_eq!(reports[0]["screen"], "NEXT");
}

#[tokio::test]
async fn a_failing_plugin_does_not_change_an_error_reports_acknowledgement() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant
        .flow(
            "booking",
            json!({"limits": {"memory_bytes": 1 << 20, "cpu_ms": 1}}),
            Component::Hoarder,
        )
        .await;
    let without_plugin = tenant.flow_without_plugin("empty", json!({})).await;
    let report = payload::error_notification("NEXT", "timeout_error", "", TOKEN);

    assert_eq!(call(&flow.client(), report.clone()).await, json!({"data": {"acknowledged": true}}));
    assert_eq!(
        call(&without_plugin.client(), report).await,
        json!({"data": {"acknowledged": true}})
    );
}

#[tokio::test]
async fn a_ping_says_active_only_where_a_plugin_is() {
    let host = TestHost::start().await;
    let tenant = host.tenant("acme").await;
    let flow = tenant.flow_without_plugin("booking", json!({})).await;

    let before = flow.client().call(&payload::ping()).await.unwrap();
    let asked_before = flow.client().call(&payload::init(TOKEN)).await.unwrap();
    flow.deploy(Component::Steady).await;
    let after = call(&flow.client(), payload::ping()).await;

    assert_eq!((before.status, before.payload), (503, None));
    assert_eq!((asked_before.status, asked_before.payload), (503, None));
    assert_eq!(after, json!({"data": {"status": "active"}}));
    assert_eq!(flow.sessions().await, Vec::<Value>::new());
}

/// Sends a request and opens the answer, which must be a 200.
async fn call(client: &FlowClient, payload: Value) -> Value {
    let reply = client.call(&payload).await.unwrap();
    assert_eq!(reply.status, 200, "{payload}");
    reply.payload.unwrap()
}

fn first_enabled(list: &Value) -> Value {
    let line = list.as_array().unwrap().iter().find(|line| line["enabled"] != false);
    line.expect("something to pick")["id"].clone()
}

fn contact(email: &str) -> Value {
    json!({"name": "Ana Souza", "email": email, "phone": "+55 11 91234-5678", "more_details": ""})
}

fn step(exchange: &Value) -> (i64, &str, Option<&str>, Option<&str>, &str) {
    let text = |field: &str| exchange[field].as_str();
    (
        exchange["number"].as_i64().unwrap(),
        text("action").unwrap(),
        text("screen_in"),
        text("screen_out"),
        text("outcome").unwrap(),
    )
}

const TOKEN: &str = "conversation-token";
