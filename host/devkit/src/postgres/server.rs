//! One supervised server process: starts it, waits until it answers, stops it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::error::PostgresError;
use super::programs::PgPrograms;
use super::run_user::RunUser;

/// What one server is started with.
pub(super) struct Launch<'a> {
    pub(super) programs: &'a PgPrograms,
    pub(super) user: &'a RunUser,
    /// Made by `initdb` if it is missing.
    pub(super) cluster: PathBuf,
    /// The folder of the socket. The supervisor removes it at the end, with its content.
    pub(super) run_folder: TempDir,
    pub(super) log_file: PathBuf,
    /// Inherited by every process of the server.
    pub(super) lock: Option<File>,
    /// Whether the data must survive a power failure.
    pub(super) durable: bool,
    pub(super) max_connections: u16,
}

impl Launch<'_> {
    /// Starts the supervisor, and with it the server. From here on, dropping the [`Server`] stops
    /// it.
    pub(super) fn spawn(self) -> Result<Server, PostgresError> {
        let log = open_log(&self.log_file)?;
        let log_start = log.metadata().map_or(0, |metadata| metadata.len());
        let script = write_supervisor(self.run_folder.path())?;
        let mut command = self.command(
            &script,
            log.try_clone().map_err(PostgresError::file("open", &self.log_file))?,
        );
        if let Some(lock) = self.lock {
            command.stdout(lock);
        }
        let supervisor = command
            .spawn()
            .map_err(|source| PostgresError::Supervisor { user: self.user.name.clone(), source })?;
        let socket_folder = self.run_folder.keep();
        Ok(Server { supervisor, socket_folder, log, log_file: self.log_file, log_start })
    }

    fn command(&self, script: &Path, log: File) -> Command {
        let mut command = Command::new("/bin/sh");
        command.arg(script).arg(self.run_folder.path()).arg(&self.cluster);
        command.arg(&self.programs.initdb).arg(&self.programs.postgres);
        command.arg(if self.durable { "" } else { "--no-sync" });
        for setting in self.settings() {
            command.arg("-c").arg(setting);
        }
        // The host's environment holds secrets and PG* variables, which the server must not get.
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
        // A process group of its own: Ctrl-C in a terminal must not stop the database before the
        // host has drained.
        command.current_dir("/").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        if self.user.switch {
            command.uid(self.user.uid).gid(self.user.gid);
        }
        command
    }

    fn settings(&self) -> Vec<String> {
        let mut settings = vec![
            "listen_addresses=".to_owned(),
            format!("unix_socket_directories={}", self.run_folder.path().display()),
            "unix_socket_permissions=0700".to_owned(),
            format!("port={PORT}"),
            format!("max_connections={}", self.max_connections),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
        ];
        if !self.durable {
            let fast = [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "wal_level=minimal",
            ];
            settings.extend(fast.map(str::to_owned));
            settings.push("max_wal_senders=0".to_owned());
        }
        settings
    }
}

/// A running server. Dropping it tells the supervisor to stop the server, without waiting.
#[derive(Debug)]
pub(super) struct Server {
    /// Its stdin is a pipe; closing it stops the server.
    supervisor: Child,
    socket_folder: PathBuf,
    /// Kept open, because the supervisor removes the log of a throw-away cluster before an error
    /// can quote it.
    log: File,
    log_file: PathBuf,
    /// The length of the log before this start, in bytes.
    log_start: u64,
}

impl Server {
    /// Options to connect to this database of the server.
    pub(super) fn connect_options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_folder)
            .port(PORT)
            .username(SUPERUSER)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    /// Returns once the server accepts connections. If it doesn't in time, it is stopped.
    pub(super) async fn ready(mut self) -> Result<Server, PostgresError> {
        let deadline = Instant::now() + START_LIMIT;
        let options = self.connect_options("postgres");
        loop {
            if let Some(status) =
                self.supervisor.try_wait().map_err(PostgresError::file("wait for", "/bin/sh"))?
            {
                return Err(self.ended(status));
            }
            match PgConnection::connect_with(&options).await {
                Ok(connection) => {
                    connection.close().await.map_err(PostgresError::Database)?;
                    return Ok(self);
                }
                Err(source) if Instant::now() > deadline => {
                    let log_file = self.log_file.clone();
                    self.stop().await?;
                    return Err(PostgresError::NotReady { limit: START_LIMIT, log_file, source });
                }
                Err(_) => tokio::time::sleep(START_POLL).await,
            }
        }
    }

    /// Stops the server and waits until it is gone.
    pub(super) async fn stop(mut self) -> Result<(), PostgresError> {
        drop(self.supervisor.stdin.take());
        let ended = tokio::time::timeout(STOP_LIMIT, self.supervisor.wait()).await;
        let status = ended
            .map_err(|_| PostgresError::NotStopped { limit: STOP_LIMIT })?
            .map_err(PostgresError::file("wait for", "/bin/sh"))?;
        if status.success() { Ok(()) } else { Err(self.ended(status)) }
    }

    fn ended(&self, status: std::process::ExitStatus) -> PostgresError {
        let log_tail = tail(&self.log, self.log_start).unwrap_or_default();
        PostgresError::Ended { status, log_file: self.log_file.clone(), log_tail }
    }
}

/// Written to a file, since a script among the arguments would fill the output of process listings.
fn write_supervisor(run_folder: &Path) -> Result<PathBuf, PostgresError> {
    let script = run_folder.join("flowhost-postgres-supervisor");
    // The user who runs it must be able to read it, whatever the umask.
    fs::write(&script, SUPERVISOR)
        .and_then(|()| fs::set_permissions(&script, Permissions::from_mode(0o644)))
        .map_err(PostgresError::file("write", &script))?;
    Ok(script)
}

fn open_log(path: &Path) -> Result<File, PostgresError> {
    let log = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path);
    let log = log.map_err(PostgresError::file("open", path))?;
    if log.metadata().is_ok_and(|metadata| metadata.len() > MAX_LOG_BYTES) {
        log.set_len(0).map_err(PostgresError::file("empty", path))?;
    }
    Ok(log)
}

/// The last lines that were written to the log since `start`.
fn tail(mut log: &File, start: u64) -> std::io::Result<String> {
    let length = log.metadata()?.len();
    log.seek(SeekFrom::Start(start.max(length.saturating_sub(TAIL_BYTES))))?;
    let mut bytes = Vec::new();
    log.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"))
}

/// The supervisor is a shell script, because only a separate process outlives a host that is
/// killed.
const SUPERVISOR: &str = include_str!("supervisor.sh");

/// The name of the cluster's superuser, as the supervisor's `initdb` call has it.
const SUPERUSER: &str = "flowhost";

/// Only part of the socket's name here: no port is opened.
const PORT: u16 = 5432;

/// How long a start may take: `initdb` needs a second or two, recovery after a power failure up to
/// minutes.
const START_LIMIT: Duration = Duration::from_secs(300);

const START_POLL: Duration = Duration::from_millis(30);

/// Longer than the two minutes after which the supervisor gives up on an orderly shutdown.
const STOP_LIMIT: Duration = Duration::from_secs(150);

/// A larger log is emptied at the next start. 10 MiB are years of starts and stops.
const MAX_LOG_BYTES: u64 = 10 * 1024 * 1024;

/// How much of the log an error shows: enough for PostgreSQL's FATAL, DETAIL and HINT lines.
const TAIL_LINES: usize = 12;
const TAIL_BYTES: u64 = 4096;
