//! What a plugin finds around itself in a unit test.

use flowhost_sdk::testing::{Conversation, Failure};
use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, config, http, json, media};

struct Caller;

#[derive(serde::Deserialize)]
struct Form {
    photo: media::Reference,
}

impl FlowPlugin for Caller {
    type State = ();

    fn init(_: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(Reply::screen("FORM").data(json!({"greeting": config::require("greeting")?, "secret": config::get("api-key")})))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        if exchange.screen() == Some("PHOTO") {
            let form: Form = exchange.data()?;
            return Ok(Reply::screen("DONE").data(json!({"bytes": media::fetch(&form.photo)?.len()})));
        }
        let request = http::Request::post("https://api.example.com/book")
            .header("authorization", "Bearer {{secret:api-key}}")
            .json(&json!({"day": "monday"}))?;
        match request.send() {
            Ok(response) if response.is_success() => Ok(Reply::screen("DONE").data(json!({"answer": response.text()?}))),
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
