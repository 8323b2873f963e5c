//! Finds PostgreSQL's programs. Debian keeps them off the PATH, so that several major versions can
//! be installed side by side.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::PostgresError;

/// The programs of one PostgreSQL installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgPrograms {
    /// `initdb`, which makes a cluster.
    pub(super) initdb: PathBuf,
    /// `postgres`, the server.
    pub(super) postgres: PathBuf,
}

impl PgPrograms {
    /// If `folder` (`FLOWHOST_PG_BIN`) is given, searches only there. Otherwise searches `path`
    /// (`PATH`), then `/usr/lib/postgresql/*/bin`, the newest major version first.
    ///
    /// # Errors
    /// [`PostgresError::NoProgramsIn`] for a given folder, else [`PostgresError::NotFound`].
    pub fn find(folder: Option<&Path>, path: Option<&OsStr>) -> Result<PgPrograms, PostgresError> {
        PgPrograms::find_with(folder, path, Path::new(DEBIAN_FOLDER))
    }

    fn find_with(
        folder: Option<&Path>,
        path: Option<&OsStr>,
        majors: &Path,
    ) -> Result<PgPrograms, PostgresError> {
        if let Some(folder) = folder {
            return PgPrograms::in_folder(folder)
                .ok_or_else(|| PostgresError::NoProgramsIn { folder: folder.to_owned() });
        }
        let on_path =
            path.into_iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
        let candidates = on_path.chain(newest_first(majors));
        candidates
            .into_iter()
            .find_map(|folder| PgPrograms::in_folder(&folder))
            .ok_or(PostgresError::NotFound)
    }

    fn in_folder(folder: &Path) -> Option<PgPrograms> {
        // The server runs in another working directory than the host.
        let folder = std::path::absolute(folder).ok()?;
        let programs =
            PgPrograms { initdb: folder.join("initdb"), postgres: folder.join("postgres") };
        (programs.initdb.is_file() && programs.postgres.is_file()).then_some(programs)
    }
}

fn newest_first(majors: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(majors).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, folder)| folder.join("bin")).collect()
}

/// Where Debian and Ubuntu install PostgreSQL: one folder per major version.
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_given_folder_is_the_only_place() {
        let root = tempfile::tempdir().unwrap();
        let installed = install(&root, "usr/15/bin");

        let found = PgPrograms::find_with(Some(&installed), None, Path::new("/nowhere")).unwrap();
        assert_eq!(found.postgres, installed.join("postgres"));
        let refused = PgPrograms::find_with(
            Some(root.path()),
            Some(installed.as_os_str()),
            &root.path().join("usr"),
        );
        assert!(
            matches!(refused, Err(PostgresError::NoProgramsIn { folder }) if folder == root.path())
        );
    }

    #[test]
    fn the_path_goes_before_the_system_folder() {
        let root = tempfile::tempdir().unwrap();
        install(&root, "usr/17/bin");
        let on_path = install(&root, "opt/bin");
        let path = std::env::join_paths([root.path(), &on_path]).unwrap();

        let found = PgPrograms::find_with(None, Some(&path), &root.path().join("usr")).unwrap();

        assert_eq!(found.initdb, on_path.join("initdb"));
    }

    #[test]
    fn the_newest_major_wins_by_number() {
        let root = tempfile::tempdir().unwrap();
        install(&root, "usr/9/bin");
        let newest = install(&root, "usr/17/bin");
        fs::create_dir(root.path().join("usr/common")).unwrap();

        let found = PgPrograms::find_with(None, None, &root.path().join("usr")).unwrap();

        assert_eq!(found.postgres, newest.join("postgres"));
    }

    #[test]
    fn an_error_names_the_package() {
        let missing = PgPrograms::find_with(None, None, Path::new("/nowhere")).unwrap_err();

        assert!(missing.to_string().contains("apt install postgresql"));
    }

    fn install(root: &TempDir, folder: &str) -> PathBuf {
        let folder = root.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("initdb"), "").unwrap();
        fs::write(folder.join("postgres"), "").unwrap();
        folder
    }
}
