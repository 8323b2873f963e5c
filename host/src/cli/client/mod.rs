//! `flowhost client`: plays WhatsApp against any data endpoint.

mod call;
mod chat;
mod endpoint;

use clap::Subcommand;

use crate::config::Environment;

/// What the client can do.
#[derive(Subcommand)]
#[command(after_help = call::EXAMPLE)]
pub enum Command {
    /// Seal, sign and send one request, open the reply, and say what the phone would show
    #[command(after_help = call::EXAMPLE)]
    Call(call::CallArgs),
    /// Hold a conversation: see the screens as text, fill in the fields, press the buttons
    #[command(after_help = chat::EXAMPLE)]
    Chat(chat::ChatArgs),
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Call(args) => call::run(args, environment).await,
        Command::Chat(args) => chat::run(args, environment).await,
    }
}
