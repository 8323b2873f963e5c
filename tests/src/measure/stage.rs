//! One durable PostgreSQL with several databases, and hosts of this build before them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use flowhost_client::payload;
use flowhost_protocol::crypto::{MasterKey, MasterKeys};
use flowhost_protocol::ids::RequestId;
use flowhost_server::config::AdminToken;
use futures_util::stream::{StreamExt as _, iter};
use sqlx::{AssertSqlSafe, Connection};
use tokio::time::sleep;

use super::endpoint::{Endpoint, Script};
use super::load::{Answered, Times, send};
use super::progress::Progress;
use super::tenants::{Maker, Tenants};
use super::{DurableServer, Floor, Gauge, Usage, cores};
use crate::process::{HostProcess, flowhost};

/// Everything that answers, and what it is measured with.
pub struct Stage {
    /// What its tenants are made with.
    pub maker: Maker,
    /// Where its databases are.
    pub postgres: DurableServer,
    /// How long each figure is taken.
    seconds: u32,
    gauge: Gauge,
    master: String,
    token: AdminToken,
    hosts: AtomicU32,
}

/// A host of its own process.
pub struct Host {
    /// The process.
    pub process: HostProcess,
    /// From its start until it accepts requests.
    pub ready: Duration,
}

/// What one load showed.
pub struct Figure {
    /// What the users saw.
    pub answered: Answered,
    /// Processor time of the hosts for each exchange.
    pub host_ms: f64,
    postgres_ms: f64,
    wal_bytes: f64,
}

impl Stage {
    /// With so many key pairs for the tenants, figures that are taken for so many seconds, and these
    /// of PostgreSQL's settings.
    pub async fn start(keys: u32, seconds: u32, settings: &[(&str, &str)]) -> Self {
        let master = MasterKey::generate();
        let (text, masters) = (master.to_base64().to_string(), MasterKeys::new(master, None));
        let maker = Maker::new(masters, keys);
        let (postgres, gauge) = (DurableServer::start_with(settings).await, Gauge::new());
        let token = AdminToken::generate();
        Self { maker, postgres, seconds, gauge, master: text, token, hosts: AtomicU32::new(0) }
    }

    /// Makes a database with these tenants. All hosts started later find the code of all their
    /// components in the cache.
    pub async fn make_database(&self, name: &str, tenants: Tenants<'_>) {
        self.postgres.make_database(name).await;
        let mut connection = self.postgres.connect(name).await;
        self.maker.make(&mut connection, tenants).await;
        connection.close().await.unwrap();
        let host = self.start_host(name).await;
        let of_a_component = self.maker.endpoints(tenants.components.min(tenants.count));
        host.touch("components to compile", &of_a_component).await;
        host.stop().await;
    }

    /// Copies a database that nothing is connected to.
    pub async fn copy_database(&self, from: &str, to: &str) {
        self.execute("postgres", &format!("create database {to} template {from}")).await;
    }

    /// Starts a host on a database, and waits until it is ready.
    pub async fn start_host(&self, database: &str) -> Host {
        let number = self.hosts.fetch_add(1, Ordering::Relaxed);
        let folder = self.postgres.folder().join(format!("host-{number}"));
        std::fs::create_dir(&folder).unwrap();
        let mut command = flowhost(&["serve"]);
        command
            .env("DATABASE_URL", self.postgres.url(database))
            .env("FLOWHOST_MASTER_KEY", &self.master)
            .env("FLOWHOST_ADMIN_TOKEN", self.token.expose())
            .env("FLOWHOST_CODE_CACHE", self.postgres.folder().join("code"));
        let ready = tokio::spawn(time_until_there(folder.join("ready.json")));
        let process = HostProcess::serving(command, &folder, self.token.expose()).await;
        Host { process, ready: ready.await.unwrap() }
    }

    /// Starts a host that has loaded these tenants, on a database that has rows and statistics, as any
    /// has after its first minute.
    pub async fn start_warm_host(&self, database: &str, endpoints: &[Endpoint]) -> Host {
        let host = self.start_host(database).await;
        host.touch("tenants to load", endpoints).await;
        self.measure(&[&host], endpoints, &Script::of(1), CONNECTIONS).await;
        self.execute(database, "analyze").await;
        host
    }

    /// Sends a load to the hosts, which share a database, and measures what they and PostgreSQL
    /// spend meanwhile.
    pub async fn measure(
        &self,
        hosts: &[&Host],
        endpoints: &[Endpoint],
        script: &Script,
        connections: usize,
    ) -> Figure {
        let times = self.times();
        let conversations = script.seal(endpoints, self.enough_for(script, times));
        let ids: Vec<_> = hosts.iter().map(|host| host.process.id()).collect();
        let addresses = hosts.iter().map(|host| host.address()).collect();
        let usage = || Usage::of(&ids, self.postgres.postmaster());
        let (before, wal_before) = (usage(), self.wal().await);
        let answered = send(addresses, connections, conversations, times).await;
        #[expect(clippy::cast_precision_loss, reason = "no run counts 2^52 of anything")]
        let requests = answered.requests as f64;
        let cost = usage().since(&before, requests);
        let wal_bytes = (self.wal().await - wal_before) / requests;
        Figure { answered, host_ms: cost.host_ms, postgres_ms: cost.postgres_ms, wal_bytes }
    }

    fn times(&self) -> Times {
        let warm_up = Duration::from_secs((self.seconds * 2).div_ceil(5).into());
        Times { warm_up, measured: Duration::from_secs(self.seconds.into()) }
    }

    /// Conversations that last through a figure, as far as they fit into memory.
    fn enough_for(&self, script: &Script, times: Times) -> usize {
        let seconds = usize::try_from((times.warm_up + times.measured).as_secs()).unwrap();
        let bytes = script.data.to_string().len() * 7 / 5 + SEALED_BYTES;
        let requests = (MOST_OF_A_CORE * cores() * seconds).min(PREPARED_BYTES / bytes);
        // Each connection begins one.
        (requests / script.exchanges).max(256)
    }

    /// Bytes of the write-ahead log of the whole server so far.
    async fn wal(&self) -> f64 {
        self.number("postgres", "select (pg_current_wal_insert_lsn() - '0/0')::float8").await
    }

    /// The processor time in milliseconds that a host and PostgreSQL use in a second without
    /// requests, on average of a time.
    pub async fn idle(&self, host: &Host, time: Duration) -> (f64, f64) {
        let usage = || Usage::of(&[host.process.id()], self.postgres.postmaster());
        let before = usage();
        sleep(time).await;
        let cost = usage().since(&before, time.as_secs_f64());
        (cost.host_ms, cost.postgres_ms)
    }

    /// The floor now.
    pub fn measure_floor(&self) -> Floor {
        self.gauge.measure(FLOOR_TIME)
    }

    /// The number that a query finds.
    pub async fn number(&self, database: &str, query: &str) -> f64 {
        let mut connection = self.postgres.connect(database).await;
        let query = sqlx::query_scalar(AssertSqlSafe(query.to_owned()));
        let number = query.fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        number
    }

    /// Executes a statement.
    pub async fn execute(&self, database: &str, statement: &str) {
        let mut connection = self.postgres.connect(database).await;
        let query = sqlx::query(AssertSqlSafe(statement.to_owned()));
        query.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Stops PostgreSQL, and removes all that was made.
    pub async fn stop(self) {
        self.postgres.stop().await;
    }
}

impl Host {
    /// Lets it load these flows' tenants and code: a ping succeeds once the plugin can be called.
    pub async fn touch(&self, what: &'static str, endpoints: &[Endpoint]) {
        let progress = Progress::of(what, endpoints.len() as u64);
        let url = self.process.public_url();
        let touch = async |endpoint: &Endpoint| {
            let client = endpoint.at(&url);
            while !client.call(&payload::ping()).await.is_ok_and(|reply| reply.status == 200) {
                sleep(Duration::from_millis(100)).await;
            }
            progress.add(1);
        };
        iter(endpoints).map(touch).buffer_unordered(TOUCHES_AT_ONCE).collect::<Vec<_>>().await;
    }

    /// Begins a conversation, and returns how long the answer took.
    pub async fn exchange(&self, endpoint: &Endpoint) -> Duration {
        let client = endpoint.at(&self.process.public_url());
        let reply = client.call(&payload::init(&RequestId::new().to_string())).await.unwrap();
        assert_eq!(reply.status, 200);
        reply.duration
    }

    fn address(&self) -> SocketAddr {
        self.process.public_url().trim_start_matches("http://").parse().unwrap()
    }

    /// Lets it end by itself.
    pub async fn stop(self) {
        self.process.terminate();
        assert!(self.process.ended().await.success());
    }
}

impl Figure {
    /// The columns of a table of figures.
    pub const COLUMNS: [&str; 6] =
        ["exchanges/s", "p50 ms", "p99 ms", "host CPU ms", "PostgreSQL CPU ms", "WAL bytes"];

    /// What stands in the columns.
    pub fn columns(&self) -> Vec<f64> {
        let Answered { per_second, p50_ms, p99_ms, .. } = self.answered;
        vec![per_second, p50_ms, p99_ms, self.host_ms, self.postgres_ms, self.wal_bytes]
    }
}

/// How long it takes until a file is there. The harness looks too seldom to say when a host was
/// ready.
async fn time_until_there(file: PathBuf) -> Duration {
    let began = Instant::now();
    while !file.exists() {
        sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

/// As many connections as the exchange benchmark has at its most.
pub const CONNECTIONS: usize = 64;

/// Long enough for a thousand operations on one core.
const FLOOR_TIME: Duration = Duration::from_millis(500);

/// Exchanges a second: half as many as the fastest core does RSA operations that was measured so
/// far. What a core does beyond them makes a figure shorter.
const MOST_OF_A_CORE: usize = 1_200;

/// What the requests of a figure may take.
const PREPARED_BYTES: usize = 1 << 30;

/// What a request takes besides its data.
const SEALED_BYTES: usize = 1_200;

/// More than a small machine compiles or loads at a time.
const TOUCHES_AT_ONCE: usize = 8;
