//! A durable PostgreSQL, the host of this build before it, and a flow with the appointment plugin.

use std::path::{Path, PathBuf};
use std::time::Duration;

use flowhost_protocol::crypto::MasterKey;
use flowhost_server::config::AdminToken;
use flowhost_tests::measure::{DurableServer, Floor, Gauge, Usage};
use flowhost_tests::{Component, HostProcess, TestFlow, flowhost};
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::generator::{Load, Measured, on_core};

/// Everything that answers.
pub(crate) struct Scene {
    host: HostProcess,
    flow: TestFlow,
    key: String,
    token: AdminToken,
    postgres: DurableServer,
    gauge: Gauge,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let postgres = DurableServer::start().await;
        postgres.make_database(DATABASE).await;
        let (key, token) = (MasterKey::generate().to_base64().to_string(), AdminToken::generate());
        let host = launch(&postgres, &key, &token, None).await;
        let tenant = host.tenant("acme").await;
        let flow = tenant.flow("booking", json!({}), Component::Appointment).await;
        std::fs::write(public_key(postgres.folder()), &flow.tenant.public_key_pem).unwrap();
        let gauge = Gauge::new();
        Self { host, flow, key, token, postgres, gauge }
    }

    /// A folder on the disk of the database.
    pub(crate) fn folder(&self) -> &Path {
        self.postgres.folder()
    }

    /// The floor now.
    pub(crate) fn floor(&self, time: Duration) -> Floor {
        self.gauge.measure(time)
    }

    /// The same host as a new process, which may use this core only.
    pub(crate) async fn restart_host(&mut self, core: Option<usize>) {
        let new = launch(&self.postgres, &self.key, &self.token, core).await;
        let old = std::mem::replace(&mut self.host, new);
        old.terminate();
        assert!(old.ended().await.success());
        self.flow = self.flow.moved_to(self.host.adopt(&self.flow.tenant));
    }

    /// Measures a figure, and says so as long as the table is not there.
    pub(crate) async fn measure(&self, load: &Load) -> Measured {
        let usage = || Usage::of(&[self.host.id()], self.postgres.postmaster());
        let measured =
            load.measure(&self.flow, &public_key(self.postgres.folder()), usage, &self.gauge).await;
        eprintln!("{load}: {measured}");
        measured
    }

    /// Does what autovacuum does within a minute, at once: a database in use has statistics.
    pub(crate) async fn analyze(&self) {
        let mut connection = self.connect().await;
        sqlx::query("analyze").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Whether commits wait until they are on the disk.
    pub(crate) async fn commit_synchronously(&self, on: bool) {
        let value = if on { "on" } else { "off" };
        let mut connection = self.connect().await;
        for statement in [
            format!("alter system set synchronous_commit = {value}"),
            "select pg_reload_conf()".to_owned(),
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    async fn connect(&self) -> PgConnection {
        self.postgres.connect(DATABASE).await
    }

    pub(crate) async fn stop(self) {
        self.host.terminate();
        assert!(self.host.ended().await.success());
        self.postgres.stop().await;
    }
}

async fn launch(
    postgres: &DurableServer,
    key: &str,
    token: &AdminToken,
    core: Option<usize>,
) -> HostProcess {
    let mut command = flowhost(&["serve"]);
    command
        .env("DATABASE_URL", postgres.url(DATABASE))
        .env("FLOWHOST_MASTER_KEY", key)
        .env("FLOWHOST_ADMIN_TOKEN", token.expose());
    HostProcess::serving(on_core(command, core), postgres.folder(), token.expose()).await
}

fn public_key(folder: &Path) -> PathBuf {
    folder.join("acme.pem")
}

const DATABASE: &str = "bench";
