//! Judges an answer as the phone does: what the phone does, what the user sees, and what is wrong
//! with the answer if that is an error.
//!
//! The rules are those of `protocol.md`, sections 1, 4 and 5. With a Flow JSON, answers are also
//! checked against it.

mod near_miss;
mod problem;
mod reply;

use serde::Serialize;
use serde_json::{Map, Value};

use flowhost_flow_json::FlowJson;

use super::{ClientError, RawReply, SealFlaw, SealedRequest, payload};

pub use self::problem::{Check, Problem};

/// What the phone makes of one answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// What was asked.
    pub request: RequestKind,
    /// What the phone does.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What is wrong; not empty if and only if the outcome is a failure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// What works but should be changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

/// Who asks, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestKind {
    /// A phone reports that it could not use an answer.
    ErrorNotification,
    /// Meta's servers check that the endpoint is there.
    HealthCheck,
    /// A user opens the Flow, submits a screen or goes back.
    Turn,
}

/// What the phone does with an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The error notification arrived.
    Acknowledged,
    /// The health check passes.
    Active,
    /// The Flow is closed.
    Closes {
        /// What the chat gets; `None` if nothing is sent there.
        params: Option<Map<String, Value>>,
    },
    /// The button of the message that opened the Flow is disabled for good.
    DisablesButton {
        /// The text that the user sees.
        text: String,
    },
    /// The user sees an error, or the health check fails.
    Fails,
    /// The public key is fetched again, and the request sent once more.
    FetchesKey,
    /// A screen is shown.
    ShowsScreen {
        /// The screen's id.
        screen: String,
        /// The data that it is shown with.
        data: Map<String, Value>,
        /// The message that pops up on it.
        snackbar: Option<String>,
    },
}

impl Judgement {
    /// Judges what came back to a request: `payload` is what was asked, `sealed` how it was sent,
    /// `tries_before` how many times it was already answered with 421. With a Flow JSON, a screen
    /// is checked against it. Returns the decrypted reply too, if there is one.
    pub fn of(
        payload: &Value,
        sealed: &SealedRequest,
        raw: &RawReply,
        tries_before: usize,
        flow_json: Option<&FlowJson>,
    ) -> (Self, Option<Value>) {
        let kind = RequestKind::of(payload);
        match raw.status {
            200 | 427 => match sealed.open(&raw.body) {
                Ok(reply) if raw.status == 427 => (kind.of_refusal(&reply), Some(reply)),
                Ok(reply) => (reply::judge(payload, &reply, flow_json), Some(reply)),
                Err(_) => (kind.fails(unopened(raw.status, sealed.diagnose(&raw.body))), None),
            },
            421 if tries_before == 0 => (kind.comes_to(Outcome::FetchesKey), None),
            status => (
                Self {
                    hints: raw.hint.iter().cloned().collect(),
                    ..kind.fails(status_problem(status))
                },
                None,
            ),
        }
    }

    /// Judges a turn's answer that is opened already, by its form alone. `is_refusal` is whether it
    /// came with status 427.
    pub fn of_answer(answer: &Value, is_refusal: bool) -> Self {
        if is_refusal {
            return RequestKind::Turn.of_refusal(answer);
        }
        reply::judge(&payload::init(""), answer, None)
    }

    /// Judges a call that brought no usable answer.
    pub fn of_failure(payload: &Value, error: &ClientError) -> Self {
        let key = if matches!(error, ClientError::TimedOut { .. }) {
            "timeout_error"
        } else {
            "no_http_response_error"
        };
        RequestKind::of(payload)
            .fails(Problem::new(Check::Arrival, with_causes(error)).reported_as(key))
    }

    /// Whether the user can't go on, or the health check fails.
    pub fn is_failure(&self) -> bool {
        matches!(self.outcome, Outcome::Fails | Outcome::DisablesButton { .. })
    }

    /// What the phone does, in lines for people. They may quote the answer, which is untrusted
    /// text.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.headline()];
        lines.extend(self.problems.iter().map(|problem| format!("  - {}", problem.line())));
        lines.extend(self.hints.iter().map(|hint| format!("  hint: {hint}")));
        lines
    }

    fn headline(&self) -> String {
        match &self.outcome {
            Outcome::Acknowledged => "The error notification is acknowledged.".to_owned(),
            Outcome::Active => "The health check passes.".to_owned(),
            Outcome::Closes { params: None } => {
                "The phone closes the Flow; the chat gets no message.".to_owned()
            }
            Outcome::Closes { params: Some(params) } => {
                format!(
                    "The phone closes the Flow; the chat gets {}.",
                    Value::Object(params.clone())
                )
            }
            Outcome::DisablesButton { text } => {
                format!("The phone disables the button of the message for good, and shows: {text}")
            }
            Outcome::Fails => match self.request {
                RequestKind::ErrorNotification => {
                    "The error notification is not acknowledged:".to_owned()
                }
                RequestKind::HealthCheck => "The health check fails:".to_owned(),
                RequestKind::Turn => "The phone shows an error:".to_owned(),
            },
            Outcome::FetchesKey => {
                "The phone fetches the public key again, and sends once more.".to_owned()
            }
            Outcome::ShowsScreen { screen, snackbar: None, .. } => {
                format!("The phone shows screen {screen}.")
            }
            Outcome::ShowsScreen { screen, snackbar: Some(text), .. } => {
                format!("The phone shows screen {screen}, and a message on it: {text}")
            }
        }
    }
}

impl RequestKind {
    /// What a payload asks for.
    pub fn of(payload: &Value) -> Self {
        if payload["action"] == "ping" {
            return Self::HealthCheck;
        }
        let is_notification = payload["data"].as_object().is_some_and(|data| {
            let named = data.contains_key("error") || data.contains_key("error_key");
            named && data.keys().all(|key| NOTIFICATION_KEYS.contains(&key.as_str()))
        });
        if is_notification { Self::ErrorNotification } else { Self::Turn }
    }

    fn comes_to(self, outcome: Outcome) -> Judgement {
        Judgement { request: self, outcome, problems: Vec::new(), hints: Vec::new() }
    }

    fn fails(self, problem: Problem) -> Judgement {
        Judgement { problems: vec![problem], ..self.comes_to(Outcome::Fails) }
    }

    /// Judges a 427 whose body was decrypted.
    fn of_refusal(self, reply: &Value) -> Judgement {
        match &reply["error_msg"] {
            Value::String(text) => self.comes_to(Outcome::DisablesButton { text: text.clone() }),
            other => {
                let what = if other.is_null() { "missing" } else { "not a string" };
                let message = format!("`error_msg` of a 427, the text for the user, is {what}");
                let hints = near_miss::of_refusal(reply).into_iter().collect();
                Judgement {
                    hints,
                    ..self.fails(Problem::new(Check::Shape, message).at("/error_msg"))
                }
            }
        }
    }
}

fn unopened(status: u16, flaw: SealFlaw) -> Problem {
    let message = match status {
        200 => flaw.explanation().to_owned(),
        status => format!(
            "a {status} carries its text encrypted like any answer, but {}",
            flaw.explanation()
        ),
    };
    Problem::new(Check::Sealing, message)
}

fn status_problem(status: u16) -> Problem {
    let meaning = match status {
        201..=299 => "only a 200 carries an answer",
        300..=399 => "it redirects",
        401 | 403 => {
            "something before it asks who is calling; Meta signs its requests, and knows no password"
        }
        404 | 410 => "there is no such endpoint",
        405 => "what is there takes no POST",
        413 => "the request is too large for it",
        415 => "it does not take JSON",
        421 => {
            "it could not decrypt the request, the second time too; is the public key the one of this endpoint?"
        }
        429 => "it is over a limit; try again later",
        432 => "it refused the signature; is the app secret the right one?",
        502 => "a proxy before it got no answer",
        503 => "it is switched off, or not ready",
        504 => "the phone takes this as its own time-out",
        _ => "no phone expects this status",
    };
    let problem = Problem::new(Check::Status, format!("the endpoint answered {status}: {meaning}"));
    match status {
        // These two have a meaning of their own, and don't count as unexpected.
        421 | 432 => Problem { reported_as: None, ..problem },
        504 => problem.reported_as("timeout_error"),
        _ => problem,
    }
}

fn with_causes(error: &ClientError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// The fields that an error notification's data may have. A form with a field called `error` has
/// others besides.
const NOTIFICATION_KEYS: [&str; 3] = ["error", "error_key", "error_message"];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::FlowClient;
    use super::*;

    fn judged(payload: &Value, status: u16, body: &[u8], tries_before: usize) -> Judgement {
        let client = FlowClient::new("http://localhost/", PUBLIC_KEY, "secret").unwrap();
        let sealed = client.seal(payload).unwrap();
        let raw = RawReply {
            status,
            body: body.to_vec(),
            retry_after: None,
            hint: None,
            duration: Duration::ZERO,
        };
        Judgement::of(payload, &sealed, &raw, tries_before, None).0
    }

    #[test]
    fn the_first_421_fetches_the_key_and_the_second_is_an_error() {
        let init = payload::init("t");

        let first = judged(&init, 421, b"", 0);
        assert_eq!(first.outcome, Outcome::FetchesKey);
        assert!(!first.is_failure());
        let second = judged(&init, 421, b"", 1);
        assert!(second.is_failure() && second.problems[0].reported_as.is_none());
    }

    #[test]
    fn each_status_is_explained() {
        let init = payload::init("t");
        for (status, part) in [
            (432, "signature"),
            (504, "time-out"),
            (500, "answered 500"),
            (302, "answered 302"),
            (404, "no such"),
        ] {
            let judgement = judged(&init, status, b"anything", 0);
            assert!(
                judgement.is_failure() && judgement.lines().join("\n").contains(part),
                "{status}: {judgement:?}"
            );
        }
    }

    #[test]
    fn plain_text_is_an_error_under_200_and_427_alike() {
        let body = br#"{"error_msg":"over"}"#;

        let refused = judged(&payload::init("t"), 427, body, 0);
        assert_eq!(refused.problems[0].check, Check::Sealing);
        assert!(
            refused.lines()[1].contains("plain text") && refused.lines()[1].contains("427"),
            "{refused:?}"
        );
        let acknowledged = judged(
            &payload::error_notification("A", "", "", "t"),
            200,
            br#"{"data":{"acknowledged":true}}"#,
            0,
        );
        assert!(
            acknowledged.lines()[0].contains("not acknowledged")
                && acknowledged.lines()[1].contains("plain text")
        );
        assert!(judged(&payload::ping(), 200, b"", 0).lines()[1].contains("empty"));
    }

    #[test]
    fn a_refusal_needs_a_text() {
        let refusal = |reply| RequestKind::Turn.of_refusal(&reply);

        assert_eq!(
            refusal(json!({"error_msg": "over"})).outcome,
            Outcome::DisablesButton { text: "over".to_owned() }
        );
        assert_eq!(
            refusal(json!({"error": "over"})).problems[0].pointer.as_deref(),
            Some("/error_msg")
        );
    }

    #[test]
    fn what_never_arrives_is_an_error_too() {
        let late =
            Judgement::of_failure(&payload::init("t"), &ClientError::TimedOut { seconds: 10 });

        assert_eq!(late.problems[0].reported_as.as_deref(), Some("timeout_error"));
        assert!(late.is_failure());
    }

    #[test]
    fn a_form_with_a_field_called_error_is_no_notification() {
        let kind = |data| RequestKind::of(&payload::data_exchange("A", data, "t"));

        assert_eq!(kind(json!({"error": ""})), RequestKind::ErrorNotification);
        assert_eq!(
            kind(json!({"error_key": "k", "error_message": "m"})),
            RequestKind::ErrorNotification
        );
        assert_eq!(kind(json!({"error": "x", "name": "Ana"})), RequestKind::Turn);
        assert_eq!(RequestKind::of(&payload::ping()), RequestKind::HealthCheck);
    }

    #[test]
    fn machines_get_the_outcome_beside_what_is_wrong() {
        let judgement = judged(&payload::init("t"), 500, b"", 0);

        let expected = json!({
            "request": "turn",
            "outcome": "fails",
            "problems": [{
                "check": "status",
                "message": "the endpoint answered 500: no phone expects this status",
                "reported_as": "unexpected_http_status_code",
            }],
        });
        assert_eq!(serde_json::to_value(judgement).unwrap(), expected);
    }

    const PUBLIC_KEY: &str = include_str!("../../../../tests/fixtures/vectors/keys/public.pem");
}
