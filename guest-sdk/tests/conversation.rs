//! The SDK as a plugin's author uses it: a plugin, and conversations with it.

use flowhost_sdk::testing::{Answer, Conversation, Failure};
use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json, log};
use serde::{Deserialize, Serialize};

/// Does what the form's field `do` says.
struct Actor;

#[derive(Default, Deserialize, Serialize)]
struct Count {
    submitted: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    ballast: String,
}

#[derive(Deserialize)]
struct Numbers {
    numbers: Vec<u8>,
}

impl FlowPlugin for Actor {
    type State = Count;

    fn init(_: &Exchange, session: &mut Session<Count>) -> Result<Reply, Error> {
        let name: Option<String> = session.context()?;
        Ok(Reply::screen("FIRST").data(json!({ "name": name, "exchanges": session.exchanges() })))
    }

    fn submit(exchange: &Exchange, session: &mut Session<Count>) -> Result<Reply, Error> {
        session.state.submitted += 1;
        log::info!("call {}", session.state.submitted);
        match exchange.field("do") {
            Some("bad-request") => Err(Error::bad_request("Not like this.")),
            Some("fail") => Err("x".parse::<u32>().map(|_| unreachable!()).unwrap_err().into()),
            Some("numbers") => Ok(Reply::complete(
                json!({ "sum": exchange.data::<Numbers>()?.numbers.iter().sum::<u8>() }),
            )),
            Some("close") => Ok(Reply::close()),
            Some("reject") => Ok(Reply::reject_token("Too late.")),
            Some("big-state") => {
                session.state.ballast = "x".repeat(70_000);
                Ok(Reply::screen("FIRST"))
            }
            Some("big-reply") => {
                Ok(Reply::screen("FIRST").data(json!({ "x": "x".repeat(300_000) })))
            }
            _ => Ok(Reply::screen("SECOND").data(json!({ "submitted": session.state.submitted }))),
        }
    }
}

fn submit(chat: &mut Conversation<Actor>, what: &str) -> Result<Answer, Failure> {
    chat.submit("FIRST", json!({ "do": what }))
}

#[test]
fn state_lasts_from_call_to_call() {
    let mut chat = Conversation::<Actor>::start();
    chat.init().unwrap();
    submit(&mut chat, "").unwrap();

    assert_eq!(submit(&mut chat, "").unwrap().data(), &json!({ "submitted": 2 }));
    assert_eq!(chat.state(), json!({ "submitted": 2 }));
    assert_eq!(
        chat.log().iter().map(|line| line.message.as_str()).collect::<Vec<_>>(),
        ["call 1", "call 2"]
    );
}

#[test]
fn a_failed_call_leaves_the_session_as_it_was() {
    let mut chat = Conversation::<Actor>::start();
    submit(&mut chat, "").unwrap();
    let before = chat.state();

    assert!(matches!(submit(&mut chat, "fail"), Err(Failure::Internal(_))));
    assert_eq!(submit(&mut chat, "bad-request").unwrap().error(), Some("Not like this."));
    assert!(matches!(submit(&mut chat, "big-state"), Err(Failure::TooLarge { what: "state", .. })));
    assert!(matches!(submit(&mut chat, "big-reply"), Err(Failure::TooLarge { what: "reply", .. })));
    assert_eq!(chat.state(), before);
}

#[test]
fn a_failure_names_the_place_where_it_met_the_plugin() {
    let mut chat = Conversation::<Actor>::start();

    let Err(Failure::Internal(message)) = submit(&mut chat, "fail") else { panic!("it failed") };

    let (cause, place) = message.split_once(", at ").unwrap();
    assert_eq!(cause, "invalid digit found in string");
    let parts: Vec<_> = place.rsplitn(3, ':').collect();
    assert!(parts[2].ends_with("tests/conversation.rs"), "{place}");
    let line = include_str!("conversation.rs").lines().nth(parts[1].parse::<usize>().unwrap() - 1);
    assert!(line.unwrap().contains(r#"Some("fail")"#), "{place}");
}

#[test]
fn a_form_that_does_not_fit_is_the_authors_fault_and_names_the_field() {
    let answer = Conversation::<Actor>::start()
        .submit("FIRST", json!({ "do": "numbers", "numbers": [1, "two"] }));

    let Err(Failure::Internal(message)) = answer else { panic!("{answer:?}") };
    assert!(message.contains("field \"numbers[1]\""), "{message}");
}

#[test]
fn a_finished_conversation_takes_no_further_calls() {
    for what in ["close", "reject"] {
        let mut chat = Conversation::<Actor>::start();
        submit(&mut chat, what).unwrap();
        assert!(matches!(chat.init(), Err(Failure::TokenRefused(_))), "{what}");
    }

    let mut chat = Conversation::<Actor>::start().with_token("t-1");
    let done = chat.submit("FIRST", json!({ "do": "numbers", "numbers": [1, 2] })).unwrap();
    assert_eq!(done.params(), Some(&json!({ "sum": 3, "flow_token": "t-1" })));
    assert!(matches!(submit(&mut chat, ""), Err(Failure::TokenRefused(_))));
}

#[test]
fn the_context_is_typed_and_a_mismatch_is_named() {
    let mut chat = Conversation::<Actor>::start().with_context(json!("Ana"));
    assert_eq!(chat.init().unwrap().data()["name"], "Ana");

    let mut chat = Conversation::<Actor>::start().with_context(json!(7));
    let Err(Failure::Internal(message)) = chat.init() else { panic!("it fits") };
    assert!(message.contains("context") && message.contains("expected a string"), "{message}");
}

#[test]
fn an_older_state_that_does_not_fit_is_named() {
    let mut chat = Conversation::<Actor>::start().resuming();
    chat.replace_state(json!({ "submitted": "many" }));

    let Err(Failure::Internal(message)) = chat.init() else { panic!("it fits") };
    assert!(message.contains("state") && message.contains("submitted"), "{message}");
}

#[test]
fn the_defaults_say_what_to_write_and_log_what_the_client_reports() {
    let mut chat = Conversation::<Actor>::start();
    let Err(Failure::Internal(message)) = chat.back("SECOND") else { panic!("it went back") };
    assert!(message.contains("fn back"), "{message}");

    chat.client_error("SECOND", "invalid-screen-transition", "no way");
    let line = chat.log().last().unwrap();
    assert_eq!(line.level, log::Level::Error);
    assert!(line.message.contains("invalid-screen-transition"), "{}", line.message);
}

#[test]
fn a_conversation_that_is_opened_again_begins_afresh_unless_it_resumes() {
    for (mut chat, submitted, exchanges) in
        [(Conversation::<Actor>::start(), 1, 0), (Conversation::<Actor>::start().resuming(), 2, 2)]
    {
        chat.init().unwrap();
        submit(&mut chat, "").unwrap();

        assert_eq!(chat.init().unwrap().data()["exchanges"], exchanges);
        assert_eq!(submit(&mut chat, "").unwrap().data(), &json!({ "submitted": submitted }));
    }
}

#[test]
fn exchanges_with_a_shared_token_stand_alone() {
    let mut chat = Conversation::<Actor>::start().with_shared_token();

    for _ in 0..2 {
        assert_eq!(chat.init().unwrap().data()["exchanges"], 0);
        assert_eq!(submit(&mut chat, "").unwrap().data(), &json!({ "submitted": 1 }));
        assert_eq!(submit(&mut chat, "close").unwrap(), Answer::Closed);
    }

    assert_eq!(chat.state(), json!(null));
}
