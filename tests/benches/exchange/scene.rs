//! A durable PostgreSQL, the host of this build before it, and a flow with the appointment plugin.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flowhost_devkit::postgres::{EmbeddedPostgres, Options, PgPrograms};
use flowhost_protocol::crypto::MasterKey;
use flowhost_server::config::{AdminToken, Environment};
use flowhost_tests::{Component, HostProcess, TestFlow, flowhost};
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

use crate::floor::{Floor, Gauge};
use crate::generator::{Load, Measured, on_core};
use crate::usage::Usage;

/// Everything that answers.
pub(crate) struct Scene {
    host: HostProcess,
    flow: TestFlow,
    key: String,
    token: AdminToken,
    postgres: EmbeddedPostgres,
    postmaster: u32,
    folder: TempDir,
    gauge: Gauge,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        // PostgreSQL may run as another user, and `/tmp` may be no disk.
        let folder = tempfile::Builder::new()
            .prefix("flowhost-bench-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in("/var/tmp")
            .unwrap();
        let environment = Environment::of_process();
        let programs =
            PgPrograms::find(environment.postgres_programs().as_deref(), environment.path());
        let options = Options::durable(programs.unwrap(), folder.path().join("data"));
        let postgres = EmbeddedPostgres::start(options, |_| ()).await.unwrap();
        postgres.create_database_if_missing(DATABASE).await.unwrap();
        flowhost_server::app::migrate(postgres.connect_options(DATABASE)).await.unwrap();
        let postmaster = postmaster(&postgres).await;
        for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
            assert_eq!(show(&postgres, setting).await, "on", "{setting}");
        }
        let (key, token) = (MasterKey::generate().to_base64().to_string(), AdminToken::generate());
        let host = launch(&postgres, &key, &token, folder.path(), None).await;
        let tenant = host.tenant("acme").await;
        let flow = tenant.flow("booking", json!({}), Component::Appointment).await;
        std::fs::write(public_key(folder.path()), &flow.tenant.public_key_pem).unwrap();
        let gauge = Gauge::new();
        Self { host, flow, key, token, postgres, postmaster, folder, gauge }
    }

    /// A folder on the disk of the database.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The floor now.
    pub(crate) fn floor(&self, time: Duration) -> Floor {
        self.gauge.measure(time)
    }

    /// The same host as a new process, which may use this core only.
    pub(crate) async fn restart_host(&mut self, core: Option<usize>) {
        let new = launch(&self.postgres, &self.key, &self.token, self.folder.path(), core).await;
        let old = std::mem::replace(&mut self.host, new);
        old.terminate();
        assert!(old.ended().await.success());
        self.flow = self.flow.moved_to(self.host.adopt(&self.flow.tenant));
    }

    /// Measures a figure, and says so as long as the table is not there.
    pub(crate) async fn measure(&self, load: &Load) -> Measured {
        let usage = || Usage::of(self.host.id(), self.postmaster);
        let measured =
            load.measure(&self.flow, &public_key(self.folder.path()), usage, &self.gauge).await;
        eprintln!("{load}: {measured}");
        measured
    }

    /// Does what autovacuum does within a minute, at once: a database in use has statistics.
    pub(crate) async fn analyze(&self) {
        let mut connection = connect(&self.postgres).await;
        sqlx::query("analyze").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Whether commits wait until they are on the disk.
    pub(crate) async fn commit_synchronously(&self, on: bool) {
        let value = if on { "on" } else { "off" };
        let mut connection = connect(&self.postgres).await;
        for statement in [
            format!("alter system set synchronous_commit = {value}"),
            "select pg_reload_conf()".to_owned(),
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    pub(crate) async fn stop(self) {
        self.host.terminate();
        assert!(self.host.ended().await.success());
        self.postgres.stop().await.unwrap();
    }
}

async fn launch(
    postgres: &EmbeddedPostgres,
    key: &str,
    token: &AdminToken,
    folder: &Path,
    core: Option<usize>,
) -> HostProcess {
    let options = postgres.connect_options(DATABASE);
    let (user, socket) = (options.get_username(), options.get_socket().unwrap().display());
    let mut command = flowhost(&["serve"]);
    command
        .env(
            "DATABASE_URL",
            format!("postgres://{user}@localhost/{DATABASE}?host={socket}&sslmode=disable"),
        )
        .env("FLOWHOST_MASTER_KEY", key)
        .env("FLOWHOST_ADMIN_TOKEN", token.expose());
    HostProcess::serving(on_core(command, core), folder, token.expose()).await
}

async fn connect(postgres: &EmbeddedPostgres) -> PgConnection {
    PgConnection::connect_with(&postgres.connect_options(DATABASE)).await.unwrap()
}

async fn show(postgres: &EmbeddedPostgres, setting: &str) -> String {
    let mut connection = connect(postgres).await;
    let value = sqlx::query_scalar("select current_setting($1)").bind(setting);
    let value = value.fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    value
}

/// The process that all of PostgreSQL's are children of.
async fn postmaster(postgres: &EmbeddedPostgres) -> u32 {
    let mut connection = connect(postgres).await;
    let backend: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
    let postmaster = Usage::parent(backend.try_into().unwrap()).unwrap();
    connection.close().await.unwrap();
    postmaster
}

fn public_key(folder: &Path) -> PathBuf {
    folder.join("acme.pem")
}

const DATABASE: &str = "bench";
