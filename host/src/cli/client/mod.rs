//! `flowhost client`: plays WhatsApp against any data endpoint.

mod call;
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
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    match command {
        Command::Call(args) => call::run(args, environment).await,
    }
}
