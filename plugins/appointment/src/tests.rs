//! Conversations with the plugin. Every answer is checked against `flow.json`, as the client would
//! check it.

mod flow_json;

use std::time::Duration;

use flowhost_sdk::json;
use flowhost_sdk::testing::{Answer, Conversation};
use flowhost_sdk::time::Timestamp;
use serde_json::Value;

use crate::Appointment;
use flow_json::FlowJson;

/// A Saturday.
const TODAY: &str = "2026-11-21";

/// A conversation that checks its answers.
struct Chat {
    conversation: Conversation<Appointment>,
    flow: FlowJson,
}

impl Chat {
    fn start() -> Self {
        Chat::with_context(json!({ "today": TODAY }))
    }

    fn with_context(context: Value) -> Self {
        Chat { conversation: Conversation::start().with_context(context), flow: FlowJson::load() }
    }

    fn init(&mut self) -> Answer {
        let answer = self.conversation.init().unwrap();
        self.flow.check(None, &answer);
        answer
    }

    fn submit(&mut self, screen: &str, data: Value) -> Answer {
        let answer = self.conversation.submit(screen, data).unwrap();
        self.flow.check(Some(screen), &answer);
        answer
    }

    fn back(&mut self, screen: &str) -> Answer {
        let answer = self.conversation.back(screen).unwrap();
        self.flow.check(Some(screen), &answer);
        answer
    }
}

fn appointment() -> Value {
    json!({ "department": "dental", "location": "river", "date": "2026-11-23", "time": "10:30" })
}

fn details() -> Value {
    json!({ "name": " Ana Silva ", "email": "ana@example.com", "phone": "+55 11 91234-5678", "more_details": "" })
}

fn with(mut form: Value, field: &str, value: &str) -> Value {
    form[field] = value.into();
    form
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

fn chat_at_summary() -> Chat {
    let mut chat = Chat::start();
    chat.init();
    chat.submit("APPOINTMENT", appointment());
    chat.submit("DETAILS", details());
    chat
}

#[test]
fn a_conversation_from_the_first_screen_to_the_booking() {
    let mut chat = Chat::start();

    assert_eq!(chat.init().screen(), Some("APPOINTMENT"));
    assert_eq!(chat.submit("APPOINTMENT", appointment()).screen(), Some("DETAILS"));
    let summary = chat.submit("DETAILS", details());
    assert_eq!(summary.screen(), Some("SUMMARY"));
    assert_eq!(
        summary.data()["appointment"],
        "Dental care at Riverside clinic, Mon Nov 23 2026, 10:30"
    );
    assert_eq!(summary.data()["details"], "Ana Silva\nana@example.com\n+55 11 91234-5678");

    let done = chat.submit("SUMMARY", json!({ "terms": true }));
    let params = done.params().expect("the flow is finished");
    assert_eq!(params["name"], "Ana Silva");
    assert_eq!(params["time"], "10:30");
    assert!(params["booking"].as_str().unwrap().starts_with("A-"));
    assert!(chat.conversation.log().iter().any(|line| line.message.starts_with("booked A-")));
}

#[test]
fn each_list_opens_when_the_one_before_is_picked() {
    let mut chat = Chat::start();
    let first = chat.init();
    assert_eq!(ids(&first.data()["department"]), ["general", "dental", "skin", "eyes"]);
    assert_eq!(first.data()["is_location_enabled"], false);

    let picked = json!({ "trigger": "department_selected", "department": "eyes" });
    let data = chat.submit("APPOINTMENT", picked).data().clone();
    assert_eq!(ids(&data["location"]), ["river", "north"]);
    assert_eq!(
        (&data["is_location_enabled"], &data["is_date_enabled"]),
        (&json!(true), &json!(false))
    );

    let picked =
        json!({ "trigger": "location_selected", "department": "eyes", "location": "north" });
    let data = chat.submit("APPOINTMENT", picked).data().clone();
    assert_eq!(ids(&data["date"])[..2], ["2026-11-23", "2026-11-24"]);
    assert_eq!(data["date"].as_array().unwrap().len(), 10);

    let picked = json!({ "trigger": "date_selected", "department": "eyes", "location": "north", "date": "2026-11-24", "time": "" });
    let data = chat.submit("APPOINTMENT", picked).data().clone();
    assert_eq!(data["is_time_enabled"], true);
    assert!(
        data["time"]
            .as_array()
            .unwrap()
            .iter()
            .any(|time| time["id"] == "10:30" && time["enabled"] == true)
    );
}

#[test]
fn another_department_drops_a_location_that_it_has_not() {
    let mut chat = Chat::start();
    let picked =
        json!({ "trigger": "department_selected", "department": "skin", "location": "river" });
    let data = chat.submit("APPOINTMENT", picked).data().clone();

    assert_eq!(data["chosen"], json!({ "department": "skin" }));
    assert_eq!(data["is_date_enabled"], false);
}

#[test]
fn an_appointment_that_cannot_be_had_is_answered_on_the_same_screen() {
    for (field, value, message) in [
        ("department", "", "choose a department"),
        ("department", "cardiology", "choose a department"),
        ("location", "north", "choose a location"),
        ("date", "2026-11-20", "not offered"),
        ("date", "2026-11-21", "not offered"),
        ("date", "2027-11-22", "not offered"),
        ("date", "soon", "not offered"),
        ("time", "03:00", "no longer free"),
        ("time", "", "no longer free"),
    ] {
        let answer = Chat::start().submit("APPOINTMENT", with(appointment(), field, value));

        assert_eq!(answer.screen(), Some("APPOINTMENT"), "{field} {value}");
        assert!(answer.error().unwrap().contains(message), "{field} {value}: {answer:?}");
    }
}

#[test]
fn a_taken_time_is_refused() {
    let mut chat = Chat::start();
    let picked = with(appointment(), "trigger", "date_selected");
    let times = chat.submit("APPOINTMENT", picked).data()["time"].clone();
    let taken = times
        .as_array()
        .unwrap()
        .iter()
        .find(|time| time["enabled"] == false)
        .expect("some time is taken");

    let answer =
        chat.submit("APPOINTMENT", with(appointment(), "time", taken["id"].as_str().unwrap()));
    assert!(answer.error().unwrap().contains("no longer free"));
}

#[test]
fn details_that_cannot_be_used_are_answered_on_the_same_screen_and_kept() {
    for (field, value, message) in [
        ("name", "  ", "your name"),
        ("email", "ana", "email address"),
        ("phone", "call me", "phone number"),
        ("name", &"x".repeat(101), "shorten your name"),
        ("more_details", &"x".repeat(601), "shorten your notes"),
    ] {
        let mut chat = Chat::start();
        chat.submit("APPOINTMENT", appointment());
        let answer = chat.submit("DETAILS", with(details(), field, value));

        assert_eq!(answer.screen(), Some("DETAILS"));
        assert!(answer.error().unwrap().contains(message), "{field}: {answer:?}");
        assert_eq!(answer.data()["chosen"][field], value.trim());
    }
}

#[test]
fn steps_cannot_be_skipped() {
    let answer = Chat::start().submit("DETAILS", details());
    assert_eq!(answer.screen(), Some("DETAILS"));
    assert!(answer.error().unwrap().contains("choose an appointment"));

    let mut chat = Chat::start();
    assert!(
        chat.submit("SUMMARY", json!({ "terms": true }))
            .error()
            .unwrap()
            .contains("choose an appointment")
    );
    chat.submit("APPOINTMENT", appointment());
    assert!(
        chat.submit("SUMMARY", json!({ "terms": true }))
            .error()
            .unwrap()
            .contains("enter your details")
    );
}

#[test]
fn the_terms_have_to_be_agreed_to() {
    for data in [json!({}), json!({ "terms": false })] {
        let answer = chat_at_summary().submit("SUMMARY", data);
        assert_eq!(
            (answer.screen(), answer.error()),
            (Some("SUMMARY"), Some("Please agree to the terms."))
        );
    }
}

#[test]
fn going_back_shows_what_was_entered() {
    let mut chat = chat_at_summary();

    assert_eq!(chat.back("TERMS").screen(), Some("SUMMARY"));
    let form = chat.back("SUMMARY");
    assert_eq!(
        (form.screen(), &form.data()["chosen"]["name"]),
        (Some("DETAILS"), &json!("Ana Silva"))
    );
    let form = chat.back("DETAILS");
    assert_eq!((form.screen(), &form.data()["chosen"]), (Some("APPOINTMENT"), &appointment()));
}

#[test]
fn what_the_business_knows_need_not_be_typed() {
    let mut chat = Chat::with_context(
        json!({ "today": TODAY, "name": "Ana Silva", "phone": "+55 11 91234-5678" }),
    );
    let form = chat.submit("APPOINTMENT", appointment());

    assert_eq!(form.data()["chosen"]["name"], "Ana Silva");
    assert_eq!(form.data()["chosen"].get("email"), None);
}

#[test]
fn without_a_context_the_clock_says_which_days_are_offered() {
    let friday = Timestamp::from_unix_seconds(1_795_219_199);
    assert_eq!(friday.to_string(), "2026-11-20T23:59:59Z");
    let mut chat = Conversation::<Appointment>::start().with_time(friday);
    let picked =
        json!({ "trigger": "location_selected", "department": "eyes", "location": "north" });

    assert_eq!(
        ids(&chat.submit("APPOINTMENT", picked.clone()).unwrap().data()["date"])[0],
        "2026-11-23"
    );
    chat.pass(Duration::from_secs(3 * 24 * 60 * 60));
    assert_eq!(ids(&chat.submit("APPOINTMENT", picked).unwrap().data()["date"])[0], "2026-11-24");
}

#[test]
fn flow_json_keeps_the_static_rules() {
    FlowJson::load().check_static_rules();
}
