//! What is in front of the user: the chat's message, a screen of the Flow, or what the phone shows in
//! its place. No I/O, like the conversation in it.

use serde_json::{Map, Value};

use super::conversation::{Conversation, Step};
use super::judgement::{Judgement, Outcome, RequestKind};

/// A phone in somebody's hands.
#[derive(Clone, Debug)]
pub struct Handset {
    conversation: Conversation,
    shows: Shows,
    snackbar: Option<String>,
    refusals: Vec<String>,
    web_page: Option<String>,
}

/// What a phone shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Shows {
    /// The message in the chat whose button is disabled for good, after this text.
    Disabled(String),
    /// The Flow is closed, and the chat got this; `None` if it got nothing.
    Ended(Option<Map<String, Value>>),
    /// The message in the chat, whose button opens the Flow.
    Message,
    /// The screen of the conversation.
    Screen,
    /// Instead of the first screen, that the Flow does not open. What is wrong, in lines for people.
    Unopened(Vec<String>),
}

impl Handset {
    /// A phone with the message in the chat.
    pub fn new(conversation: Conversation) -> Self {
        Self {
            conversation,
            shows: Shows::Message,
            snackbar: None,
            refusals: Vec::new(),
            web_page: None,
        }
    }

    /// The conversation, for what is on its screen.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// What the phone shows.
    pub fn shows(&self) -> &Shows {
        &self.shows
    }

    /// The message that pops up on the screen.
    pub fn snackbar(&self) -> Option<&str> {
        self.snackbar.as_deref()
    }

    /// Why the phone did not do what the user last did.
    pub fn refusals(&self) -> &[String] {
        &self.refusals
    }

    /// The address of the web page that the user last opened. It is untrusted text.
    pub fn web_page(&self) -> Option<&str> {
        self.web_page.as_deref()
    }

    /// The user does something on the screen, which is a [deed](Conversation::deed). Returns what is sent
    /// to the endpoint, if anything is.
    pub fn touch(&mut self, act: impl FnOnce(&mut Conversation) -> Step) -> Option<Value> {
        (self.snackbar, self.refusals, self.web_page) = (None, Vec::new(), None);
        match self.conversation.deed(act) {
            Step::Ask(payload) => return Some(payload),
            Step::Ends(params) => self.shows = Shows::Ended(Some(params)),
            Step::OpensUrl(url) => self.web_page = Some(url),
            Step::Refused(reasons) => self.refusals = reasons,
            Step::Moved | Step::Nothing => (),
        }
        None
    }

    /// The user closes the Flow. The chat gets nothing.
    pub fn close(&mut self) {
        if self.shows == Shows::Screen {
            self.shows = Shows::Ended(None);
        }
        (self.snackbar, self.refusals, self.web_page) = (None, Vec::new(), None);
    }

    /// The endpoint has answered, or has not. What is no answer to the user leaves the screen as it
    /// is.
    pub fn receive(&mut self, judgement: &Judgement) {
        if judgement.request != RequestKind::Turn {
            return;
        }
        match &judgement.outcome {
            Outcome::ShowsScreen { screen, data, snackbar } => {
                self.conversation.arrive(screen, data.clone());
                (self.shows, self.snackbar) = (Shows::Screen, snackbar.clone());
            }
            Outcome::Closes { params } => self.shows = Shows::Ended(params.clone()),
            Outcome::DisablesButton { text } => self.shows = Shows::Disabled(text.clone()),
            // The phone stays on its screen, and the user may try again.
            Outcome::Fails if self.shows == Shows::Screen => {
                self.snackbar = Some(FAILED.to_owned());
            }
            Outcome::Fails => self.shows = Shows::Unopened(judgement.lines()),
            Outcome::Acknowledged | Outcome::Active | Outcome::FetchesKey => (),
        }
    }
}

/// What WhatsApp says where an answer can't be used.
const FAILED: &str = "Something went wrong. Please try again later.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::judgement::{Check, Problem};
    use super::super::payload;
    use super::*;

    #[test]
    fn a_flow_opens_fails_on_its_screen_and_ends() {
        let mut handset = Handset::new(Conversation::new(None, "t"));
        assert_eq!(handset.touch(|conversation| conversation.open()), Some(payload::init("t")));
        assert_eq!(handset.shows(), &Shows::Message);

        handset.receive(&judged(screen("A", Some("Hello"))));
        assert_eq!((handset.shows(), handset.snackbar()), (&Shows::Screen, Some("Hello")));
        handset.receive(&judged(Outcome::Fails));
        assert_eq!((handset.shows(), handset.snackbar()), (&Shows::Screen, Some(FAILED)));

        let asked = handset.touch(|conversation| conversation.submit(json!({"a": 1})));
        assert_eq!(asked, Some(payload::data_exchange("A", json!({"a": 1}), "t")));
        assert_eq!(handset.snackbar(), None, "the message goes with the next touch");
        handset.receive(&judged(Outcome::Closes { params: None }));
        assert_eq!(handset.shows(), &Shows::Ended(None));
    }

    #[test]
    fn a_flow_that_fails_at_once_does_not_open() {
        let mut handset = Handset::new(Conversation::new(None, "t"));

        handset.receive(&judged(Outcome::Fails));

        assert!(
            matches!(handset.shows(), Shows::Unopened(lines) if lines[1].contains("answered 500"))
        );
    }

    #[test]
    fn a_refused_token_disables_the_button() {
        let mut handset = Handset::new(Conversation::new(None, "t"));
        handset.receive(&judged(screen("A", None)));

        handset.receive(&judged(Outcome::DisablesButton { text: "Over".to_owned() }));

        assert_eq!(handset.shows(), &Shows::Disabled("Over".to_owned()));
    }

    #[test]
    fn a_health_check_leaves_the_screen_as_it_is() {
        let mut handset = Handset::new(Conversation::new(None, "t"));
        handset.receive(&judged(screen("A", None)));

        let request = RequestKind::HealthCheck;
        handset.receive(&Judgement { request, ..judged(Outcome::Fails) });

        assert_eq!((handset.shows(), handset.snackbar()), (&Shows::Screen, None));
    }

    #[test]
    fn what_the_phone_does_by_itself_asks_nobody() {
        let mut handset = Handset::new(Conversation::new(None, "t"));
        handset.receive(&judged(screen("A", None)));

        assert_eq!(handset.touch(|_| Step::OpensUrl("https://example.com/".to_owned())), None);
        assert_eq!(handset.web_page(), Some("https://example.com/"));
        assert_eq!(handset.touch(|_| Step::Refused(vec!["no".to_owned()])), None);
        assert_eq!((handset.web_page(), handset.refusals()), (None, &["no".to_owned()][..]));
        handset.close();
        assert_eq!((handset.shows(), handset.refusals().len()), (&Shows::Ended(None), 0));
    }

    fn screen(name: &str, snackbar: Option<&str>) -> Outcome {
        Outcome::ShowsScreen {
            screen: name.to_owned(),
            data: Map::new(),
            snackbar: snackbar.map(str::to_owned),
        }
    }

    fn judged(outcome: Outcome) -> Judgement {
        let problem = Problem {
            check: Check::Status,
            message: "the endpoint answered 500".to_owned(),
            pointer: None,
            reported_as: None,
        };
        let problems = if outcome == Outcome::Fails { vec![problem] } else { Vec::new() };
        Judgement { request: RequestKind::Turn, outcome, problems, hints: Vec::new() }
    }
}
