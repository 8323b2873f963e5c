//! Watches the files that a build or a test run of a project depends on: its own, and those of the
//! packages that it names by a path.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use super::local_packages::folders_and_files;
use super::python;
use super::typescript;

/// The files of a project as of the last look.
///
/// The files are polled. That works on every file system, even where a container mounts it from
/// outside and no events arrive.
#[derive(Debug)]
pub struct Sources {
    folder: PathBuf,
    seen: Snapshot,
}

type Snapshot = BTreeMap<PathBuf, Stamp>;

/// Whether links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Links {
    Followed,
    Ignored,
}

/// When a file was changed, and its size.
type Stamp = (Option<SystemTime>, u64);

impl Sources {
    /// The files as they are now.
    pub async fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), seen: look(folder.to_owned()).await }
    }

    /// Waits until a file is changed, new or gone, and then until nothing more changes for a
    /// moment: an editor that saves ten files makes one change.
    pub async fn changed(&mut self) {
        let mut settled = true;
        loop {
            sleep(INTERVAL).await;
            let now = look(self.folder.clone()).await;
            if now != self.seen {
                (self.seen, settled) = (now, false);
            } else if !settled {
                return;
            }
        }
    }
}

async fn look(folder: PathBuf) -> Snapshot {
    let looked = tokio::task::spawn_blocking(move || {
        let mut files = Snapshot::new();
        // Found anew each time, since a manifest may have changed.
        let (folders, single) = folders_and_files(&folder);
        // The project comes first, so that a large package can't use up the limit.
        collect(
            &fs::canonicalize(&folder).unwrap_or(folder),
            MAX_DEPTH,
            Links::Followed,
            &mut files,
        );
        for folder in folders {
            collect(&folder, MAX_DEPTH, Links::Followed, &mut files);
        }
        for file in single {
            if let Ok(about) = fs::metadata(&file) {
                files.insert(file, stamp(&about));
            }
        }
        files
    });
    looked.await.unwrap_or_default()
}

/// Skips what can't be read; it may be readable at the next look.
fn collect(folder: &Path, depth: usize, links: Links, files: &mut Snapshot) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if files.len() >= MAX_FILES
            || name.to_string_lossy().starts_with('.')
            || IGNORED.iter().any(|ignored| name == *ignored)
        {
            continue;
        }
        // A link is followed, those behind it are not: they may lead round in a circle.
        let is_link = entry.file_type().is_ok_and(|file_type| file_type.is_symlink());
        if is_link && links == Links::Ignored {
            continue;
        }
        let Ok(about) = fs::metadata(entry.path()) else { continue };
        if about.is_file() {
            files.insert(entry.path(), stamp(&about));
        } else if about.is_dir() && depth > 0 {
            let links = if is_link { Links::Ignored } else { links };
            collect(&entry.path(), depth - 1, links, files);
        }
    }
}

fn stamp(about: &fs::Metadata) -> Stamp {
    (about.modified().ok(), about.len())
}

/// Written by builds. Hidden files and folders, of editors and version control, are ignored too.
const IGNORED: [&str; 6] =
    ["target", "Cargo.lock", "node_modules", "__pycache__", python::WRITTEN, typescript::WRITTEN];

/// A project has dozens of files. A whole disk is searched only up to these limits.
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 16;

/// Short enough not to be noticed after saving a file, and without load on the processor.
const INTERVAL: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn changed_new_and_deleted_files_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("src/lib.rs");
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(&file, "one").unwrap();
        let mut sources = Sources::of(folder.path()).await;

        fs::write(&file, "one and two").unwrap();
        sources.changed().await;
        fs::write(folder.path().join("flow.json"), "{}").unwrap();
        sources.changed().await;
        fs::remove_file(&file).unwrap();
        sources.changed().await;
    }

    #[tokio::test]
    async fn what_a_link_leads_to_is_watched_too() {
        let folder = tempfile::tempdir().unwrap();
        let (plugin, twin) = (folder.path().join("plugin"), folder.path().join("twin"));
        fs::create_dir_all(plugin.join("scenarios")).unwrap();
        fs::write(plugin.join("flow.json"), "{}").unwrap();
        fs::create_dir(&twin).unwrap();
        for name in ["flow.json", "scenarios"] {
            symlink(plugin.join(name), twin.join(name)).unwrap();
        }
        // Links may lead round in a circle.
        symlink(&twin, plugin.join("scenarios/twin")).unwrap();
        let mut sources = Sources::of(&twin).await;
        assert_eq!(sources.seen.len(), 1, "{sources:?}");

        fs::write(plugin.join("flow.json"), "{ }").unwrap();
        timeout(Duration::from_secs(30), sources.changed()).await.unwrap();
        fs::write(plugin.join("scenarios/new.toml"), "").unwrap();
        timeout(Duration::from_secs(30), sources.changed()).await.unwrap();
    }

    #[tokio::test]
    async fn a_package_that_the_project_names_by_a_path_is_watched_too() {
        let folder = tempfile::tempdir().unwrap();
        for package in ["plugin", "shared"] {
            fs::create_dir(folder.path().join(package)).unwrap();
        }
        let manifest = folder.path().join("plugin/Cargo.toml");
        fs::write(&manifest, "").unwrap();
        let mut sources = Sources::of(&folder.path().join("plugin")).await;

        fs::write(&manifest, "[dependencies]\nshared = { path = \"../shared\" }\n").unwrap();
        sources.changed().await;
        fs::write(folder.path().join("shared/prices.rs"), "").unwrap();
        sources.changed().await;
    }

    #[tokio::test]
    async fn what_a_build_writes_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let mut sources = Sources::of(folder.path()).await;
        for ignored in ["target", ".git", ".flowhost", "node_modules"] {
            fs::create_dir(folder.path().join(ignored)).unwrap();
            fs::write(folder.path().join(ignored).join("file"), "").unwrap();
        }
        fs::write(folder.path().join("Cargo.lock"), "").unwrap();
        fs::write(folder.path().join(python::WRITTEN), "").unwrap();
        fs::write(folder.path().join(typescript::WRITTEN), "").unwrap();

        assert!(timeout(INTERVAL * 4, sources.changed()).await.is_err());
    }
}
