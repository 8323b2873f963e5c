//! `flowhost serve`: a host in production.

use clap::Args as ClapArgs;

use flowhost_server::config::{DATABASE_CONNECTIONS, Environment, ServerInputs};

use super::master_key::MasterKeyArgs;
use super::ready_file::ReadyFile;
use super::running::{RunArgs, serve_until_signal};
use super::signals::Signals;

/// Arguments of `serve`.
#[derive(ClapArgs)]
#[command(after_help = EXAMPLE)]
pub struct Args {
    /// PostgreSQL to keep everything in
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
    /// Connections to PostgreSQL at the same time; one more listens
    #[arg(long, env = "FLOWHOST_DATABASE_CONNECTIONS", default_value_t = DATABASE_CONNECTIONS, value_name = "NUMBER")]
    database_connections: u32,
    #[command(flatten)]
    master_keys: MasterKeyArgs,
    /// Seconds to serve on after SIGTERM while /readyz says 503: longer than load balancers take to
    /// notice
    #[arg(long, env = "FLOWHOST_DRAIN_DELAY", default_value_t = DRAIN_DELAY_SECONDS, value_parser = clap::value_parser!(u32).range(..=3600), value_name = "SECONDS")]
    drain_delay: u32,
    #[command(flatten)]
    run: RunArgs,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> anyhow::Result<()> {
    let inputs = ServerInputs {
        database_url: args.database_url,
        database_connections: args.database_connections,
        master_keys: args.master_keys.inputs(),
        front: args.run.front(),
        code_cache: args.run.code_cache.clone(),
        drain_delay_seconds: args.drain_delay,
    };
    let config = inputs.resolve(environment)?;
    args.run.init_log("")?;
    let signals = Signals::listen()?;
    let ready_file = ReadyFile::claim(args.run.ready_file)?;
    serve_until_signal(config, ready_file, signals, async |host| {
        tracing::info!(public = host.public_url(), admin = host.admin_url(), "accepting requests");
        Ok(())
    })
    .await
}

/// HAProxy checks every 2 s and acts on the third failure, which takes 6 s. Together with the 15 s
/// for requests under way, and 5 s for the database, this stays below the 30 s after which
/// Kubernetes kills.
const DRAIN_DELAY_SECONDS: u32 = 8;

const EXAMPLE: &str = "Examples:
  DATABASE_URL=postgres://flowhost@db/flowhost flowhost serve --master-key-file /run/secrets/master-key
  flowhost serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --ready-file /run/flowhost/ready.json

The environment:
  DATABASE_URL          PostgreSQL, brought up to date with `flowhost migrate`
  FLOWHOST_DATABASE_CONNECTIONS  how many connections to it at the most
  FLOWHOST_MASTER_KEY   32 bytes in base64, if there is no --master-key-file: flowhost master-key generate
  FLOWHOST_ADMIN_TOKEN  an operator token for the admin API, to make the first tokens with
  FLOWHOST_CODE_CACHE   folder for compiled plugins, or none; else flowhost/ in XDG_CACHE_HOME or in .cache of HOME
  FLOWHOST_DRAIN_DELAY  seconds to serve on after SIGTERM, as --drain-delay
  FLOWHOST_RSA_BATCHES  auto, off, or the path of libcrypto_mb.so.11, as --rsa-batches
  FLOWHOST_LOG          log filter";
