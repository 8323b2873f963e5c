//! What a plugin answers, and the check that an answer must pass before it may be committed.

use std::fmt;

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::{AnswerError, Exchange, FlowReply, Outcome};
use flowhost_flow_json::{ERROR_MESSAGE, IdFault, ReplyRules, SUCCESS, id_fault};

/// A plugin's unchecked answer, as it came out of the sandbox. Its `Debug` shows no content.
pub enum Answer {
    /// The user's input is at fault: shows the same screen with this text.
    BadRequest(String),
    /// A reply, and perhaps a new state.
    Outcome {
        /// What the client is to get. JSON inside is unchecked text.
        reply: RawReply,
        /// The state to store; `None` keeps the stored one.
        state: Option<String>,
    },
}

/// A plugin's reply whose JSON is not parsed yet.
pub enum RawReply {
    /// Finish without a message.
    Close,
    /// Finish with these params (a JSON object).
    Complete(String),
    /// Refuse the token with this text.
    RejectToken(String),
    /// Show a screen.
    Screen {
        /// The screen's id.
        screen: String,
        /// The screen's data: a JSON object.
        data: String,
        /// A text to show in a snackbar.
        error_message: Option<String>,
    },
}

/// A plugin's reply with its JSON parsed.
#[derive(Clone, Debug, PartialEq)]
pub enum PluginReply {
    /// Finish without a message.
    Close,
    /// Finish with these params.
    Complete(Map<String, Value>),
    /// Refuse the token with this text.
    RejectToken(String),
    /// Show a screen.
    Screen {
        /// The screen's id.
        screen: String,
        /// The screen's data.
        data: Map<String, Value>,
        /// A text to show in a snackbar.
        error_message: Option<String>,
    },
}

/// The most bytes that an answer may have (`SANDBOX.md`).
#[derive(Clone, Copy, Debug)]
pub struct AnswerLimits {
    /// Of the reply.
    pub reply_bytes: usize,
    /// Of the session's state.
    pub state_bytes: usize,
}

/// An answer that may be committed. Only [`check`], [`CheckedAnswer::failure`] and
/// [`CheckedAnswer::refusal`] make one.
///
/// ```compile_fail,E0451
/// use flowhost_protocol::flow::{CheckedAnswer, Outcome};
/// fn forge(reply: flowhost_protocol::flow::FlowReply) -> CheckedAnswer {
///     CheckedAnswer { reply, outcome: Outcome::Screen, screen: None, state: None }
/// }
/// ```
///
/// Its `Debug` shows no content.
pub struct CheckedAnswer {
    reply: FlowReply,
    outcome: Outcome,
    screen: Option<String>,
    state: Option<String>,
}

impl Answer {
    /// The size of all texts in it, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::BadRequest(text) => text.len(),
            Self::Outcome { reply, state } => reply.size() + state.as_ref().map_or(0, String::len),
        }
    }
}

impl RawReply {
    fn size(&self) -> usize {
        match self {
            Self::Close => 0,
            Self::Complete(text) | Self::RejectToken(text) => text.len(),
            Self::Screen { screen, data, error_message } => {
                screen.len() + data.len() + error_message.as_ref().map_or(0, String::len)
            }
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(..)")
    }
}

impl fmt::Debug for CheckedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedAnswer")
            .field("outcome", &self.outcome)
            .field("screen", &self.screen)
            .finish_non_exhaustive()
    }
}

impl CheckedAnswer {
    /// The answer when the plugin failed and the flow has a text for that: the same screen with the
    /// text. `None` if the request has no screen to show it on, or if the phone would refuse that
    /// screen without its data, by the rules of the flow's Flow JSON.
    pub fn failure(exchange: &Exchange, text: &str, rules: Option<&ReplyRules>) -> Option<Self> {
        let screen = exchange.screen.clone()?;
        let refused = |rules: &ReplyRules| {
            rules.check_screen(exchange.origin(), &screen, &Map::new()).is_err()
        };
        if rules.is_some_and(refused) {
            return None;
        }
        let reply = FlowReply::screen(&screen, Map::new(), Some(text));
        Some(Self { reply, outcome: Outcome::Failed, screen: None, state: None })
    }

    /// The answer when the session was over before the request came.
    pub fn refusal(text: &str) -> Self {
        Self {
            reply: FlowReply::token_rejected(text),
            outcome: Outcome::Refused,
            screen: None,
            state: None,
        }
    }

    /// What goes to the client.
    pub fn reply(&self) -> &FlowReply {
        &self.reply
    }

    /// How the turn ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The screen that the user is on now; `None` keeps the session's.
    pub fn screen(&self) -> Option<&str> {
        self.screen.as_deref()
    }

    /// The state to store; `None` keeps the session's.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The reply alone. The caller asserts that the answer is committed: only then may it be sealed.
    pub fn assert_committed(self) -> FlowReply {
        self.reply
    }
}

/// Checks a plugin's answer to an exchange: the limits (before anything is parsed, so that an
/// oversized answer costs nothing), the JSON, and the rules of `protocol.md` section 5. Rules that
/// need a Flow JSON are checked if there are `rules`. `rejected_text` is used if the plugin refuses
/// a token without a text.
pub fn check(
    answer: Answer,
    exchange: &Exchange,
    limits: AnswerLimits,
    rejected_text: &str,
    rules: Option<&ReplyRules>,
) -> Result<CheckedAnswer, AnswerError> {
    let (reply, state) = match answer {
        Answer::BadRequest(text) => {
            within("reply", text.len(), limits.reply_bytes)?;
            (same_screen(exchange, text)?, None)
        }
        Answer::Outcome { reply, state } => {
            within("reply", reply.size(), limits.reply_bytes)?;
            within("state", state.as_ref().map_or(0, String::len), limits.state_bytes)?;
            (parse_reply(reply, rejected_text)?, state)
        }
    };
    if let Some(state) = &state {
        serde_json::from_str::<IgnoredAny>(state).map_err(|_| AnswerError::MalformedState)?;
    }
    if let (Some(rules), PluginReply::Screen { screen, data, .. }) = (rules, &reply) {
        rules.check_screen(exchange.origin(), screen, data).map_err(AnswerError::FlowJson)?;
    }
    let (outcome, screen) = match &reply {
        PluginReply::Close | PluginReply::Complete(_) => {
            (Outcome::Completed, Some(SUCCESS.to_owned()))
        }
        PluginReply::RejectToken(_) => (Outcome::Rejected, None),
        PluginReply::Screen { screen, .. } => (Outcome::Screen, Some(screen.clone())),
    };
    let reply = FlowReply::of_plugin(reply, exchange.flow_token.as_ref());
    within("reply", reply.payload().len(), limits.reply_bytes)?;
    Ok(CheckedAnswer { reply, outcome, screen, state })
}

fn same_screen(exchange: &Exchange, text: String) -> Result<PluginReply, AnswerError> {
    let screen = exchange.screen.clone().ok_or(AnswerError::BadRequestWithoutScreen)?;
    Ok(PluginReply::Screen { screen, data: Map::new(), error_message: Some(text) })
}

fn parse_reply(reply: RawReply, rejected_text: &str) -> Result<PluginReply, AnswerError> {
    Ok(match reply {
        RawReply::Close => PluginReply::Close,
        RawReply::Complete(params) => PluginReply::Complete(parse_object("params", &params)?),
        RawReply::RejectToken(text) if text.is_empty() => {
            PluginReply::RejectToken(rejected_text.to_owned())
        }
        RawReply::RejectToken(text) => PluginReply::RejectToken(text),
        RawReply::Screen { screen, data, error_message } => {
            let data = parse_object("data", &data)?;
            if !possible_screen(&screen) {
                return Err(AnswerError::ImpossibleScreen);
            }
            if data.get(ERROR_MESSAGE).is_some_and(|text| !text.is_string()) {
                return Err(AnswerError::MalformedErrorMessage);
            }
            PluginReply::Screen { screen, data, error_message }
        }
    })
}

fn parse_object(what: &'static str, text: &str) -> Result<Map<String, Value>, AnswerError> {
    serde_json::from_str(text).map_err(|_| AnswerError::NotAnObject(what))
}

/// Whether a screen id is possible at all. Ids that only WhatsApp might refuse are for the check of
/// the Flow JSON.
fn possible_screen(name: &str) -> bool {
    name.len() <= MAX_SCREEN_BYTES
        && matches!(id_fault(name), None | Some(IdFault::Reserved | IdFault::NoLetters))
}

fn within(what: &'static str, size: usize, limit: usize) -> Result<(), AnswerError> {
    if size > limit { Err(AnswerError::TooLarge { what, size, limit }) } else { Ok(()) }
}

/// Far longer than any real id. The id is stored with every exchange.
const MAX_SCREEN_BYTES: usize = 200;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::{Action, FlowToken, ReplyKind};
    use flowhost_flow_json::ReplyRules;

    const LIMITS: AnswerLimits = AnswerLimits { reply_bytes: 1000, state_bytes: 100 };

    #[test]
    fn a_screen_carries_its_data_and_the_error() {
        let answer = screen("NEXT", r#"{"a":1}"#, Some("no"));
        let checked = check(answer, &exchange(), LIMITS, "gone", None).unwrap();
        assert_eq!(
            checked.reply().payload(),
            br#"{"screen":"NEXT","data":{"a":1,"error_message":"no"}}"#
        );
        assert_eq!((checked.outcome(), checked.screen()), (Outcome::Screen, Some("NEXT")));
    }

    #[test]
    fn a_completion_gets_the_token_unless_it_has_one() {
        for (params, token) in [(r#"{"x":1}"#, "tok"), (r#"{"flow_token":"mine"}"#, "mine")] {
            let answer = outcome(RawReply::Complete(params.to_owned()), None);
            let checked = check(answer, &exchange(), LIMITS, "gone", None).unwrap();
            let payload: Value = serde_json::from_slice(checked.reply().payload()).unwrap();
            assert_eq!(payload["screen"], "SUCCESS");
            assert_eq!(
                payload["data"]["extension_message_response"]["params"]["flow_token"],
                token
            );
        }
        let closed =
            check(outcome(RawReply::Close, None), &exchange(), LIMITS, "gone", None).unwrap();
        assert_eq!(closed.reply().payload(), br#"{"screen":"SUCCESS","data":{}}"#);
    }

    #[test]
    fn a_refused_token_always_has_a_text() {
        for (text, shown) in [("sorry", "sorry"), ("", "gone")] {
            let checked = check(
                outcome(RawReply::RejectToken(text.to_owned()), None),
                &exchange(),
                LIMITS,
                "gone",
                None,
            )
            .unwrap();
            assert_eq!(checked.reply().kind(), ReplyKind::TokenRejected);
            assert_eq!(
                checked.reply().payload(),
                json!({"error_msg": shown}).to_string().as_bytes()
            );
        }
    }

    #[test]
    fn bad_input_shows_the_same_screen_if_there_is_one() {
        let checked =
            check(Answer::BadRequest("no".to_owned()), &exchange(), LIMITS, "gone", None).unwrap();
        assert_eq!(
            checked.reply().payload(),
            br#"{"screen":"FORM","data":{"error_message":"no"}}"#
        );
        let opened = Exchange { screen: None, ..exchange() };
        let error =
            check(Answer::BadRequest("no".to_owned()), &opened, LIMITS, "gone", None).unwrap_err();
        assert_eq!(error, AnswerError::BadRequestWithoutScreen);
    }

    #[test]
    fn refuses_what_the_client_could_not_show() {
        use AnswerError::*;
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for (answer, why) in [
            (screen("SUCCESS", "{}", None), ImpossibleScreen),
            (screen("", "{}", None), ImpossibleScreen),
            (screen("A1", "{}", None), ImpossibleScreen),
            (screen(&"A".repeat(MAX_SCREEN_BYTES + 1), "{}", None), ImpossibleScreen),
            (screen("A", "[]", None), NotAnObject("data")),
            (screen("A", "nonsense", None), NotAnObject("data")),
            (screen("A", &deep, None), NotAnObject("data")),
            (screen("A", r#"{"error_message":1}"#, None), MalformedErrorMessage),
            (outcome(RawReply::Complete("1".to_owned()), None), NotAnObject("params")),
            (outcome(RawReply::Close, Some("nonsense")), MalformedState),
            (
                outcome(RawReply::Close, Some(&format!("\"{}\"", "x".repeat(99)))),
                TooLarge { what: "state", size: 101, limit: 100 },
            ),
        ] {
            assert_eq!(check(answer, &exchange(), LIMITS, "gone", None).unwrap_err(), why);
        }
        let big = screen("A", &format!("{{\"a\":\"{}\"}}", "x".repeat(1000)), None);
        assert!(matches!(
            check(big, &exchange(), LIMITS, "gone", None),
            Err(TooLarge { what: "reply", .. })
        ));
        let unread = screen("A", &"[".repeat(1001), None);
        assert_eq!(
            check(unread, &exchange(), LIMITS, "gone", None).unwrap_err(),
            TooLarge { what: "reply", size: 1002, limit: 1000 }
        );
    }

    #[test]
    fn with_a_flow_json_only_what_the_phone_takes_is_an_answer() {
        let rules = rules();
        let check = |answer| check(answer, &exchange(), LIMITS, "gone", Some(&rules));
        assert!(check(screen("NEXT", r#"{"name":"Ana"}"#, Some("no"))).is_ok());
        assert!(check(screen("FORM", r#"{"any":"key"}"#, None)).is_ok());
        assert!(
            check(outcome(RawReply::Close, None)).is_ok()
                && check(outcome(RawReply::RejectToken("x".to_owned()), None)).is_ok()
        );
        for (answer, place) in [
            (screen("NEXT", r#"{"name":5}"#, None), "/data/name"),
            (screen("NEXT", "{}", None), "/data"),
            (screen("OTHER", "{}", None), "/screen"),
        ] {
            let Err(AnswerError::FlowJson(findings)) = check(answer) else {
                panic!("{place} is taken")
            };
            assert_eq!(
                findings.iter().map(|finding| finding.pointer.as_str()).collect::<Vec<_>>(),
                [place]
            );
        }
    }

    #[test]
    fn what_is_as_large_as_its_limit_is_an_answer() {
        let check = |answer| check(answer, &exchange(), LIMITS, "gone", None);
        let state = format!("\"{}\"", "x".repeat(98));
        let checked = check(outcome(RawReply::Close, Some(&state))).unwrap();
        assert_eq!(checked.state(), Some(state.as_str()));

        let name = "A".repeat(MAX_SCREEN_BYTES);
        let checked = check(screen(&name, r#"{"error_message":"no"}"#, None)).unwrap();
        assert_eq!((checked.screen(), checked.state()), (Some(name.as_str()), None));

        let with = |letters| screen("A", &format!(r#"{{"a":"{}"}}"#, "x".repeat(letters)), None);
        let rest = check(with(0)).unwrap().reply().payload().len();
        assert_eq!(check(with(1000 - rest)).unwrap().reply().payload().len(), 1000);
        let error = check(with(1001 - rest)).unwrap_err();
        assert_eq!(error, AnswerError::TooLarge { what: "reply", size: 1001, limit: 1000 });
    }

    #[test]
    fn the_size_of_an_answer_is_that_of_all_its_texts() {
        assert_eq!(Answer::BadRequest("four".to_owned()).size(), 4);
        assert_eq!(outcome(RawReply::Close, None).size(), 0);
        assert_eq!(outcome(RawReply::RejectToken("four".to_owned()), Some("{}")).size(), 6);
        assert_eq!(outcome(RawReply::Complete("{}".to_owned()), Some("[1,2]")).size(), 7);
        assert_eq!(screen("NEXT", r#"{"a":1}"#, None).size(), 11);
        assert_eq!(screen("NEXT", r#"{"a":1}"#, Some("no")).size(), 13);
    }

    #[test]
    fn each_end_of_a_turn_says_what_becomes_of_the_session() {
        let ends = |answer| {
            let checked = check(answer, &exchange(), LIMITS, "gone", None).unwrap();
            (checked.outcome(), checked.screen().map(str::to_owned))
        };
        let success = || Some("SUCCESS".to_owned());
        assert_eq!(ends(outcome(RawReply::Close, None)), (Outcome::Completed, success()));
        let complete = RawReply::Complete("{}".to_owned());
        assert_eq!(ends(outcome(complete, None)), (Outcome::Completed, success()));
        let reject = RawReply::RejectToken("no".to_owned());
        assert_eq!(ends(outcome(reject, None)), (Outcome::Rejected, None));

        let refusal = CheckedAnswer::refusal("over");
        assert_eq!((refusal.outcome(), refusal.screen()), (Outcome::Refused, None));
        assert_eq!(refusal.assert_committed().payload(), br#"{"error_msg":"over"}"#);
        let failure = CheckedAnswer::failure(&exchange(), "Sorry.", None).unwrap();
        assert_eq!((failure.outcome(), failure.screen()), (Outcome::Failed, None));
        assert_eq!(
            failure.reply().payload(),
            br#"{"screen":"FORM","data":{"error_message":"Sorry."}}"#
        );
    }

    #[test]
    fn debug_of_an_answer_shows_none_of_its_data() {
        let answer = || screen("NEXT", r#"{"a":"secret"}"#, Some("secret"));
        assert_eq!(format!("{:?}", answer()), "Answer(..)");
        let checked = check(answer(), &exchange(), LIMITS, "gone", None).unwrap();
        assert_eq!(
            format!("{checked:?} {:?}", checked.reply()),
            r#"CheckedAnswer { outcome: Screen, screen: Some("NEXT"), .. } FlowReply(Answer, 64 bytes)"#
        );
    }

    #[test]
    fn the_failure_text_is_one_that_the_phone_takes_or_none() {
        let at = |screen: &str| Exchange { screen: Some(screen.to_owned()), ..exchange() };
        let rules = rules();
        let shown = |exchange: &Exchange, rules| {
            CheckedAnswer::failure(exchange, "Sorry.", rules).is_some()
        };
        assert!(shown(&at("FORM"), Some(&rules)) && shown(&at("FORM"), None));
        for screen in ["NEXT", "OTHER"] {
            assert!(shown(&at(screen), None) && !shown(&at(screen), Some(&rules)), "{screen}");
        }
    }

    /// FORM, which declares no data, leads to NEXT, which requires a name.
    fn rules() -> ReplyRules {
        let document = json!({
            "version": "7.3",
            "data_api_version": "3.0",
            "routing_model": {"FORM": ["NEXT"]},
            "screens": [
                {"id": "FORM"},
                {"id": "NEXT", "terminal": true, "data": {"name": {"type": "string"}, "required": ["name"]}},
            ],
        });
        ReplyRules::parse(document.to_string().as_bytes()).unwrap()
    }

    fn screen(name: &str, data: &str, error_message: Option<&str>) -> Answer {
        let reply = RawReply::Screen {
            screen: name.to_owned(),
            data: data.to_owned(),
            error_message: error_message.map(str::to_owned),
        };
        outcome(reply, None)
    }

    fn outcome(reply: RawReply, state: Option<&str>) -> Answer {
        Answer::Outcome { reply, state: state.map(str::to_owned) }
    }

    fn exchange() -> Exchange {
        Exchange {
            action: Action::DataExchange,
            screen: Some("FORM".to_owned()),
            data: "{}".to_owned(),
            flow_token: FlowToken::new("tok".to_owned()),
            version: "3.0".to_owned(),
            flow_token_signature: None,
        }
    }
}
