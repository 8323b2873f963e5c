//! `flowhost client`: plays WhatsApp against any data endpoint.

mod action;
mod call;
mod chat;
mod endpoint;
mod load;
mod run;
mod token;

use clap::Subcommand;

use flowhost_server::config::Environment;

/// What the client can do.
#[derive(Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Command {
    /// Seal, sign and send one request, open the reply, and say what the phone would show
    #[command(after_help = call::EXAMPLE)]
    Call(call::CallArgs),
    /// Hold a conversation: see the screens as text, fill in the fields, press the buttons
    #[command(after_help = chat::EXAMPLE)]
    Chat(chat::ChatArgs),
    /// Send many requests, and measure how fast they are answered
    #[command(after_help = load::EXAMPLE)]
    Load(load::LoadArgs),
    /// Play scenarios of `plugin test` against a deployed flow, or any other endpoint
    #[command(after_help = run::EXAMPLE)]
    Run(run::RunArgs),
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Call(args) => call::run(args, environment).await,
        Command::Chat(args) => chat::run(args, environment).await,
        Command::Load(args) => load::run(args, environment).await,
        Command::Run(args) => run::run(args, environment).await,
    }
}

const EXAMPLE: &str = "Examples:
  flowhost client call --url https://example.com/flow --public-key public.pem --app-secret-file secret.txt
  flowhost client chat --url https://example.com/flow --public-key public.pem --app-secret-file secret.txt --flow-json flow.json
  flowhost client run scenarios/*.toml --url https://example.com/flow --public-key public.pem --app-secret-file secret.txt
  flowhost client load --url https://example.com/flow --public-key public.pem --app-secret-file secret.txt --connections 64

The endpoint may be anybody's: all it takes is its public key and the app secret. For https with a certificate that this machine does
not trust, as Meta would not either, name a file with it, or with its authority's, in the environment: SSL_CERT_FILE=certificate.pem";
