//! Takes a question (QUESTION), shows it once more with the name of who asks (REVIEW), and passes it on.
//!
//! `flow.json` has the screens. `screens!` makes types of them, so that a screen or field that is not in it does not compile.

use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json, log};
use serde::{Deserialize, Serialize};

flowhost_sdk::screens!("flow.json");

struct Plugin;

flowhost_sdk::export!(Plugin);

/// What is remembered from one screen to the next.
#[derive(Default, Deserialize, Serialize)]
struct Enquiry {
    topic: String,
    name: String,
    question: String,
}

impl FlowPlugin for Plugin {
    type State = Enquiry;

    /// The user opens the flow.
    fn init(_: &Exchange, session: &mut Session<Enquiry>) -> Result<Reply, Error> {
        Ok(Reply::show(question_screen(&session.state)))
    }

    /// The user sends a form.
    fn submit(exchange: &Exchange, session: &mut Session<Enquiry>) -> Result<Reply, Error> {
        match exchange.form::<screens::Form>()? {
            screens::Form::Question(form) => review(form, session),
            screens::Form::Review(form) => send(form, &session.state),
        }
    }

    /// The user goes back, on a screen that has `refresh_on_back`.
    fn back(_: &Exchange, session: &mut Session<Enquiry>) -> Result<Reply, Error> {
        Ok(Reply::show(question_screen(&session.state)))
    }
}

fn review(form: screens::question::Form, session: &mut Session<Enquiry>) -> Result<Reply, Error> {
    let name = form.name.trim().to_owned();
    session.state = Enquiry { topic: form.topic, name, question: form.question };
    if session.state.name.is_empty() {
        return Ok(Reply::show(question_screen(&session.state)).error("Please tell us your name."));
    }
    Ok(Reply::show(screens::Review {
        greeting: format!("Thank you, {}!", session.state.name),
        question: session.state.question.clone(),
    }))
}

/// Ends the conversation. The parameters come to you in the message that WhatsApp sends then.
///
/// The phone sends along what was entered, so nothing is lost where nothing can be remembered: in a flow that was sent without a token of
/// the recipient's own.
fn send(form: screens::review::Form, enquiry: &Enquiry) -> Result<Reply, Error> {
    let topic = form.topic.unwrap_or_else(|| enquiry.topic.clone());
    log::info!("a question about {topic}");
    Ok(Reply::complete(json!({
        "topic": topic,
        "name": form.name.unwrap_or_else(|| enquiry.name.clone()),
        "question": form.question.unwrap_or_else(|| enquiry.question.clone()),
    })))
}

/// With what was typed before, if there is any.
fn question_screen(enquiry: &Enquiry) -> screens::Question {
    let topics = [("order", "My order"), ("invoice", "My invoice"), ("other", "Something else")];
    screens::Question {
        topics: topics.map(|(id, title)| screens::Item::new(id, title)).to_vec(),
        name: enquiry.name.clone(),
        question: enquiry.question.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowhost_sdk::testing::Conversation;

    #[test]
    fn a_name_of_spaces_is_none() {
        let mut chat = Conversation::<Plugin>::start();
        chat.init().unwrap();

        let form = json!({ "topic": "other", "name": "  ", "question": "Why?" });
        let answer = chat.submit("QUESTION", form).unwrap();

        assert_eq!(answer.error(), Some("Please tell us your name."));
    }
}
