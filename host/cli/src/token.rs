//! `flowhost token`: flow tokens to send a Flow with.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::value::to_raw_value;

use flowhost_api::{self as api, MintToken, MintedTokenView, Route};
use flowhost_server::config::Environment;

use super::api::ApiArgs;
use super::input::read_json;
use super::output::printable;

/// What can be done with flow tokens.
#[derive(Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Command {
    /// Mint a token, to be sent as the Flow's flow_token; it is shown once
    #[command(after_help = EXAMPLE)]
    Mint(MintArgs),
}

/// Arguments of `token mint`.
#[derive(Args)]
pub struct MintArgs {
    /// The tenant's slug
    tenant: String,
    /// The flow's name
    flow: String,
    /// JSON for the plugin to see as the session's context, at most 16 KiB; @FILE reads it from a
    /// file, - from standard input
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
    /// Seconds that the token is valid; as long as the flow's sessions, if not given
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<u32>,
    /// From when on that time runs
    #[arg(long, value_enum, default_value = "now")]
    ttl_from: TtlFrom,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum TtlFrom {
    /// From the token's first exchange, its INIT
    Init,
    /// From now
    Now,
}

pub(crate) async fn run(command: Command, environment: &Environment) -> anyhow::Result<()> {
    let Command::Mint(args) = command;
    let context =
        args.context.as_ref().map(|context| read_json(context, "--context")).transpose()?;
    let body = MintToken {
        context: context.as_ref().map(to_raw_value).transpose()?,
        ttl_seconds: args.ttl,
        ttl_from: match args.ttl_from {
            TtlFrom::Init => api::TtlFrom::Init,
            TtlFrom::Now => api::TtlFrom::Now,
        },
    };
    let answer = args
        .api
        .connect(environment)?
        .send(Route::MintToken, &[&args.tenant, &args.flow], &body)
        .await?;
    args.api.print(&answer, |minted: MintedTokenView| printable(&minted.flow_token))
}

const EXAMPLE: &str = "Examples:
  flowhost token mint acme booking
  flowhost token mint acme booking --context '{\"customer\":4711}' --ttl 3600 --ttl-from init";
