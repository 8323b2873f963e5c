//! `flowhost client call`: one request.

use clap::Args;
use serde_json::{Value, json};

use flowhost_client::Exchange;
use flowhost_server::config::Environment;

use super::super::input::read_json;
use super::super::output::{milliseconds, printable, say};
use super::action::ActionArgs;
use super::endpoint::EndpointArgs;

/// Arguments of `client call`.
#[derive(Args)]
pub struct CallArgs {
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    action: ActionArgs,
    /// The conversation
    #[arg(long, value_name = "TOKEN", default_value = "flowhost-client")]
    flow_token: String,
    /// The whole payload as JSON, @FILE, or - for standard input; it is sent as it is
    #[arg(long, value_name = "JSON", conflicts_with_all = ["action", "screen", "data", "flow_token"])]
    payload: Option<String>,
    /// Print {"status","duration_ms","attempts","payload","judgement"}, for machines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: CallArgs, environment: &Environment) -> anyhow::Result<()> {
    // Read before the key and the secret, since errors in the payload can be reported without them.
    let asked = args.payload()?;
    let phone = args.endpoint.phone(environment)?;
    let payload = if args.payload.is_some() { asked } else { phone.dress(asked) };
    let exchange = phone.exchange(&payload).await?;
    say(&if args.json { for_machines(&exchange) } else { for_people(&exchange) });
    anyhow::ensure!(!exchange.judgement.is_failure(), "{}", failure(&exchange, &args.endpoint.url));
    Ok(())
}

impl CallArgs {
    fn payload(&self) -> anyhow::Result<Value> {
        if let Some(whole) = &self.payload {
            return read_json(whole, "--payload");
        }
        self.action.payload(&self.flow_token)
    }
}

fn for_machines(exchange: &Exchange) -> String {
    json!({
        "status": exchange.status,
        "duration_ms": milliseconds(exchange.duration),
        "attempts": exchange.attempts,
        "payload": exchange.payload,
        "judgement": exchange.judgement,
    })
    .to_string()
}

fn for_people(exchange: &Exchange) -> String {
    let mut lines = Vec::new();
    if let Some(status) = exchange.status {
        let again = if exchange.attempts > 1 {
            ", at the second attempt: the first was answered 421"
        } else {
            ""
        };
        lines.push(format!("{status} in {:.1} ms{again}", milliseconds(exchange.duration)));
    }
    if let Some(payload) = &exchange.payload {
        // JSON escapes control characters; the only line breaks are those of the pretty printer.
        lines.extend(format!("{payload:#}").lines().map(str::to_owned));
    }
    lines.extend(exchange.judgement.lines());
    lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
}

/// The error that sets the exit code. The details were printed before.
fn failure(exchange: &Exchange, url: &str) -> String {
    match exchange.status {
        None => format!("no reply from {url}"),
        Some(200) => "the reply is not one that a phone can use".to_owned(),
        Some(427) if exchange.payload.is_some() => {
            "the endpoint answered 427: the flow token is no longer valid".to_owned()
        }
        Some(status) => format!("the endpoint answered {status}"),
    }
}

pub(super) const EXAMPLE: &str = "Examples:
  flowhost client call --url http://127.0.0.1:8080/flows/acme/booking --public-key acme.pem --app-secret-file secret.txt
  FLOWHOST_APP_SECRET=.. flowhost client call --url http://127.0.0.1:8080/flows/acme/booking --public-key acme.pem \\
      --action data_exchange --screen DETAILS --data '{\"name\":\"Ana\"}' --flow-token abc

Exit code 1 says that the phone would show an error, or that the health check would fail.";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use flowhost_client::FlowClient;
    use flowhost_client::judgement::{Judgement, Outcome, RequestKind};
    use flowhost_server::config::ConfigError;

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
        let exchange = [
            "--action",
            "data_exchange",
            "--screen",
            "A",
            "--data",
            r#"{"b":1}"#,
            "--flow-token",
            "t",
        ];

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
        let outcome = Outcome::DisablesButton { text: "\u{1b}[2J\n200 in 1 ms".to_owned() };
        let judgement = Judgement {
            request: RequestKind::Turn,
            outcome,
            problems: Vec::new(),
            hints: Vec::new(),
        };
        let payload = Some(json!({"text": "\u{1b}[2J\u{9b}"}));
        let key =
            format!("{}/../../tests/fixtures/vectors/keys/public.pem", env!("CARGO_MANIFEST_DIR"));
        let client =
            FlowClient::new("http://localhost/", &std::fs::read_to_string(key).unwrap(), "s")
                .unwrap();
        let sealed = client.seal(&json!({})).unwrap();
        let exchange = Exchange {
            attempts: 1,
            status: Some(200),
            payload,
            duration: Duration::from_millis(3),
            judgement,
            sealed,
        };

        let shown = for_people(&exchange);

        assert!(shown.starts_with("200 in 3.0 ms\n{\n"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{9b}']), "{shown}");
        assert!(!shown.contains("\n200 in 1 ms"), "{shown}");
    }
}
