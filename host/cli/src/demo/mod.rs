//! `flowhost demo`: builds a plugin and plays a whole conversation, in one command that leaves
//! nothing behind.

mod appointment;
mod component;
mod report;
mod script;
mod stage;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args as ClapArgs;

use flowhost_devkit::postgres::{EmbeddedPostgres, Options, PgPrograms};
use flowhost_protocol::crypto::{MasterKey, MasterKeys};
use flowhost_server::app::Host;
use flowhost_server::config::{
    AdminToken, CompileConfig, ConfigError, Console, DATABASE_CONNECTIONS, EgressConfig,
    Environment, GraphConfig, GuestsConfig, HostConfig, HttpLimits, LONGEST_LOGIN_DELAY,
    MigrationPolicy, RsaBatches, SecretText, check_log_filter,
};

use super::output::{note, say};
use super::signals::Signals;

use report::Report;
use stage::Stage;

/// Arguments of `demo`.
#[derive(ClapArgs)]
#[command(after_help = EXAMPLE)]
pub struct Args {
    /// Keep serving after the last step, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// The appointment plugin as a component, instead of building it from the repository
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Print the steps as one JSON document, for machines
    #[arg(long, conflicts_with = "keep")]
    json: bool,
    /// Log filter of the host; by default it only reports what the demo does not provoke
    #[arg(long, env = "FLOWHOST_LOG", default_value = "error", value_name = "FILTER")]
    log: String,
}

pub(crate) async fn run(args: Args, environment: &Environment) -> anyhow::Result<()> {
    check_log_filter(&args.log).map_err(ConfigError::new)?;
    flowhost_runtime::telemetry::init(&args.log, false).context("can't start the log")?;
    let mut signals = Signals::listen()?;
    let component = tokio::select! {
        component = component::obtain(args.component.as_deref()) => component?,
        _ = signals.next() => anyhow::bail!(INTERRUPTED),
    };
    let programs =
        PgPrograms::find(environment.postgres_programs().as_deref(), environment.path())?;
    let postgres = EmbeddedPostgres::start(Options::throwaway(programs), note).await?;
    let outcome = with_postgres(&args, &postgres, component, signals).await;
    let stopped = postgres.stop().await;
    outcome?;
    Ok(stopped?)
}

/// Starts the host, plays the script, and stops the host again, whatever happened.
async fn with_postgres(
    args: &Args,
    postgres: &EmbeddedPostgres,
    component: Vec<u8>,
    mut signals: Signals,
) -> anyhow::Result<()> {
    let admin_token = AdminToken::generate();
    let shown_token = SecretText::new(admin_token.expose().to_owned());
    let host = tokio::select! {
        host = start_host(postgres, admin_token) => host?,
        _ = signals.next() => anyhow::bail!(INTERRUPTED),
    };
    let played = tokio::select! {
        played = play(args, &host, &shown_token, component) => played,
        _ = signals.next() => Err(anyhow::anyhow!(INTERRUPTED)),
    };
    if args.keep && played.is_ok() {
        say(&serving(&host, &shown_token));
        signals.next().await;
    }
    signals.end_at_the_next();
    host.stop().await;
    played
}

async fn start_host(postgres: &EmbeddedPostgres, admin_token: AdminToken) -> anyhow::Result<Host> {
    postgres.create_database_if_missing(DATABASE).await?;
    let any_port = ([127, 0, 0, 1], 0).into();
    let config = HostConfig {
        database: postgres.connect_options(DATABASE),
        database_connections: DATABASE_CONNECTIONS,
        migrations: MigrationPolicy::Apply,
        listen: any_port,
        admin_listen: any_port,
        tls: None,
        limits: HttpLimits::default(),
        drain_delay: Duration::ZERO,
        master_keys: MasterKeys::new(MasterKey::generate(), None),
        admin_token: Some(admin_token),
        longest_login_delay: LONGEST_LOGIN_DELAY,
        graph: GraphConfig::default(),
        compile: CompileConfig::default(),
        egress: EgressConfig::default(),
        guests: GuestsConfig::default(),
        rsa_batches: RsaBatches::Auto,
        console: Console::ForDevelopment,
    };
    Host::start(config).await.context("the host does not start")
}

async fn play(
    args: &Args,
    host: &Host,
    admin_token: &SecretText,
    component: Vec<u8>,
) -> anyhow::Result<()> {
    let mut report = Report::new(args.json);
    let stage = Stage::build(&host.public_url(), &host.admin_url(), admin_token, component).await?;
    script::play(&stage, &mut report).await;
    report.finish()
}

fn serving(host: &Host, admin_token: &SecretText) -> String {
    let (public, admin) = (host.public_url(), host.admin_url());
    let phone =
        format!("/console/tenants/{}/flows/{}/phone?open=1", stage::TENANTS[0].0, stage::FLOW);
    let link = host.console_link(&phone);
    let link = link.as_ref().map(SecretText::expose).unwrap_or_default();
    format!(
        "Still serving; Ctrl-C stops it and removes everything.\n\
         \x20 a phone to play it, in the browser (the link signs in and opens it, once)\n\
         \x20                 {link}\n\
         \x20 data endpoints  {public}/flows/{}/{FLOW} and {public}/flows/{}/{FLOW}\n\
         \x20 admin API       {admin}\n\
         For the commands in another terminal:\n\
         \x20 export FLOWHOST_URL={admin} FLOWHOST_TOKEN={}",
        stage::TENANTS[0].0,
        stage::TENANTS[1].0,
        admin_token.expose(),
        FLOW = stage::FLOW,
    )
}

const DATABASE: &str = "flowhost";

const INTERRUPTED: &str = "interrupted; everything is cleaned up";

const EXAMPLE: &str = "Examples:
  flowhost demo
  flowhost demo --keep
  flowhost demo --component appointment.wasm   # away from the repository

It builds the appointment plugin, starts a PostgreSQL and a host on free ports, makes two tenants through the admin API,
plays WhatsApp against both over HTTP, and removes everything again. It needs PostgreSQL's programs, and Rust to build
the plugin.";
