//! A PostgreSQL that waits for its disk, as one in production does.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flowhost_devkit::postgres::{EmbeddedPostgres, Options, PgPrograms};
use flowhost_server::config::Environment;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;

use super::Usage;
use crate::cluster::database_url;

/// A cluster of its own in `/var/tmp`, as PostgreSQL sets it, which is removed at the end.
pub struct DurableServer {
    postgres: EmbeddedPostgres,
    postmaster: u32,
    folder: TempDir,
}

impl DurableServer {
    /// Makes the cluster, and makes sure that nothing about it is faster than it is safe.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with these of PostgreSQL's settings, by name and value.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
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
        let mut postgres = EmbeddedPostgres::start(options.clone(), |_| ()).await.unwrap();
        if !settings.is_empty() {
            let mut connection = connect(&postgres, "postgres").await;
            for (name, value) in settings {
                let set = format!("alter system set {name} = '{value}'");
                connection.execute(AssertSqlSafe(set)).await.unwrap();
            }
            connection.close().await.unwrap();
            // Some are read at a start only.
            postgres.stop().await.unwrap();
            postgres = EmbeddedPostgres::start(options, |_| ()).await.unwrap();
        }
        let mut connection = connect(&postgres, "postgres").await;
        for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
            assert_eq!(show(&mut connection, setting).await, "on", "{setting}");
        }
        let postmaster = postmaster(&mut connection).await;
        connection.close().await.unwrap();
        Self { postgres, postmaster, folder }
    }

    /// A folder on the disk of the database.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process that all of PostgreSQL's are children of.
    pub fn postmaster(&self) -> u32 {
        self.postmaster
    }

    /// Makes a database with all migrations.
    pub async fn make_database(&self, name: &str) {
        self.postgres.create_database_if_missing(name).await.unwrap();
        flowhost_server::app::migrate(self.postgres.connect_options(name)).await.unwrap();
    }

    /// Connects to a database as the superuser.
    pub async fn connect(&self, database: &str) -> PgConnection {
        connect(&self.postgres, database).await
    }

    /// The URL of a database, for another process.
    pub fn url(&self, database: &str) -> String {
        database_url(&self.postgres.connect_options(database))
    }

    /// Stops the server and removes the cluster.
    pub async fn stop(self) {
        self.postgres.stop().await.unwrap();
    }
}

async fn connect(postgres: &EmbeddedPostgres, database: &str) -> PgConnection {
    PgConnection::connect_with(&postgres.connect_options(database)).await.unwrap()
}

async fn show(connection: &mut PgConnection, setting: &str) -> String {
    let value = sqlx::query_scalar("select current_setting($1)").bind(setting);
    value.fetch_one(connection).await.unwrap()
}

async fn postmaster(connection: &mut PgConnection) -> u32 {
    let backend: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(connection).await.unwrap();
    Usage::parent(backend.try_into().unwrap()).unwrap()
}
