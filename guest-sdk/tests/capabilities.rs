//! What surrounds a plugin in a unit test.

use std::time::Duration;

use flowhost_sdk::testing::{Conversation, Failure};
use flowhost_sdk::time::Timestamp;
use flowhost_sdk::{
    Error, Exchange, FlowPlugin, Reply, Session, config, http, json, media, random, store, time,
};

struct Caller;

#[derive(serde::Deserialize)]
struct Form {
    photo: media::Reference,
}

impl FlowPlugin for Caller {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::screen("FORM").data(
            json!({"greeting": config::require("greeting")?, "secret": config::get("api-key")}),
        ))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        if exchange.screen() == Some("PHOTO") {
            let form: Form = exchange.data()?;
            return Ok(
                Reply::screen("DONE").data(json!({"bytes": media::fetch(&form.photo)?.len()}))
            );
        }
        let request = http::Request::post("https://api.example.com/book")
            .header("authorization", "Bearer {{secret:api-key}}")
            .json(&json!({"day": "monday"}))?;
        match request.send() {
            Ok(response) if response.is_success() => {
                Ok(Reply::screen("DONE").data(json!({"answer": response.text()?})))
            }
            Ok(response) => Err(Error::internal(format!("status {}", response.status()))),
            Err(http::Error::Timeout) => Err(Error::bad_request("Please try again later.")),
            Err(error) => Err(error.into()),
        }
    }
}

#[test]
fn settings_are_those_of_the_conversation() {
    let mut chat = Conversation::<Caller>::start().with_config("greeting", "Hello!");
    assert_eq!(chat.init().unwrap().data(), &json!({"greeting": "Hello!", "secret": null}));

    let failure = Conversation::<Caller>::start().init().unwrap_err();
    assert!(failure.to_string().contains("\"greeting\""), "{failure}");
}

#[test]
fn requests_are_answered_by_the_test() {
    let mut chat = Conversation::<Caller>::start().with_http(|request| {
        assert_eq!((request.method(), request.url()), ("POST", "https://api.example.com/book"));
        assert_eq!(request.header_value("Authorization"), Some("Bearer {{secret:api-key}}"));
        assert_eq!(request.body_text(), r#"{"day":"monday"}"#);
        Ok(http::Response::new(201, "B-1"))
    });
    assert_eq!(chat.submit("FORM", json!({})).unwrap().data()["answer"], "B-1");
}

#[test]
fn errors_can_be_matched_and_are_internal_otherwise() {
    let mut slow = Conversation::<Caller>::start().with_http(|_| Err(http::Error::Timeout));
    assert_eq!(slow.submit("FORM", json!({})).unwrap().error(), Some("Please try again later."));

    let failure = Conversation::<Caller>::start().submit("FORM", json!({})).unwrap_err();
    assert!(matches!(&failure, Failure::Internal(why) if why.contains("not granted")), "{failure}");
}

#[test]
fn files_come_from_the_test() {
    let mut chat = Conversation::<Caller>::start().with_media(|photo| {
        assert_eq!((photo.file_name(), photo.media_id()), (Some("a.jpg"), Some("7")));
        assert_eq!(format!("{photo:?}"), "Reference(\"7\")");
        Ok(vec![0; 3])
    });
    let photo = json!({"photo": {"media_id": "7", "file_name": "a.jpg", "encryption_metadata": {"iv": "x"}}});
    assert_eq!(chat.submit("PHOTO", photo.clone()).unwrap().data()["bytes"], 3);
    assert!(Conversation::<Caller>::start().submit("PHOTO", photo).is_err());
}

/// Shows a random number and the time, and whether the note that it left a minute ago is still
/// there.
struct Watch;

impl FlowPlugin for Watch {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        let note: Option<u8> = store::get("note")?;
        store::set_for("note", &1, Duration::from_secs(60))?;
        Ok(Reply::screen("NOW")
            .data(json!({"now": time::now().to_string(), "drawn": random::number(), "note": note})))
    }

    fn submit(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::close())
    }
}

#[test]
fn the_clock_stands_still_until_the_test_moves_it() {
    let told =
        |chat: &mut Conversation<Watch>, name: &str| chat.init().unwrap().data()[name].clone();
    let mut chat = Conversation::<Watch>::start();
    assert_eq!(
        (told(&mut chat, "now"), told(&mut chat, "note")),
        (json!("2026-01-01T12:00:00Z"), json!(1))
    );

    chat.pass(Duration::from_secs(60));
    assert_eq!(
        (chat.init().unwrap().data()["note"].clone(), told(&mut chat, "now")),
        (json!(null), json!("2026-01-01T12:01:00Z"))
    );

    let mut later = Conversation::<Watch>::start().with_time(Timestamp::from_unix_millis(0));
    assert_eq!(told(&mut later, "now"), "1970-01-01T00:00:00Z");
}

#[test]
fn chance_is_the_same_in_every_run_and_another_for_each_seed() {
    let draw = |mut chat: Conversation<Watch>| {
        [0; 3].map(|_| chat.init().unwrap().data()["drawn"].as_u64().unwrap())
    };
    let first = draw(Conversation::start());

    assert_eq!(draw(Conversation::start()), first);
    assert_ne!(draw(Conversation::start().with_seed(2)), first);
    assert!(first[0] != first[1] && first[1] != first[2], "{first:?}");
}
