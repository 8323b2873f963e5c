//! What `serve` and `dev` share: their arguments, and the life of a host between start and stop.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use flowhost_server::app::Host;
use flowhost_server::config::{GRAPH_CHECK_SECONDS, GRAPH_URL, HostConfig, ListenArgs};

use super::open_files;
use super::output::note;
use super::ready_file::ReadyFile;
use super::signals::Signals;

/// Where a host listens and how it reports.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// Where the data endpoints listen; port 0 picks a free one
    #[arg(long, default_value = "0.0.0.0:8080", value_name = "ADDRESS:PORT")]
    listen: String,
    /// Where the admin API and the health checks listen
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS:PORT")]
    admin_listen: String,
    /// PEM file with the certificate for the data endpoints, and those between it and its root;
    /// loaded again when it changes
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// PEM file with the certificate's private key
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Connections to the data endpoints at the same time; further ones wait [default: 10000]
    #[arg(long, value_name = "NUMBER")]
    max_connections: Option<usize>,
    /// A name or an address that leads to this host from outside, where plugins must not get: of a
    /// proxy or a balancer in front (can be repeated)
    #[arg(
        long = "own-address",
        env = "FLOWHOST_OWN_ADDRESSES",
        value_delimiter = ',',
        value_name = "NAME_OR_ADDRESS"
    )]
    own_addresses: Vec<String>,
    /// Memory of all plugins' calls together [default: half of what the machine or the container
    /// has]
    #[arg(long, env = "FLOWHOST_GUEST_MEMORY_MIB", value_name = "MIB")]
    guest_memory_mib: Option<u64>,
    /// RSA operations of several requests at a time, with libcrypto_mb.so.11: auto (if the system
    /// has it), off, or the library's path
    #[arg(long, env = "FLOWHOST_RSA_BATCHES", default_value = "auto", value_name = "WHETHER")]
    rsa_batches: PathBuf,
    /// Meta's Graph API, version included
    #[arg(long, env = "FLOWHOST_GRAPH_URL", default_value = GRAPH_URL, value_name = "URL")]
    graph_url: String,
    /// Seconds between checks of each public key at Meta
    #[arg(long, default_value_t = GRAPH_CHECK_SECONDS, value_parser = clap::value_parser!(u32).range(10..), value_name = "SECONDS")]
    graph_check_interval: u32,
    /// Folder that keeps compiled plugins between starts, or none; the user's cache folder if not
    /// given (of `dev`: in its data folder)
    #[arg(long, env = "FLOWHOST_CODE_CACHE", value_name = "DIR")]
    pub(crate) code_cache: Option<PathBuf>,
    /// Let plugins reach granted hosts on private networks and on this machine: for development
    #[arg(long)]
    allow_private_egress: bool,
    /// Serve no console on the admin listener
    #[arg(long)]
    no_console: bool,
    /// Write the addresses to this file once requests are accepted; it is removed at stop
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Log filter, for example info,flowhost=debug
    #[arg(long, env = "FLOWHOST_LOG", default_value = DEFAULT_LOG, value_name = "FILTER")]
    log: String,
    /// How log lines look
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum LogFormat {
    Json,
    Text,
}

impl RunArgs {
    /// The arguments, not yet checked.
    pub(crate) fn front(&self) -> ListenArgs {
        ListenArgs {
            listen: self.listen.clone(),
            admin_listen: self.admin_listen.clone(),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            max_connections: self.max_connections,
            log_filter: self.log.clone(),
            graph_url: self.graph_url.clone(),
            graph_check_seconds: self.graph_check_interval,
            private_egress: self.allow_private_egress,
            own_addresses: self.own_addresses.clone(),
            guest_memory_mib: self.guest_memory_mib,
            rsa_batches: self.rsa_batches.clone(),
            console: !self.no_console,
        }
    }

    /// Starts the log. The directives in `always` come before the user's filter, which overrides
    /// them. The filter must have been checked.
    pub(crate) fn init_log(&self, always: &str) -> anyhow::Result<()> {
        let filter = format!("{always}{}", self.log);
        flowhost_runtime::telemetry::init(&filter, self.log_format == LogFormat::Json)
            .context("can't start the log")
    }
}

/// Starts a host and serves until a signal. `meanwhile` tells people where the host is, and may run
/// until the signal. If it fails, the host stops.
pub(crate) async fn serve_until_signal(
    config: HostConfig,
    ready_file: ReadyFile,
    mut signals: Signals,
    meanwhile: impl AsyncFnOnce(&Host) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    open_files::allow_for(&config.limits);
    if config.egress.guard.private_addresses {
        tracing::warn!(
            "plugins may reach private networks and this machine (--allow-private-egress): not for strangers' plugins"
        );
    }
    let drain_delay = config.drain_delay;
    let host = tokio::select! {
        host = Host::start(config) => host?,
        _ = signals.next() => return Ok(()),
    };
    let mut served = ready_file.announce(&host.public_url(), &host.admin_url());
    if served.is_ok() {
        let failed = async {
            match meanwhile(&host).await {
                Ok(()) => std::future::pending().await,
                Err(error) => error,
            }
        };
        served = tokio::select! {
            error = failed => Err(error),
            _ = signals.next() => Ok(()),
        };
        if !drain_delay.is_zero() {
            note(&format!(
                "Stopping in {} s, for load balancers to notice: not ready any more, but serving.",
                drain_delay.as_secs()
            ));
        }
        note("Stopping: requests under way are finished first. Once more stops at once.");
    }
    signals.end_at_the_next();
    drop(ready_file);
    host.stop().await;
    served
}

/// sqlx repeats each notice of the database, which is of no use to operators.
const DEFAULT_LOG: &str = "info,sqlx=warn";
