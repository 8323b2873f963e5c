//! Plays a scenario against something that answers: a plugin in the sandbox of this process, or any
//! endpoint.

use std::future::Future;
use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{Difference, Scenario, Step};

/// Answers the requests of one conversation.
pub trait Answers: Send {
    /// The answer to a request. The requests of a conversation come one after another.
    fn answer(
        &mut self,
        request: &Request,
    ) -> impl Future<Output = Result<Answered, NoAnswer>> + Send;

    /// Problems at the end that no step showed, such as an expected request of the plugin that
    /// never came. Each is a sentence.
    fn finish(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// What is played of a scenario's surroundings and settings although nothing inside can be
    /// seen, in the scenario's terms: `[[media]]`, `context`.
    fn played(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// A request, before it is encrypted.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The request's number in the conversation. A repeated request has the number of the first.
    pub number: usize,
    /// Its JSON.
    pub payload: Value,
    /// Whether it has a `flow_token_signature`. The signature is not in the payload: the
    /// implementation of [`Answers`] adds it.
    pub signed: bool,
    /// The plugin's clock; `None` if the scenario doesn't set it.
    pub now: Option<OffsetDateTime>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The status of the HTTP response.
    pub status: u16,
    /// The decrypted reply, if there is one.
    pub payload: Option<Value>,
    /// How long the answer took.
    pub took: Duration,
    /// What only the plugin's host can know; `None` over the network.
    pub inside: Option<Inside>,
}

/// What the plugin's host knows about a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inside {
    /// The state that is stored after the call.
    pub state: Option<Value>,
    /// What the plugin's store has after the call, by key: JSON, or else a text.
    pub store: Map<String, Value>,
    /// The requests that the plugin sent, each with what came back: `GET https://a.example/: 200`.
    pub requests: Vec<String>,
    /// The lines that the plugin logged, each with its level: `info: booked`.
    pub log: Vec<String>,
    /// Why the call failed, if it did.
    pub failure: Option<String>,
    /// Which of the lines of `log` says that.
    pub failure_line: Option<usize>,
    /// Problems with the call that its reply doesn't show, such as a request that the scenario has
    /// no answer to. Each is a sentence.
    pub problems: Vec<String>,
    /// What the author may have overlooked, although the step may be as expected. Each is a
    /// sentence.
    pub notes: Vec<String>,
    /// What the call used; `None` if the plugin was not called.
    pub usage: Option<Usage>,
}

/// What one call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time.
    pub cpu: Duration,
    /// Wall time of the whole call.
    pub wall: Duration,
    /// The most linear memory that the call had, in bytes.
    pub memory_bytes: u64,
    /// Bytes of the reply's JSON; 0 if the call failed.
    pub reply_bytes: u64,
    /// Bytes of the state that it stored; 0 if it stored none.
    pub state_bytes: u64,
}

/// Why there is no answer to compare.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// The result of playing a scenario.
#[derive(Clone, Debug)]
pub struct Played {
    /// The steps that were played: all of them, unless one got no answer, or differed where the
    /// endpoint has surroundings of its own.
    pub steps: Vec<PlayedStep>,
    /// Why the play ended early, if it did.
    pub no_answer: Option<NoAnswer>,
    /// Problems at the end, each as a sentence.
    pub at_the_end: Vec<String>,
    /// Parts of the scenario that could not be played or checked, each as a sentence.
    pub skipped: Vec<String>,
}

/// The result of one step.
#[derive(Clone, Debug)]
pub struct PlayedStep {
    /// The number of the step, counted from 1.
    pub number: usize,
    /// The line of the scenario that it begins on.
    pub line: usize,
    /// What was sent.
    pub request: Request,
    /// What came back.
    pub came: Answered,
    /// Where the answer differs from the expectation.
    pub differences: Vec<Difference>,
    /// Whether the step has no expectation. That is a failure, since nothing would be tested.
    pub expects_nothing: bool,
}

impl Scenario {
    /// Plays every step, even after one that differs: a later step may explain the difference. But
    /// if the scenario has surroundings that the endpoint does not have, it ends there, since what
    /// follows would differ because of that.
    pub async fn play(&self, with: &mut impl Answers) -> Played {
        let mut played = Played {
            steps: Vec::new(),
            no_answer: None,
            at_the_end: Vec::new(),
            skipped: Vec::new(),
        };
        let mut now = self.now;
        for (index, step) in self.steps.iter().enumerate() {
            now = step.now.or(now);
            let request = self.request(index + 1, step, now);
            match with.answer(&request).await {
                Ok(came) => {
                    let step = PlayedStep::of(index + 1, step, request, came);
                    let ends = step.came.inside.is_none()
                        && !step.differences.is_empty()
                        && !self.unplayed(&with.played()).is_empty();
                    played.steps.push(step);
                    if ends {
                        break;
                    }
                }
                Err(none) => {
                    played.no_answer = Some(none);
                    break;
                }
            }
        }
        played.at_the_end = with.finish();
        if played.steps.iter().any(|step| step.came.inside.is_none()) {
            played.skipped = self.skipped_from_outside(&with.played());
            if played.no_answer.is_none() && played.steps.len() < self.steps.len() {
                let (came_to, all) = (played.steps.len(), self.steps.len());
                played.skipped.push(match all - came_to {
                    1 => format!("step {all} is not played: it comes after one that differs"),
                    _ => format!(
                        "steps {} to {all} are not played: they come after one that differs",
                        came_to + 1
                    ),
                });
            }
        }
        played
    }

    /// What is around the plugin, other than what was `played`.
    fn unplayed(&self, played: &[&str]) -> Vec<&'static str> {
        let named = self.surroundings.named().into_iter().chain(self.sandbox_settings());
        named.filter(|name| !played.contains(name)).collect()
    }

    /// The parts that can't be played or checked over the network; `played` are those that were.
    fn skipped_from_outside(&self, played: &[&str]) -> Vec<String> {
        let unplayed = self.unplayed(played).into_iter().map(|name| match name {
            "context" => format!("{name} is not played: --mint sends a flow token that has it"),
            name => format!("{name} is not played: the endpoint has its own"),
        });
        let unseen = self.steps.iter().enumerate().flat_map(|(index, step)| {
            let parts = step.expect.iter().flat_map(|expect| expect.needs_inside());
            parts.map(move |part| {
                format!(
                    "step {}: `{part}` is not looked at: it can't be seen from outside",
                    index + 1
                )
            })
        });
        unplayed.chain(unseen).collect()
    }
}

impl Played {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.no_answer.is_none()
            && self.at_the_end.is_empty()
            && self.steps.iter().all(PlayedStep::passed)
    }
}

impl PlayedStep {
    fn of(index: usize, step: &Step, request: Request, came: Answered) -> Self {
        let differences =
            step.expect.as_ref().map(|expect| expect.differences(&came)).unwrap_or_default();
        Self {
            number: index,
            line: step.line,
            request,
            came,
            differences,
            expects_nothing: step.expect.is_none(),
        }
    }

    /// Whether the step was as expected.
    pub fn passed(&self) -> bool {
        let has_problems =
            self.came.inside.as_ref().is_some_and(|inside| !inside.problems.is_empty());
        self.differences.is_empty() && !self.expects_nothing && !has_problems
    }
}
