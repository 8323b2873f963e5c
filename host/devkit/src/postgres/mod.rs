//! A private PostgreSQL server that the host runs itself, for `flowhost dev`, `flowhost demo` and
//! the tests.
//!
//! The server listens on a Unix socket only, in a folder that only its user can enter. A small
//! shell script (`supervisor.sh`) stands between host and server: when the host ends, even by
//! SIGKILL, the script shuts the server down and cleans up. If the host runs as root, the server
//! runs as `postgres` or `nobody`, since PostgreSQL refuses root.

mod error;
mod location;
mod programs;
mod run_user;
mod server;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

use self::location::DataFolder;
use self::run_user::RunUser;
use self::server::{Launch, Server};

pub use self::error::PostgresError;
pub use self::programs::PgPrograms;

/// A running private PostgreSQL server.
///
/// Dropping it stops the server too, but without waiting: use [`stop`](Self::stop) if there is
/// time. Keep it as long as connections are in use.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    server: Server,
    /// Declared after the server: whoever gets the lock next then finds a server that is being
    /// stopped.
    _data_folder: Option<DataFolder>,
}

impl EmbeddedPostgres {
    /// Starts a server and returns once it accepts connections.
    ///
    /// The first start in a data folder makes the cluster, which takes a second or two. `progress`
    /// gets a line on each step that takes time or that the user should know of.
    ///
    /// # Errors
    /// [`PostgresError::InUse`] if another host runs on this data folder, and the other variants
    /// for what else keeps PostgreSQL from starting.
    pub async fn start(
        options: Options,
        progress: impl Fn(&str),
    ) -> Result<EmbeddedPostgres, PostgresError> {
        match &options.storage {
            Storage::Durable { data_dir } => {
                let data_folder = DataFolder::lock(data_dir)?;
                let server = start_durable(&options, &data_folder, &progress).await?;
                Ok(EmbeddedPostgres { server, _data_folder: Some(data_folder) })
            }
            Storage::Throwaway => {
                let server = start_throwaway(&options, &progress).await?;
                Ok(EmbeddedPostgres { server, _data_folder: None })
            }
        }
    }

    /// Options to connect to one of the server's databases, as its superuser and through the
    /// socket.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        self.server.connect_options(database)
    }

    /// Makes a database of this name unless it exists. Hosts that do so at the same time do not
    /// disturb each other.
    ///
    /// # Errors
    /// [`PostgresError::Database`].
    pub async fn create_database_if_missing(&self, name: &str) -> Result<(), PostgresError> {
        let options = self.connect_options("postgres");
        let mut connection =
            PgConnection::connect_with(&options).await.map_err(PostgresError::Database)?;
        let exists: bool =
            sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
                .bind(name)
                .fetch_one(&mut connection)
                .await
                .map_err(PostgresError::Database)?;
        if !exists {
            create_database(&mut connection, name).await?;
        }
        connection.close().await.map_err(PostgresError::Database)
    }

    /// Stops the server, which ends its connections, and waits until it is gone. A throw-away
    /// cluster is removed with it.
    ///
    /// # Errors
    /// [`PostgresError::Ended`] if the server had crashed or did not stop in order,
    /// [`PostgresError::NotStopped`] if it takes minutes.
    pub async fn stop(self) -> Result<(), PostgresError> {
        self.server.stop().await
    }
}

/// How to run the server.
#[derive(Clone, Debug)]
pub struct Options {
    /// The installation whose programs are run.
    pub programs: PgPrograms,
    /// Where the data is kept.
    pub storage: Storage,
    /// PostgreSQL's `max_connections`. Three of them are reserved for its superuser, which is the
    /// user that connects here.
    pub max_connections: u16,
}

impl Options {
    /// Keeps the data in this folder after the server has stopped.
    pub fn durable(programs: PgPrograms, data_dir: impl Into<PathBuf>) -> Options {
        let storage = Storage::Durable { data_dir: data_dir.into() };
        Options { programs, storage, max_connections: DEFAULT_MAX_CONNECTIONS }
    }

    /// Removes the data with the server.
    pub fn throwaway(programs: PgPrograms) -> Options {
        Options { programs, storage: Storage::Throwaway, max_connections: DEFAULT_MAX_CONNECTIONS }
    }
}

/// How long the data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Between starts; it survives crashes.
    Durable {
        /// A folder for the cluster, the log (`postgres.log`) and the locks. It is made if it is
        /// missing, and may hold other things. If the host is root and owns the folder, it may get
        /// the mode 0711, so keep secret files in it at 0600.
        data_dir: PathBuf,
    },
    /// In a fresh folder under `/tmp`, removed with the server. Nothing is synced to disk.
    Throwaway,
}

async fn start_durable(
    options: &Options,
    data_folder: &DataFolder,
    progress: &impl Fn(&str),
) -> Result<Server, PostgresError> {
    let home = data_folder.home(progress)?;
    let lock = data_folder.server_lock(&home, progress).await?;
    if !home.cluster().exists() {
        progress("creating the database cluster");
    }
    let launch = Launch {
        programs: &options.programs,
        user: &home.user,
        cluster: home.cluster(),
        run_folder: create_run_folder(&home.user)?,
        log_file: data_folder.log_file(),
        lock: Some(lock),
        durable: true,
        max_connections: options.max_connections,
    };
    launch.spawn()?.ready().await
}

async fn start_throwaway(
    options: &Options,
    progress: &impl Fn(&str),
) -> Result<Server, PostgresError> {
    let user = RunUser::for_new_cluster()?;
    let run_folder = create_run_folder(&user)?;
    progress("creating a throw-away database cluster");
    let launch = Launch {
        programs: &options.programs,
        user: &user,
        cluster: run_folder.path().join("data"),
        log_file: run_folder.path().join("postgres.log"),
        run_folder,
        lock: None,
        durable: false,
        max_connections: options.max_connections,
    };
    launch.spawn()?.ready().await
}

/// Not below the data folder, because a socket's path has at most 107 bytes.
fn create_run_folder(user: &RunUser) -> Result<TempDir, PostgresError> {
    let builder = &mut tempfile::Builder::new();
    let builder = builder.prefix("flowhost-pg-").permissions(fs::Permissions::from_mode(0o700));
    let folder = builder
        .tempdir_in(RUN_PARENT)
        .map_err(PostgresError::file("create a folder in", RUN_PARENT))?;
    user.take_over(folder.path())
        .map_err(PostgresError::file("change the owner of", folder.path()))?;
    Ok(folder)
}

async fn create_database(connection: &mut PgConnection, name: &str) -> Result<(), PostgresError> {
    // A name cannot be a parameter here; within double quotes only a double quote ends it.
    let statement = format!("create database \"{}\"", name.replace('"', "\"\""));
    match sqlx::query(AssertSqlSafe(statement)).execute(connection).await {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if is_duplicate(error.code().as_deref()) => Ok(()),
        Err(error) => Err(PostgresError::Database(error)),
    }
}

/// `duplicate_database`, or `unique_violation` if two hosts created it at the same moment.
fn is_duplicate(sqlstate: Option<&str>) -> bool {
    matches!(sqlstate, Some("42P04" | "23505"))
}

/// PostgreSQL's own default.
const DEFAULT_MAX_CONNECTIONS: u16 = 100;

/// Short, and open to the user that runs the server.
const RUN_PARENT: &str = "/tmp";

#[cfg(test)]
mod tests;
