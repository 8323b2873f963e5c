//! Why the embedded database cannot be found, started, used or stopped.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// All errors of this module. Each message says what the user can do or look at.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// A connection to the running server failed, or a statement on it.
    #[error("the embedded PostgreSQL does not answer as it should")]
    Database(#[source] sqlx::Error),

    /// The server, or `initdb` before it, ended by itself.
    #[error("PostgreSQL ended ({status}); the end of its log {log_file}:\n{log_tail}", log_file = log_file.display())]
    Ended {
        /// The exit status.
        status: std::process::ExitStatus,
        /// The log. That of a throw-away cluster is already removed.
        log_file: PathBuf,
        /// The last lines that this start wrote to the log.
        log_tail: String,
    },

    /// A file or folder cannot be read, made or changed.
    #[error("cannot {action} {path}", path = path.display())]
    File {
        /// A verb, such as `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },

    /// The cluster's folder belongs to another user, is open to others, or is not a folder.
    #[error(
        "{path} is not a private folder (mode 0700) of the current user (its owner: uid {owner}): \
         start as its owner, or use another data folder",
        path = path.display()
    )]
    ForeignFolder {
        /// The cluster's folder.
        path: PathBuf,
        /// The user id that owns it.
        owner: u32,
    },

    /// Another running host holds the data folder.
    #[error(
        "another flowhost (pid {pid}) runs its database in {data_dir}: stop it, or use another data folder (`--data-dir`)",
        data_dir = data_dir.display()
    )]
    InUse {
        /// The data folder.
        data_dir: PathBuf,
        /// The process id that the other host wrote down; `unknown` if it had not done so yet.
        pid: String,
    },

    /// `FLOWHOST_PG_BIN` names a folder without the programs.
    #[error("{folder} does not hold the PostgreSQL programs `initdb` and `postgres`", folder = folder.display())]
    NoProgramsIn {
        /// The folder as given.
        folder: PathBuf,
    },

    /// Started as root on a system without a user to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`: start as another user"
    )]
    NoRunUser,

    /// There is no PostgreSQL on this machine.
    #[error(
        "no PostgreSQL found: install it (`apt install postgresql`, `dnf install postgresql-server`, `apk add postgresql` \
         or `brew install postgresql`), or set FLOWHOST_PG_BIN to the folder that holds `initdb` and `postgres`"
    )]
    NotFound,

    /// The server runs but does not accept connections.
    #[error(
        "PostgreSQL is not ready after {limit:?}; its log is {log_file}",
        log_file = log_file.display()
    )]
    NotReady {
        /// How long this host waited.
        limit: Duration,
        /// The path of the log.
        log_file: PathBuf,
        /// Why the last attempt to connect failed.
        #[source]
        source: sqlx::Error,
    },

    /// The server did not end in time.
    #[error("PostgreSQL has not ended {limit:?} after it was told to; it is left to finish")]
    NotStopped {
        /// How long this host waited.
        limit: Duration,
    },

    /// The server of a host that is gone does not end.
    #[error(
        "the database server (pid {pid}) of a flowhost that ended is still running in {data_dir} after {limit:?}: \
         wait until it has shut down, then start again",
        data_dir = data_dir.display()
    )]
    StillStopping {
        /// The data folder.
        data_dir: PathBuf,
        /// The server's process id from its `postmaster.pid`; `unknown` if there is none.
        pid: String,
        /// How long this host waited.
        limit: Duration,
    },

    /// The supervisor could not be started.
    #[error("cannot start /bin/sh as user {user} to supervise PostgreSQL")]
    Supervisor {
        /// The user that it was to run as.
        user: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },

    /// The cluster exists, but the user that must run it can't reach it.
    #[error(
        "user {user}, who runs PostgreSQL for root, cannot get to the cluster {cluster} through {folder}: \
         allow it (`chmod o+x`), or use another data folder",
        cluster = cluster.display(), folder = folder.display()
    )]
    Unreachable {
        /// The cluster's folder.
        cluster: PathBuf,
        /// The first folder on the way that the user may not search.
        folder: PathBuf,
        /// The user's name.
        user: String,
    },
}

impl PostgresError {
    /// For `map_err`: adds the action and the path to an I/O error.
    pub(super) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> PostgresError {
        let path = path.into();
        move |source| PostgresError::File { action, path, source }
    }
}
