//! Where a durable cluster is, and the locks that keep two hosts apart.
//!
//! Usually it is in `<data folder>/postgres`. A host that runs as root needs the cluster where an
//! ordinary user can reach it. If a parent folder is not searchable for that user (a 0700 `/root`),
//! the cluster is under `/var/tmp`, and `postgres-location` in the data folder says where.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::geteuid;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::error::PostgresError;
use super::run_user::RunUser;

/// A data folder that no other host uses while this value lives. The lock ends with the process,
/// however that ends.
#[derive(Debug)]
pub(super) struct DataFolder {
    /// Absolute and without links.
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder (0700) if it is missing, and locks it.
    pub(super) fn lock(path: &Path) -> Result<DataFolder, PostgresError> {
        create_private(path)?;
        let path = fs::canonicalize(path).map_err(PostgresError::file("open", path))?;
        let lock_file = path.join(LOCK_FILE);
        let lock = open_lock(&lock_file)?;
        match lock.try_lock() {
            Ok(()) => write_pid(&lock).map_err(PostgresError::file("write to", lock_file))?,
            Err(TryLockError::WouldBlock) => {
                return Err(PostgresError::InUse { pid: first_line(&lock_file), data_dir: path });
            }
            Err(TryLockError::Error(source)) => {
                return Err(PostgresError::file("lock", lock_file)(source));
            }
        }
        Ok(DataFolder { path, _lock: lock })
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.path.join("postgres.log")
    }

    /// Waits until no process of an earlier host's server is left: each of them holds the lock that
    /// this returns. The next server inherits it.
    pub(super) async fn server_lock(
        &self,
        home: &Home,
        progress: impl Fn(&str),
    ) -> Result<File, PostgresError> {
        let lock_file = self.path.join(SERVER_LOCK_FILE);
        let lock = open_lock(&lock_file)?;
        let deadline = Instant::now() + STOPPING_LIMIT;
        let mut said = false;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::Error(source)) => {
                    return Err(PostgresError::file("lock", lock_file)(source));
                }
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                    let pid = first_line(&home.cluster().join("postmaster.pid"));
                    return Err(PostgresError::StillStopping {
                        data_dir: self.path.clone(),
                        pid,
                        limit: STOPPING_LIMIT,
                    });
                }
                Err(TryLockError::WouldBlock) => {
                    if !std::mem::replace(&mut said, true) {
                        progress(
                            "waiting for the database server of an earlier flowhost to shut down",
                        );
                    }
                    tokio::time::sleep(LOCK_POLL).await;
                }
            }
        }
    }

    /// Finds or makes the folder for the cluster.
    pub(super) fn home(&self, progress: impl Fn(&str)) -> Result<Home, PostgresError> {
        let folder = self.recorded_home()?.unwrap_or_else(|| self.path.join("postgres"));
        let home = Home::at(folder)?;
        let Some(barrier) = self.barrier_to(&home)? else { return home.made() };
        if home.cluster().exists() {
            let user = home.user.name;
            return Err(PostgresError::Unreachable { cluster: home.folder, folder: barrier, user });
        }
        let elsewhere = self.fallback_home();
        progress(&format!(
            "user {} cannot pass through {}: the database is kept in {}",
            home.user.name,
            barrier.display(),
            elsewhere.display()
        ));
        self.record_home(&elsewhere)?;
        Home::at(elsewhere)?.made()
    }

    /// The folder that the cluster's user can't pass. Opens the data folder itself to that user if
    /// necessary.
    fn barrier_to(&self, home: &Home) -> Result<Option<PathBuf>, PostgresError> {
        if !home.user.switch {
            return Ok(None);
        }
        let parent = home.folder.parent().unwrap_or(Path::new("/"));
        let look = || home.user.barred_at(parent).map_err(PostgresError::file("examine", parent));
        match look()? {
            Some(barrier) if barrier == self.path && self.let_pass()? => look(),
            barrier => Ok(barrier),
        }
    }

    /// Lets others pass through the data folder, if this user owns it. With 0711 nobody can list
    /// its files, and its secret files are 0600. Parent folders are not changed.
    fn let_pass(&self) -> Result<bool, PostgresError> {
        let metadata = self.path.metadata().map_err(PostgresError::file("examine", &self.path))?;
        if metadata.uid() != geteuid().as_raw() {
            return Ok(false);
        }
        let mode = metadata.mode() & 0o7777 | 0o011;
        fs::set_permissions(&self.path, Permissions::from_mode(mode))
            .map_err(PostgresError::file("change the mode of", &self.path))?;
        Ok(true)
    }

    fn recorded_home(&self) -> Result<Option<PathBuf>, PostgresError> {
        let record = self.path.join(LOCATION_FILE);
        match fs::read_to_string(&record) {
            Ok(text) => Ok(Some(PathBuf::from(text.trim_end_matches('\n')))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PostgresError::file("read", record)(error)),
        }
    }

    /// Uses a rename, so that a host killed in the middle leaves either no record or a whole one.
    fn record_home(&self, folder: &Path) -> Result<(), PostgresError> {
        let record = self.path.join(LOCATION_FILE);
        let beside = self.path.join(format!("{LOCATION_FILE}.new"));
        fs::write(&beside, format!("{}\n", folder.display()))
            .and_then(|()| fs::rename(&beside, &record))
            .map_err(PostgresError::file("write", record))
    }

    fn fallback_home(&self) -> PathBuf {
        let digest = Sha256::digest(self.path.as_os_str().as_bytes());
        let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Path::new(FALLBACK_PARENT).join(format!("flowhost-postgres-{name}"))
    }
}

/// A folder (0700) for the cluster and for `initdb` to work in. It belongs to the user who runs the
/// server.
#[derive(Debug)]
pub(super) struct Home {
    folder: PathBuf,
    /// The owner of the folder.
    pub(super) user: RunUser,
}

impl Home {
    /// The cluster itself, PostgreSQL's data directory.
    pub(super) fn cluster(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A home in this folder, which need not exist.
    ///
    /// Under `/var/tmp` anybody could have put something in its place, so links and other users'
    /// folders are refused.
    fn at(folder: PathBuf) -> Result<Home, PostgresError> {
        let metadata = match fs::symlink_metadata(&folder) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Home { folder, user: RunUser::for_new_cluster()? });
            }
            Err(error) => return Err(PostgresError::file("examine", folder)(error)),
        };
        let foreign = PostgresError::ForeignFolder { path: folder.clone(), owner: metadata.uid() };
        if !metadata.is_dir() || metadata.mode() & 0o077 != 0 {
            return Err(foreign);
        }
        let user = match RunUser::owner_of(&metadata) {
            Some(owner) => owner,
            // Root was interrupted between making the folder and giving it away.
            None if metadata.uid() == geteuid().as_raw() => RunUser::for_new_cluster()?,
            None => return Err(foreign),
        };
        Ok(Home { folder, user })
    }

    fn made(self) -> Result<Home, PostgresError> {
        create_private(&self.folder)?;
        self.user
            .take_over(&self.folder)
            .map_err(PostgresError::file("change the owner of", &self.folder))?;
        Ok(self)
    }
}

fn create_private(folder: &Path) -> Result<(), PostgresError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(PostgresError::file("create", folder))
}

fn open_lock(path: &Path) -> Result<File, PostgresError> {
    let options =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    options.map_err(PostgresError::file("open", path))
}

fn write_pid(mut lock: &File) -> io::Result<()> {
    lock.set_len(0)?;
    writeln!(lock, "{}", std::process::id())
}

fn first_line(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

/// Held by the host.
const LOCK_FILE: &str = "postgres.lock";

/// Held by every process of the server.
const SERVER_LOCK_FILE: &str = "postgres.running";

const LOCATION_FILE: &str = "postgres-location";

/// Open to all users, and not emptied at boot as `/tmp` is.
const FALLBACK_PARENT: &str = "/var/tmp";

/// How long the server of a killed host may take for its shutdown checkpoint; a second is usual.
const STOPPING_LIMIT: Duration = Duration::from_secs(30);

const LOCK_POLL: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_and_names_the_first_ones_pid() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::lock(folder.path()).unwrap();

        let second = DataFolder::lock(folder.path());

        let own = std::process::id().to_string();
        assert!(matches!(second, Err(PostgresError::InUse { pid, .. }) if pid == own));
        drop(first);
        assert!(DataFolder::lock(folder.path()).is_ok());
    }

    #[test]
    fn a_link_in_the_place_of_the_home_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        create_private(&target).unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join("postgres")).unwrap();

        let refused = Home::at(folder.path().join("postgres"));

        assert!(matches!(refused, Err(PostgresError::ForeignFolder { .. })));
    }

    #[test]
    fn a_home_that_others_may_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();

        assert!(matches!(
            Home::at(folder.path().to_owned()),
            Err(PostgresError::ForeignFolder { .. })
        ));
    }

    #[test]
    fn a_recorded_place_is_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::lock(folder.path()).unwrap();
        assert_eq!(data.recorded_home().unwrap(), None);

        data.record_home(&data.fallback_home()).unwrap();

        assert_eq!(data.recorded_home().unwrap(), Some(data.fallback_home()));
    }
}
