//! `flowhost client`: plays WhatsApp against any data endpoint.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::client::{FlowClient, Reply, payload};
use crate::config::{ConfigError, Environment};

use super::app_secret::app_secret;
use super::input::{read_json, read_text};
use super::output::{milliseconds, printable, say};

/// What the client can do.
#[derive(Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Command {
    /// Seal, sign and send one request, and open the reply
    #[command(after_help = EXAMPLE)]
    Call(CallArgs),
}

/// Arguments of `client call`.
#[derive(Args)]
pub struct CallArgs {
    /// The endpoint
    #[arg(long)]
    url: String,
    /// File with the endpoint's public key in PEM, - for standard input
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// File with the app secret, - for standard input; without it, FLOWHOST_APP_SECRET counts
    #[arg(long, value_name = "FILE")]
    app_secret_file: Option<PathBuf>,
    /// Why the client calls
    #[arg(long, value_enum, ignore_case = true, default_value = "ping", conflicts_with = "payload")]
    action: Action,
    /// The screen that the user is on
    #[arg(long, conflicts_with = "payload")]
    screen: Option<String>,
    /// The form's fields as JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON", conflicts_with = "payload")]
    data: Option<String>,
    /// The conversation
    #[arg(long, value_name = "TOKEN", default_value = "flowhost-client", conflicts_with = "payload")]
    flow_token: String,
    /// The whole payload as JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    payload: Option<String>,
    /// Print {"status","duration_ms","payload"}, for machines
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Action {
    Ping,
    #[value(name = "INIT")]
    Init,
    #[value(name = "data_exchange")]
    DataExchange,
    #[value(name = "BACK")]
    Back,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    let Command::Call(args) = command;
    let payload = args.payload()?;
    let public_key = read_text(&args.public_key)?;
    let secret = app_secret(args.app_secret_file.as_ref(), "--app-secret-file", environment)?;
    let client = FlowClient::new(&args.url, &public_key, secret.expose())
        .map_err(|error| ConfigError::new(format!("{:#}", anyhow::Error::new(error))))?;
    let reply = client.call(&payload).await.with_context(|| format!("no reply from {}", args.url))?;
    say(&if args.json { for_machines(&reply) } else { for_people(&reply) });
    anyhow::ensure!(reply.status == 200, "the endpoint answered {}: {}", reply.status, meaning(reply.status));
    Ok(())
}

impl CallArgs {
    fn payload(&self) -> anyhow::Result<Value> {
        if let Some(whole) = &self.payload {
            return read_json(whole, "--payload");
        }
        let data = match &self.data {
            Some(data) => read_json(data, "--data")?,
            None => json!({}),
        };
        let screen = self.screen.as_deref();
        Ok(match self.action {
            Action::Ping => payload::ping(),
            Action::Init => with_data(payload::init(&self.flow_token), data),
            Action::DataExchange => payload::data_exchange(needed(screen)?, data, &self.flow_token),
            Action::Back => with_data(payload::back(needed(screen)?, &self.flow_token), data),
        })
    }
}

/// INIT and BACK carry data too, if somebody wants to see what an endpoint does with it.
fn with_data(mut payload: Value, data: Value) -> Value {
    payload["data"] = data;
    payload
}

fn needed(screen: Option<&str>) -> Result<&str, ConfigError> {
    screen.ok_or_else(|| ConfigError::new("this action needs --screen, the screen that the user is on"))
}

fn for_machines(reply: &Reply) -> String {
    let duration_ms = milliseconds(reply.duration);
    json!({ "status": reply.status, "duration_ms": duration_ms, "payload": reply.payload }).to_string()
}

fn for_people(reply: &Reply) -> String {
    let head = format!("{} in {:.1} ms", reply.status, milliseconds(reply.duration));
    match &reply.payload {
        // JSON escapes control characters by itself; only its line breaks are the printer's own.
        Some(payload) => {
            let body = format!("{payload:#}");
            format!("{head}\n{}", body.lines().map(printable).collect::<Vec<_>>().join("\n"))
        }
        None => head,
    }
}

/// What a status means to the phone.
fn meaning(status: u16) -> &'static str {
    match status {
        421 => "it could not decrypt the request; is --public-key the one of this endpoint?",
        427 => "the flow token is no longer valid",
        432 => "it refused the signature; is the app secret the right one?",
        404 => "there is no such endpoint",
        429 => "it is over a limit; try again later",
        503 => "the flow is switched off, or has no active plugin",
        _ => "the phone shows a generic error",
    }
}

const EXAMPLE: &str = "Examples:
  flowhost client call --url http://127.0.0.1:8080/flows/acme/booking --public-key acme.pem --app-secret-file secret.txt
  FLOWHOST_APP_SECRET=.. flowhost client call --url http://127.0.0.1:8080/flows/acme/booking --public-key acme.pem \\
      --action data_exchange --screen DETAILS --data '{\"name\":\"Ana\"}' --flow-token abc";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        call: CallArgs,
    }

    fn payload_of(extra: &[&str]) -> anyhow::Result<Value> {
        let fixed = ["x", "--url", "http://127.0.0.1:1/", "--public-key", "k.pem"];
        Line::try_parse_from(fixed.iter().chain(extra)).unwrap().call.payload()
    }

    #[test]
    fn the_payload_is_made_of_the_arguments() {
        let exchange = ["--action", "data_exchange", "--screen", "A", "--data", r#"{"b":1}"#, "--flow-token", "t"];

        let made = payload_of(&exchange).unwrap();

        assert_eq!(made["screen"], "A");
        assert_eq!(made["data"], json!({"b": 1}));
        assert_eq!(made["flow_token"], "t");
        assert_eq!(payload_of(&[]).unwrap()["action"], "ping");
        assert_eq!(payload_of(&["--action", "init"]).unwrap()["action"], "INIT");
    }

    #[test]
    fn a_missing_screen_and_bad_json_are_bad_usage() {
        assert!(payload_of(&["--action", "BACK"]).unwrap_err().is::<ConfigError>());
        assert!(payload_of(&["--payload", "{"]).unwrap_err().is::<ConfigError>());
    }

    #[test]
    fn a_reply_can_not_steer_the_terminal() {
        let payload = Some(json!({"text": "\u{1b}[2J\u{9b}"}));
        let reply = Reply { status: 200, payload, retry_after: None, duration: std::time::Duration::from_millis(3) };

        let shown = for_people(&reply);

        assert!(shown.starts_with("200 in 3.0 ms\n{\n"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{9b}']), "{shown}");
    }
}
