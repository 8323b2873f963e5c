//! Takes a question (QUESTION), shows it once more with the name of who asks (REVIEW), and passes it on.
//!
//! The screens are in `flow.json`; each of the two forms has a function here.

use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json, log};
use serde::{Deserialize, Serialize};

struct Plugin;

flowhost_sdk::export!(Plugin);

/// What is remembered from one screen to the next.
#[derive(Default, Deserialize, Serialize)]
struct Enquiry {
    topic: String,
    name: String,
    question: String,
}

/// The form of screen QUESTION.
#[derive(Deserialize)]
struct QuestionForm {
    topic: String,
    name: String,
    question: String,
}

impl FlowPlugin for Plugin {
    type State = Enquiry;

    /// The user opens the flow.
    fn init(_: &Exchange, session: &mut Session<Enquiry>) -> Result<Reply, Error> {
        Ok(question_screen(&session.state))
    }

    /// The user sends a form.
    fn submit(exchange: &Exchange, session: &mut Session<Enquiry>) -> Result<Reply, Error> {
        match exchange.screen() {
            Some("QUESTION") => review(exchange.data()?, session),
            Some("REVIEW") => send(&session.state),
            other => Err(Error::internal(format!("flow.json has no form on screen {other:?}"))),
        }
    }

    /// The user goes back. Only screens with `refresh_on_back` ask.
    fn back(_: &Exchange, session: &mut Session<Enquiry>) -> Result<Reply, Error> {
        Ok(question_screen(&session.state))
    }
}

fn review(form: QuestionForm, session: &mut Session<Enquiry>) -> Result<Reply, Error> {
    let name = form.name.trim().to_owned();
    session.state = Enquiry { topic: form.topic, name, question: form.question };
    if session.state.name.is_empty() {
        return Ok(question_screen(&session.state).error("Please tell us your name."));
    }
    Ok(Reply::screen("REVIEW").data(json!({
        "greeting": format!("Thank you, {}!", session.state.name),
        "question": session.state.question,
    })))
}

/// Ends the conversation; the parameters come to you in the message that WhatsApp sends then.
fn send(enquiry: &Enquiry) -> Result<Reply, Error> {
    log::info!("a question about {}", enquiry.topic);
    Ok(Reply::complete(json!({
        "topic": enquiry.topic,
        "name": enquiry.name,
        "question": enquiry.question,
    })))
}

/// With what was typed before, if there is any.
fn question_screen(enquiry: &Enquiry) -> Reply {
    Reply::screen("QUESTION").data(json!({
        "topics": [
            { "id": "order", "title": "My order" },
            { "id": "invoice", "title": "My invoice" },
            { "id": "other", "title": "Something else" },
        ],
        "name": enquiry.name,
        "question": enquiry.question,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_sdk::testing::Conversation;

    #[test]
    fn a_name_of_spaces_is_none() {
        let mut chat = Conversation::<Plugin>::start();
        chat.init().unwrap();

        let answer = chat.submit("QUESTION", json!({ "topic": "other", "name": "  ", "question": "Why?" })).unwrap();

        assert_eq!(answer.error(), Some("Please tell us your name."));
    }
}
