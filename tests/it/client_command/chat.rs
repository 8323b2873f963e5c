//! `flowhost client chat`: a conversation on the terminal, driven through a pipe.

use std::io::Write as _;
use std::process::Stdio;

use flowhost_tests::{Component, Ended, NodeEndpoint, TestHost, flowhost, repository};
use serde_json::json;

use super::flow_json;

#[tokio::test]
async fn a_flow_is_filled_in_from_the_first_screen_to_the_last() {
    let endpoint = NodeEndpoint::start();

    // Name, size, topping, extras, the button. On the summary: into the coupon and back, the tip,
    // the button.
    let typed = ["Ana", "2", "Pineapple", "olives, 2", "", ":1", "4711", ":back", "1.5", ""];
    let ended = chat(&endpoint, &["--flow-json", &flow_json()], &typed).await;

    assert_eq!(ended.code, Some(0), "{ended:?}");
    for expected in [
        "━━ ORDER · Your pizza ━━",
        "# Hungry? Order here.",
        "Name* (text, at most 20 characters):",
        "  2) Large – For two",
        "  3) Pineapple",
        "━━ SUMMARY · Your order ━━\nlarge pineapple with olives and garlic for Ana\n· Total: 14 EUR\n:1 → I have a coupon",
        "Code (passcode, at most 80 characters): ••••\n",
        "━━ COUPON · Coupon ━━\nBefore the coupon: 14",
        "the chat gets {\"flow_token\":",
        "\"tip\":\"1.5\",\"coupon\":\"4711\"}",
    ] {
        assert!(ended.stdout.contains(expected), "{expected}: {}", ended.stdout);
    }
}

#[tokio::test]
async fn what_the_phone_would_not_accept_is_asked_again() {
    let endpoint = NodeEndpoint::start();

    let typed = [
        "",
        "a name that is longer than it may be",
        "Nobody",
        "small",
        "pineapple",
        "1",
        "",
        "",
        "Ana",
        ":dance",
        ":quit",
    ];
    let ended = chat(&endpoint, &["--flow-json", &flow_json()], &typed).await;

    assert_eq!(ended.code, Some(0), "{ended:?}");
    for expected in [
        "! This field is required",
        "! At most 20 characters, not 36",
        "  3) Pineapple (can't be picked)",
        "! Pineapple can't be picked",
        "! Who is it for?",
        "Name* (text, at most 20 characters) [Nobody]: ",
        "! :dance is no command",
    ] {
        assert!(ended.stdout.contains(expected), "{expected}: {}", ended.stdout);
    }
}

#[tokio::test]
async fn going_back_asks_the_endpoint_where_the_screen_says_so() {
    let endpoint = NodeEndpoint::start();

    let typed = [":back", "Ana", "1", "1", "", "", ":back", ":help", ":again"];
    let ended = chat(&endpoint, &["--flow-json", &flow_json()], &typed).await;

    // The end of the input ends the chat like `:quit`.
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("! This is the first screen"), "{}", ended.stdout);
    let after = ended.stdout.split_once("━━ SUMMARY").unwrap().1;
    assert!(
        after.contains("━━ ORDER") && after.contains(":quit    ends the conversation"),
        "{after}"
    );
}

#[tokio::test]
async fn without_a_flow_json_the_data_is_typed_as_it_is() {
    let endpoint = NodeEndpoint::start();

    let typed = [r#"{"name":"Bo","size":"small","topping":"cheese"}"#, "nonsense", ""];
    let ended = chat(&endpoint, &["--flow-token", "t-9"], &typed).await;

    assert_eq!(ended.code, Some(0), "{ended:?}");
    for expected in [
        "\"greeting\": \"Hungry? Order here.\"",
        "\"order\": \"small cheese for Bo\"",
        "no JSON object",
        "\"t-9\"",
    ] {
        assert!(ended.stdout.contains(expected), "{expected}: {}", ended.stdout);
    }
}

#[tokio::test]
async fn errors_of_the_endpoint_are_shown_as_the_phone_would() {
    let over = chat(&NodeEndpoint::start(), &["--flow-token", "over"], &[]).await;
    assert_eq!(over.code, Some(1), "{over:?}");
    assert!(over.stdout.contains("shows: This order is closed."), "{over:?}");

    let dead = chat(&NodeEndpoint::with_bug("iv-not-inverted"), &[], &[]).await;
    assert_eq!(dead.code, Some(1), "{dead:?}");
    assert!(dead.stdout.contains("the IV is not inverted"), "{dead:?}");

    // Only the second screen's data has a wrong type, so the phone stays on the first.
    let typed = ["Ana", "1", "1", "", "", ":quit"];
    let wrong =
        chat(&NodeEndpoint::with_bug("wrong-type"), &["--flow-json", &flow_json()], &typed).await;
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(
        wrong.stdout.contains("/data/total") && !wrong.stdout.contains("━━ SUMMARY"),
        "{wrong:?}"
    );
    assert!(wrong.stderr.contains("ended on an error"), "{wrong:?}");
}

#[tokio::test]
async fn an_endpoint_can_not_steer_the_terminal() {
    let endpoint = NodeEndpoint::with_bug("escape-sequences");

    for extra in [&["--flow-json", &flow_json()][..], &[]] {
        let ended = chat(&endpoint, extra, &[":quit"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("Hello "), "{ended:?}");
        let steering = |char: char| char.is_control() && char != '\n';
        assert!(!ended.stdout.contains(steering), "{ended:?}");
    }
}

#[tokio::test]
async fn the_conversation_needs_standard_input_for_itself() {
    let mut command =
        flowhost(&["client", "chat", "--url", "http://127.0.0.1:1/", "--public-key", "-"]);
    command.env("FLOWHOST_APP_SECRET", "secret");

    let ended = Ended::of(command).await;

    assert_eq!(ended.code, Some(64), "{ended:?}");
    assert!(ended.stderr.contains("standard input"), "{ended:?}");
}

#[tokio::test]
async fn an_appointment_is_booked_with_our_own_host() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("booking", json!({}), Component::Appointment).await;
    let folder = tempfile::tempdir().unwrap();
    let public_key = folder.path().join("acme.pem");
    std::fs::write(&public_key, &flow.tenant.public_key_pem).unwrap();
    let flow_json = repository("plugins/appointment/flow.json");
    let minted = flow
        .call("POST", "/tokens", json!({"context": {"name": "Ana Silva", "today": "2026-11-20"}}))
        .await
        .expect(201);
    let mut command = flowhost(&[
        "client",
        "chat",
        "--url",
        &flow.url(),
        "--flow-json",
        &flow_json,
        "--public-key",
    ]);
    command.arg(&public_key).args(["--flow-token", minted["flow_token"].as_str().unwrap()]);
    command.env("FLOWHOST_APP_SECRET", &flow.tenant.app_secret);

    let mut typed = vec!["dental", "Riverside clinic", "2026-11-23", "10:30", ""];
    // Enter keeps a value that is already filled in.
    typed.extend(["", "ana", "ana@example.com", "+55 11 91234-5678", "", ""]);
    // The user reads the terms before agreeing to them.
    typed.extend(["n", ":1", "", "y", ""]);
    let booked = with_input(command, &typed).await;

    assert_eq!(booked.code, Some(0), "{booked:?}");
    for expected in [
        "Name* (text, at most 80 characters) [Ana Silva]: ",
        "! That is no email",
        "Dental care at Riverside clinic, Mon Nov 23 2026, 10:30",
        "! This field is required",
        "━━ TERMS · Terms ━━",
        "\"email\":\"ana@example.com\"",
    ] {
        assert!(booked.stdout.contains(expected), "{expected}: {}", booked.stdout);
    }
}

/// The endpoint returns what it received as the data of the same screen.
#[tokio::test]
async fn one_day_of_a_range_will_do_and_an_initial_number_may_stay() {
    let host = TestHost::start().await;
    let flow = host.tenant("acme").await.flow("stay", json!({}), Component::Echo).await;
    let folder = tempfile::tempdir().unwrap();
    let [public_key, flow_json] = ["acme.pem", "flow.json"].map(|name| folder.path().join(name));
    std::fs::write(&public_key, &flow.tenant.public_key_pem).unwrap();
    std::fs::write(&flow_json, STAY).unwrap();
    let chat = async |typed: &[&str]| {
        let mut command = flowhost(&["client", "chat", "--url", &flow.url(), "--public-key"]);
        command
            .arg(&public_key)
            .arg("--flow-json")
            .arg(&flow_json)
            .env("FLOWHOST_APP_SECRET", &flow.tenant.app_secret);
        with_input(command, typed).await
    };

    let one = chat(&["", "2026-11-23", "", "", ":quit"]).await;
    assert_eq!(one.code, Some(0), "{one:?}");
    for expected in [
        "Your stay: Arrival* – Departure: _____",
        "  Arrival: From three\n  Departure: By noon\n",
        "Your stay: Arrival* – Departure (YYYY-MM-DD YYYY-MM-DD, - for a day that is left out): \n! Arrival is required",
        "Guests (number, at most 80 characters) [5]: ",
        "From 2026-11-23 to \n5 guests\n",
    ] {
        assert!(one.stdout.contains(expected), "{expected}: {}", one.stdout);
    }
    let both = chat(&["2026-11-23 2026-11-25", "", "", ":quit"]).await;
    assert!(both.stdout.contains("From 2026-11-23 to 2026-11-25\n"), "{both:?}");
}

async fn chat(endpoint: &NodeEndpoint, extra: &[&str], typed: &[&str]) -> Ended {
    let mut command = flowhost(&["client", "chat"]);
    command.args(endpoint.arguments()).args(extra);
    with_input(command, typed).await
}

/// Runs a command with these lines as its input.
pub(super) async fn with_input(mut command: std::process::Command, typed: &[&str]) -> Ended {
    let mut file = tempfile::tempfile().unwrap();
    typed.iter().for_each(|line| writeln!(file, "{line}").unwrap());
    std::io::Seek::rewind(&mut file).unwrap();
    command.stdin(Stdio::from(file));
    Ended::of(command).await
}

/// A screen that shows what the endpoint received from it.
const STAY: &str = r#"{
  "version": "7.3", "data_api_version": "3.0", "routing_model": { "ECHO": ["END"], "END": [] },
  "screens": [
    {
      "id": "ECHO", "title": "Your stay",
      "data": {
        "received": {
          "type": "object", "__example__": {},
          "properties": {
            "guests": { "type": "number" },
            "days": { "type": "object", "properties": { "start-date": { "type": "string" }, "end-date": { "type": "string" } } }
          }
        }
      },
      "layout": { "type": "SingleColumnLayout", "children": [
        { "type": "TextBody", "text": "`'From ' ${data.received.days.start-date} ' to ' ${data.received.days.end-date}`" },
        { "type": "TextBody", "text": "`${data.received.guests} ' guests'`" },
        { "type": "Form", "name": "stay", "init-values": { "guests": 5 }, "children": [ {
          "type": "CalendarPicker", "name": "days", "mode": "range", "title": "Your stay", "description": "When?",
          "label": { "start-date": "Arrival", "end-date": "Departure" }, "required": { "start-date": true, "end-date": false },
          "helper-text": { "start-date": "From three", "end-date": "By noon" }
        },
        { "type": "TextInput", "name": "guests", "label": "Guests", "input-type": "number" },
        { "type": "Footer", "label": "Go on", "on-click-action": {
          "name": "data_exchange", "payload": { "days": "${form.days}", "guests": "${form.guests}" }
        } }
      ] } ] }
    },
    {
      "id": "END", "title": "End", "terminal": true,
      "layout": { "type": "SingleColumnLayout", "children": [
        { "type": "Footer", "label": "Done", "on-click-action": { "name": "complete", "payload": {} } }
      ] }
    }
  ]
}"#;
