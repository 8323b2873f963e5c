//! A scenario's conversation with an endpoint over the network.

use std::collections::HashMap;

use flowhost_client::judgement::{Check, Judgement, Problem};
use flowhost_client::{Exchange, Phone, SealedRequest};
use flowhost_devkit::scenarios::{Answered, Answers, NoAnswer, Request, Scenario};
use flowhost_protocol::crypto::random_bytes;

use super::super::token::replace;
use super::Token;
use super::files::ScenarioFiles;

/// An endpoint over the network, in one conversation.
///
/// The scenario's flow token may have been used before, and its session be over. So a different
/// token is sent, and replaced by the scenario's token in the replies.
pub(super) struct Conversation<'a> {
    phone: &'a Phone,
    written_token: String,
    sent_token: String,
    /// Whether the token was minted for this scenario.
    is_minted: bool,
    files: ScenarioFiles,
    steps: usize,
    /// How many there are.
    all_steps: usize,
    /// What was sent, by the requests' numbers: a repeat is the same bytes.
    sent: HashMap<usize, SealedRequest>,
    problems: Vec<String>,
}

impl<'a> Conversation<'a> {
    /// A conversation with these files, in which `token` is sent in the place of the scenario's.
    pub(super) fn new(
        phone: &'a Phone,
        scenario: &Scenario,
        token: Token,
        files: ScenarioFiles,
    ) -> Self {
        let written_token = scenario.flow_token.clone();
        let is_minted = matches!(token, Token::Minted(_));
        let sent_token = match token {
            Token::Given(token) | Token::Minted(token) => token,
            // Which token it is does not matter, but it matters that the token identifies nobody.
            Token::Own if written_token.is_empty() || written_token == UNUSED => {
                written_token.clone()
            }
            Token::Own => format!("{written_token}-{}", hex::encode(random_bytes::<8>())),
        };
        Self {
            phone,
            written_token,
            sent_token,
            is_minted,
            files,
            steps: 0,
            all_steps: scenario.steps.len(),
            sent: HashMap::new(),
            problems: Vec::new(),
        }
    }

    /// Notes what a phone would not accept, even if the scenario expects it.
    fn note_problems(&mut self, judgement: &Judgement) {
        let of_content = judgement.problems.iter().filter(|problem| {
            matches!(problem.check, Check::Shape | Check::Routing | Check::Schema)
        });
        let sentences = of_content.map(|problem| {
            format!("step {}: the phone shows an error: {}", self.steps, problem.line())
        });
        self.problems.extend(sentences);
    }
}

impl Answers for Conversation<'_> {
    async fn answer(&mut self, request: &Request) -> Result<Answered, NoAnswer> {
        self.steps += 1;
        let mut payload = request.payload.clone();
        replace(&mut payload, &self.written_token, &self.sent_token);
        self.files.complete(&mut payload);
        let payload = if request.signed { self.phone.sign(payload) } else { payload };
        let exchange = match self.sent.remove(&request.number) {
            Some(sealed) => self.phone.repeat(&payload, sealed).await,
            None => {
                self.phone.exchange(&payload).await.map_err(|error| NoAnswer(error.to_string()))?
            }
        };
        let Exchange { status, payload, duration, judgement, sealed, .. } = exchange;
        self.sent.insert(request.number, sealed);
        let shut = judgement
            .problems
            .iter()
            .find(|problem| matches!(problem.check, Check::Arrival | Check::Sealing));
        let (Some(status), None) = (status, shut) else {
            let why: Vec<_> = judgement.problems.iter().map(Problem::line).collect();
            return Err(NoAnswer(format!("step {}: {}", self.steps, why.join("; "))));
        };
        self.note_problems(&judgement);
        let payload = payload.map(|mut payload| {
            replace(&mut payload, &self.sent_token, &self.written_token);
            payload
        });
        Ok(Answered { status, payload, took: duration, inside: None })
    }

    fn finish(&mut self) -> Vec<String> {
        let never_fetched = self.files.never_fetched(self.steps < self.all_steps);
        self.problems.drain(..).chain(never_fetched).collect()
    }

    fn played(&self) -> Vec<&'static str> {
        let of_the_token: &[_] = if self.is_minted { &["context", "minted_token"] } else { &[] };
        [&["[[media]]"], of_the_token].concat()
    }
}

/// The token that WhatsApp sends for a message without a token of its own.
const UNUSED: &str = "unused";
