//! `flowhost client run`: plays the scenarios of a plugin against an endpoint.

mod conversation;
mod files;
mod mint;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use flowhost_client::Phone;
use flowhost_devkit::scenarios::Played;
use flowhost_server::config::{ConfigError, Environment};

use self::conversation::Conversation;
use self::files::ScenarioFiles;
use self::mint::Mint;
use super::super::api::AdminArgs;
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
    /// Mint a flow token with the scenario's context for each scenario, over the admin API of the
    /// host whose flow --url is
    #[arg(long, conflicts_with = "flow_token")]
    mint: bool,
    #[command(flatten)]
    admin: AdminArgs,
    #[command(flatten)]
    report: ReportArgs,
}

pub(super) async fn run(args: RunArgs, environment: &Environment) -> anyhow::Result<()> {
    let files = args.files()?;
    let phone = args.endpoint.phone(environment)?;
    let tokens = args.tokens(&files, environment).await?;
    let began = Instant::now();
    let mut all = Vec::new();
    for (file, token) in files.into_iter().zip(tokens) {
        let began = Instant::now();
        let played = play(&phone, &file, token).await;
        all.push(PlayedFile::of(file, played, began.elapsed()));
    }
    Results::from_outside(all, began.elapsed()).tell(&args.report, environment)
}

/// Plays a scenario, or says why it can't be played.
async fn play(phone: &Phone, file: &ScenarioFile, token: Token) -> Result<Played, String> {
    let folder = file.path.parent().unwrap_or(Path::new("."));
    let files = ScenarioFiles::of(&file.scenario, folder).map_err(|error| format!("{error:#}"))?;
    Ok(file.scenario.play(&mut Conversation::new(phone, &file.scenario, token, files)).await)
}

/// The flow token that is sent in the place of the scenario's.
enum Token {
    /// One that the user gave.
    Given(String),
    /// One that was minted for the scenario, with its context.
    Minted(String),
    /// The scenario's, made a new one.
    Own,
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

    /// The token of each scenario. All are there before the first is played, so that none is played
    /// in vain.
    async fn tokens(
        &self,
        files: &[ScenarioFile],
        environment: &Environment,
    ) -> anyhow::Result<Vec<Token>> {
        if let Some(given) = &self.flow_token {
            return Ok(vec![Token::Given(given.clone())]);
        }
        if !self.mint {
            return Ok(files.iter().map(|_| Token::Own).collect());
        }
        let mint = Mint::of(&self.endpoint.url, &self.admin, environment)?;
        let mut tokens = Vec::new();
        for file in files {
            let minted = mint.token(&file.scenario).await?;
            tokens.push(minted.map_or(Token::Own, Token::Minted));
        }
        Ok(tokens)
    }
}

pub(super) const EXAMPLE: &str = "Examples:
  flowhost client run scenarios/*.toml --url https://example.com/flow --public-key public.pem --app-secret-file secret.txt
  FLOWHOST_APP_SECRET=.. flowhost client run scenarios/booking.toml --url http://127.0.0.1:8080/flows/acme/booking \\
      --public-key acme.pem --flow-json flow.json --json
  flowhost client run scenarios/*.toml --mint --url http://127.0.0.1:8080/flows/acme/booking --public-key acme.pem --app-secret-file secret.txt

What can't be played or seen over the network (state, log, clock, random numbers, settings, what is faked) is skipped, and the report
says so. Files of [[media]] are served from this machine as WhatsApp serves them, where a `flowhost dev` on it fetches them; other
hosts don't. Each scenario gets a flow token of its own, so that it can be played again. --mint makes it one of the host's, for flows
that admit no other; it needs FLOWHOST_TOKEN, as all commands that change something do. Ends with 1 if a scenario fails, with 64 if
one can't be read.";
