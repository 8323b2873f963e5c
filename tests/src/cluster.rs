//! One throw-away PostgreSQL server for the whole process, with a database for each test that needs
//! one.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use flowhost_devkit::postgres::{EmbeddedPostgres, Options, PgPrograms, PostgresError};
use flowhost_server::config::Environment;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{logs, secrets};

/// A test's own database, which is removed in the background after the test.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    options: PgConnectOptions,
    _slot: OwnedSemaphorePermit,
}

impl TestDatabase {
    /// A database with all migrations.
    pub async fn migrated() -> Self {
        Self::create(&format!("template {TEMPLATE}")).await
    }

    /// A database with nothing in it.
    pub async fn empty() -> Self {
        Self::create("").await
    }

    async fn create(how: &str) -> Self {
        let cluster = cluster().await;
        let slot = cluster.slots.clone().acquire_owned().await.expect("never closed");
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        execute(&cluster.postgres, &format!("create database {name} {how}")).await;
        Self { options: cluster.postgres.connect_options(&name), name, _slot: slot }
    }

    /// Options to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// A folder that goes with the server.
    pub(crate) fn folder(&self) -> &Path {
        self.options.get_socket().expect("the test server listens on a socket")
    }

    /// The same as a URL, for another process.
    pub fn url(&self) -> String {
        database_url(&self.options)
    }

    /// A few connections, to look at the data without the host.
    pub async fn pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(2)
            .connect_with(self.options())
            .await
            .expect("the test database answers")
    }

    /// A tenant's id, as the logs have it.
    pub async fn tenant_id(&self, slug: &str) -> String {
        let id =
            sqlx::query_scalar("select tenant_id::text from tenants where slug = $1").bind(slug);
        id.fetch_one(&self.pool().await).await.expect("the tenant is there")
    }
}

impl Drop for TestDatabase {
    /// Searches the database for leaked secrets, and drops it. It would be gone with the server
    /// anyway, but disk use must not grow with the number of tests. The server runs on its own
    /// thread, so waiting here blocks only this test, which is over.
    fn drop(&mut self) {
        let Some(Ok(cluster)) = CLUSTER.get() else { return };
        let (searched, leaks) = channel();
        let _ = cluster.dropped.send((std::mem::take(&mut self.name), searched));
        let leaks = leaks.recv_timeout(SEARCH_TIME);
        if !std::thread::panicking() {
            let leaks = leaks.expect("the database is searched and dropped in time");
            assert!(leaks.is_empty(), "secrets in clear: {leaks:#?}");
        }
    }
}

/// The URL of a database behind a socket.
pub(crate) fn database_url(options: &PgConnectOptions) -> String {
    let (user, name) =
        (options.get_username(), options.get_database().expect("a database has a name"));
    let socket = options.get_socket().expect("the server listens on a socket").display();
    format!("postgres://{user}@localhost/{name}?host={socket}&sslmode=disable")
}

/// The server. Its supervisor ends it when this process ends, however that happens: statics are
/// never dropped.
struct Cluster {
    postgres: Arc<EmbeddedPostgres>,
    dropped: UnboundedSender<ToDrop>,
    /// A host reserves a terabyte of address space for its plugins' memories, and the machine has
    /// 128.
    slots: Arc<Semaphore>,
}

async fn cluster() -> &'static Cluster {
    let started =
        tokio::task::spawn_blocking(|| CLUSTER.get_or_init(start)).await.expect("never cancelled");
    started.as_ref().unwrap_or_else(|why| panic!("the tests need PostgreSQL: {why}"))
}

/// Starts the server on a thread whose runtime outlives every test's.
fn start() -> Result<Cluster, String> {
    let (ready, is_ready) = oneshot::channel();
    let (dropped, to_drop) = unbounded_channel();
    let serve = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made");
        runtime.block_on(run(ready, to_drop));
    };
    std::thread::Builder::new()
        .name("test-database".to_owned())
        .spawn(serve)
        .expect("a thread can be made");
    let postgres = is_ready
        .blocking_recv()
        .unwrap_or_else(|_| Err("see the panic of thread `test-database`".to_owned()))?;
    Ok(Cluster { postgres, dropped, slots: Arc::new(Semaphore::new(MAX_DATABASES)) })
}

async fn run(
    ready: oneshot::Sender<Result<Arc<EmbeddedPostgres>, String>>,
    mut to_drop: UnboundedReceiver<ToDrop>,
) {
    let postgres = match launch().await {
        Ok(postgres) => Arc::new(postgres),
        Err(error) => return drop(ready.send(Err(error.to_string()))),
    };
    execute(&postgres, &format!("create database {TEMPLATE}")).await;
    flowhost_server::app::migrate(postgres.connect_options(TEMPLATE))
        .await
        .expect("the migrations apply");
    if ready.send(Ok(postgres.clone())).is_err() {
        return;
    }
    while let Some((name, searched)) = to_drop.recv().await {
        let postgres = postgres.clone();
        // Apart, so that no test waits until another's database is gone.
        tokio::spawn(async move {
            let leaks = search(&postgres, &name).await;
            let _ = searched.send(leaks);
            execute(&postgres, &format!("drop database {name} with (force)")).await;
        });
    }
}

/// Secrets in a database, or in the log since the last search.
async fn search(postgres: &EmbeddedPostgres, name: &str) -> Vec<String> {
    let pool =
        PgPoolOptions::new().max_connections(1).connect_with(postgres.connect_options(name)).await;
    let pool = pool.expect("the test database answers");
    let mut leaks = secrets::leaks(&secrets::dump(&pool).await);
    leaks.extend(secrets::leaks(&logs::new_lines()));
    pool.close().await;
    leaks
}

async fn launch() -> Result<EmbeddedPostgres, PostgresError> {
    let environment = Environment::of_process();
    let programs =
        PgPrograms::find(environment.postgres_programs().as_deref(), environment.path())?;
    EmbeddedPostgres::start(
        Options { max_connections: MAX_CONNECTIONS, ..Options::throwaway(programs) },
        |_| (),
    )
    .await
}

async fn execute(postgres: &EmbeddedPostgres, statement: &str) {
    let mut connection = PgConnection::connect_with(&postgres.connect_options("postgres"))
        .await
        .expect("the test server answers");
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    connection.close().await.expect("a connection can be closed");
}

/// A database's name, and the channel for what is found in it.
type ToDrop = (String, Sender<Vec<String>>);

static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();

/// Far above what dumping a test's few rows takes.
const SEARCH_TIME: Duration = Duration::from_secs(60);

const TEMPLATE: &str = "flowhost_template";

/// Databases at the same time.
const MAX_DATABASES: usize = 12;

/// Two hosts on each database, with 21 connections each, and the tests' own.
const MAX_CONNECTIONS: u16 = 600;
