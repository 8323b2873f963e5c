//! Errors of single fields: a plugin on `flows/party.json`, whose Flow JSON and replies the host's
//! own checks accept.

use flowhost_flow_json::{FlowJson, Origin};
use flowhost_sdk::testing::{Answer, Conversation};
use flowhost_sdk::time::Date;
use flowhost_sdk::{Error, Exchange, FieldErrors, FlowPlugin, Reply, Session, json};
use serde_json::Value;

flowhost_sdk::screens!("tests/flows/party.json");

use screens::party::{Errors, ErrorsStay};
use screens::{Form, Party};

struct Typed;

impl FlowPlugin for Typed {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::show(Party { errors: Errors::default() }))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let Form::Party(form) = exchange.form::<Form>()?;
        let mut errors = Errors::default();
        if form.guests.parse::<u8>().is_err() {
            errors.guests = Some("Please enter a number.".into());
        }
        if !form.email.contains('@') {
            errors.email = Some("Please check it.".into());
        }
        if form.stay.start.is_some_and(Date::is_weekend) {
            let closed = Some("We are closed.".to_owned());
            errors.stay = Some(ErrorsStay { start_date: closed, ..ErrorsStay::default() });
        }
        if errors == Errors::default() {
            Ok(Reply::complete(json!({})))
        } else {
            Ok(Reply::show(Party { errors }))
        }
    }
}

/// The same without types.
struct Untyped;

impl FlowPlugin for Untyped {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::screen("PARTY").data(json!({ "errors": FieldErrors::new() })))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let field = |name: &str| exchange.field(name).unwrap_or_default();
        let mut errors = FieldErrors::new();
        errors.add_if(field("guests").parse::<u8>().is_err(), "guests", "Please enter a number.");
        errors.add_if(!field("email").contains('@'), "email", "Please check it.");
        let arrival = exchange.json()["stay"]["start-date"].as_str().unwrap_or_default();
        if arrival.parse().is_ok_and(Date::is_weekend) {
            errors.add_part("stay", "start-date", "We are closed.");
        }
        if errors.is_empty() {
            Ok(Reply::complete(json!({})))
        } else {
            Ok(Reply::screen("PARTY").data(json!({ "errors": errors })))
        }
    }
}

fn flow() -> FlowJson {
    let text = include_str!("flows/party.json");
    let flow = FlowJson::parse(text.as_bytes()).expect("WhatsApp accepts the Flow JSON");
    let notes: Vec<_> = flow.notes().iter().map(ToString::to_string).collect();
    assert!(notes.is_empty(), "{notes:?}");
    flow
}

/// The reply as the phone gets it.
fn sent(answer: &Answer) -> Value {
    json!({ "screen": answer.screen(), "data": answer.data() })
}

fn plays<P: FlowPlugin>() {
    let mut chat = Conversation::<P>::start();
    let first = chat.init().expect("the first screen");
    assert_eq!(first.data(), &json!({ "errors": {} }));
    assert!(flow().check_reply(Origin::Init, &sent(&first)).is_ok());

    let wrong = json!({ "guests": "two", "email": "ana", "stay": { "start-date": "2026-11-28", "end-date": "" } });
    let again = chat.submit("PARTY", wrong).expect("the screen again");
    let errors = json!({
        "guests": "Please enter a number.",
        "email": "Please check it.",
        "stay": { "start-date": "We are closed." }
    });
    assert_eq!(again.data()["errors"], errors);
    assert!(flow().check_reply(Origin::Screen("PARTY"), &sent(&again)).is_ok());

    let right = json!({ "guests": "2", "email": "ana@example.com", "stay": {} });
    assert!(chat.submit("PARTY", right).expect("the end").params().is_some());
}

#[test]
fn generated_types_name_the_fields() {
    plays::<Typed>();
}

#[test]
fn field_errors_name_them_without_types() {
    plays::<Untyped>();
}

#[test]
fn a_text_for_a_field_with_two_parts_is_refused_by_the_host() {
    let mut errors = FieldErrors::new();
    errors.add("stay", "We are closed.");

    let reply = json!({ "screen": "PARTY", "data": { "errors": errors } });
    assert!(flow().check_reply(Origin::Screen("PARTY"), &reply).is_err());
}
