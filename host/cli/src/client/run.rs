//! `flowhost client run`: plays the scenarios of a plugin against an endpoint.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde_json::Value;

use flowhost_client::judgement::{Check, Judgement, Problem};
use flowhost_client::{Exchange, Phone, SealedRequest};
use flowhost_devkit::scenarios::{Answered, Answers, NoAnswer, Request, Scenario};
use flowhost_protocol::crypto::random_bytes;
use flowhost_server::config::{ConfigError, Environment};

use super::super::plugin::project::ScenarioFile;
use super::super::plugin::test::{PlayedFile, ReportArgs, Results};
use super::endpoint::EndpointArgs;

/// Arguments of `client run`.
#[derive(Args)]
pub struct RunArgs {
    /// The scenarios, in the format of `plugin test`
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// Send this flow token, such as a minted one, in the place of the scenario's; for one scenario
    /// only
    #[arg(long, value_name = "TOKEN")]
    flow_token: Option<String>,
    #[command(flatten)]
    report: ReportArgs,
}

pub(super) async fn run(args: RunArgs, environment: &Environment) -> anyhow::Result<()> {
    let files = args.files()?;
    let phone = args.endpoint.phone(environment)?;
    let began = Instant::now();
    let mut all = Vec::new();
    for file in files {
        let began = Instant::now();
        let played = file
            .scenario
            .play(&mut Endpoint::new(&phone, &file.scenario, args.flow_token.as_deref()))
            .await;
        all.push(PlayedFile::of(file, played, began.elapsed()));
    }
    Results::from_outside(all, began.elapsed()).tell(&args.report, environment)
}

impl RunArgs {
    /// Reads all scenarios before the first is played.
    fn files(&self) -> anyhow::Result<Vec<ScenarioFile>> {
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        for path in &self.scenarios {
            match ScenarioFile::read(path) {
                Ok(file) => files.push(file),
                Err(problem) => problems.push(problem.to_string()),
            }
        }
        if !problems.is_empty() {
            return Err(ConfigError::new(format!(
                "scenarios can't be read:\n{}",
                problems.join("\n")
            ))
            .into());
        }
        if self.flow_token.is_some() && files.len() > 1 {
            return Err(ConfigError::new(
                "--flow-token is for one scenario: each is a conversation of its own",
            )
            .into());
        }
        Ok(files)
    }
}

/// An endpoint over the network, in one conversation.
///
/// The scenario's flow token may have been used before, and its session be over. So a different
/// token is sent, and replaced by the scenario's token in the replies.
struct Endpoint<'a> {
    phone: &'a Phone,
    written_token: String,
    sent_token: String,
    steps: usize,
    /// What was sent, by the requests' numbers: a repeat is the same bytes.
    sent: HashMap<usize, SealedRequest>,
    problems: Vec<String>,
}

impl<'a> Endpoint<'a> {
    fn new(phone: &'a Phone, scenario: &Scenario, token: Option<&str>) -> Self {
        let written_token = scenario.flow_token.clone();
        let sent_token = match token {
            Some(token) => token.to_owned(),
            // Which token it is does not matter, but it matters that the token identifies nobody.
            None if written_token.is_empty() || written_token == UNUSED => written_token.clone(),
            None => format!("{written_token}-{}", hex::encode(random_bytes::<8>())),
        };
        Self {
            phone,
            written_token,
            sent_token,
            steps: 0,
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

impl Answers for Endpoint<'_> {
    async fn answer(&mut self, request: &Request) -> Result<Answered, NoAnswer> {
        self.steps += 1;
        let mut payload = request.payload.clone();
        replace(&mut payload, &self.written_token, &self.sent_token);
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
        std::mem::take(&mut self.problems)
    }
}

/// Replaces every text that equals `from` as a whole.
fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| replace(element, from, to))
        }
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, from, to)),
        _ => (),
    }
}

/// The token that WhatsApp sends for a message without a token of its own.
const UNUSED: &str = "unused";

pub(super) const EXAMPLE: &str = "Examples:
  flowhost client run scenarios/*.toml --url https://example.com/flow --public-key public.pem --app-secret-file secret.txt
  FLOWHOST_APP_SECRET=.. flowhost client run scenarios/booking.toml --url http://127.0.0.1:8080/flows/acme/booking \\
      --public-key acme.pem --flow-json flow.json --json

What can't be played or seen over the network (state, log, clock, random numbers, settings, what is faked) is skipped, and the report
says so. Each scenario gets a flow token of its own, so that it can be played again. Ends with 1 if a scenario fails, with 64 if one
can't be read.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_replaced_wherever_it_is_the_whole_text() {
        let mut value = json!({"flow_token": "t", "data": ["t", {"x": "t"}, "not t"], "t": 1});

        replace(&mut value, "t", "u");

        assert_eq!(value, json!({"flow_token": "u", "data": ["u", {"x": "u"}, "not t"], "t": 1}));
    }
}
