//! Configuration: typed, and complete or refused at start.
//!
//! Invariant: besides clap's `env` attributes, [`Environment`] is the only reader of the process
//! environment, and a configuration that cannot work is refused with *all* its problems at once
//! ([`ConfigError`]).

mod compile;
mod database;
mod environment;
mod graph;
mod guests;
mod master_keys;
mod problems;
mod rsa_batches;
mod secrets;
mod server;

use std::net::SocketAddr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use flowhost_protocol::crypto::MasterKeys;

pub use crate::egress::EgressConfig;
pub use crate::http::{Console, HttpLimits, ListenerLimits, TlsFiles};
pub use compile::{CompileConfig, code_cache};
pub use database::{DATABASE_CONNECTIONS, parse_database_url};
pub use environment::Environment;
pub use graph::{GRAPH_CHECK_SECONDS, GRAPH_URL, GraphConfig};
pub use guests::GuestsConfig;
pub use master_keys::{MasterKeyInputs, parse_master_key};
pub use problems::{ConfigError, Problems};
pub use rsa_batches::RsaBatches;
pub use secrets::{AdminToken, SecretText};
pub use server::{ListenArgs, ListenConfig, ServerInputs, check_log_filter};

/// Everything a host needs to start. No `Debug`: it holds the master key.
pub struct HostConfig {
    /// The database, with its credentials.
    pub database: PgConnectOptions,
    /// The most connections that the pool opens. The host opens one more for notifications.
    pub database_connections: u32,
    /// What to do about migrations that the database lacks.
    pub migrations: MigrationPolicy,
    /// Where the data endpoints listen.
    pub listen: SocketAddr,
    /// Where the admin API and the health checks listen.
    pub admin_listen: SocketAddr,
    /// The certificate of the data endpoints; without one they speak plain HTTP.
    pub tls: Option<TlsFiles>,
    /// What clients may take of the listeners.
    pub limits: HttpLimits,
    /// How long a host that is to stop keeps serving after it has become not ready.
    pub drain_delay: Duration,
    /// The keys that seal every tenant's data key.
    pub master_keys: MasterKeys,
    /// An operator token that is valid without being in the database.
    pub admin_token: Option<AdminToken>,
    /// The longest delay of the answer to an invalid token.
    pub longest_login_delay: Duration,
    /// Where Meta's Graph API is.
    pub graph: GraphConfig,
    /// How components are compiled, and where their code is kept.
    pub compile: CompileConfig,
    /// How plugins' requests leave the host.
    pub egress: EgressConfig,
    /// What all plugins together may use.
    pub guests: GuestsConfig,
    /// Whether RSA operations are done in batches.
    pub rsa_batches: RsaBatches,
    /// To whom the admin listener serves the console.
    pub console: Console,
}

/// What the host does at start about migrations that the database lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationPolicy {
    /// Applies them: the database belongs to this host alone.
    Apply,
    /// Refuses to start: in production `flowhost migrate` applies them, once, for all hosts.
    Require,
}

/// Long enough that trying tokens one after another is pointless, short enough for a person who
/// mistyped.
pub const LONGEST_LOGIN_DELAY: Duration = Duration::from_secs(5);
