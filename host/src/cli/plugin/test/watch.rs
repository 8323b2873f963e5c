//! Does something again whenever a project's files change.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, Metadata};
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::cli::output::note;
use crate::cli::signals::Signals;

/// Runs `work` now and after each change of a file in `folder`, until a signal comes. What fails is told, and it goes on.
pub(super) async fn run<F: Future<Output = anyhow::Result<()>>>(folder: &Path, work: impl Fn() -> F) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    loop {
        // Before the work: what changes meanwhile is a change.
        let before = fingerprint(folder);
        tokio::select! {
            result = work() => match result {
                Ok(()) => (),
                Err(error) => note(&crate::cli::describe(&error)),
            },
            _ = signals.next() => return Ok(()),
        }
        note("watching for changes; Ctrl-C ends it");
        tokio::select! {
            () = changed(folder, before) => note("a file changed"),
            _ = signals.next() => return Ok(()),
        }
    }
}

async fn changed(folder: &Path, before: u64) {
    loop {
        sleep(INTERVAL).await;
        if fingerprint(folder) != before {
            // Editors write several files one after another.
            sleep(INTERVAL).await;
            return;
        }
    }
}

/// Of the names, sizes and times of all files but those that a build makes.
fn fingerprint(folder: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    add(folder, 0, &mut hasher);
    hasher.finish()
}

fn add(folder: &Path, depth: u32, hasher: &mut DefaultHasher) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Links are not followed: they may lead back.
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if name.starts_with('.') || metadata.is_dir() && (IGNORED.contains(&&*name) || depth == DEEPEST) {
            continue;
        }
        if metadata.is_dir() {
            add(&path, depth + 1, hasher);
        } else {
            (&path, state(&metadata)).hash(hasher);
        }
    }
}

fn state(metadata: &Metadata) -> (u64, i64, i64, u64) {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec(), metadata.ino())
}

/// Short to a person, and cheap: a project has some dozens of files.
const INTERVAL: Duration = Duration::from_millis(250);

/// What is built and what is fetched.
const IGNORED: [&str; 2] = ["target", "node_modules"];

/// Deeper than sources go.
const DEEPEST: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_changes_comes_or_goes_is_seen_and_what_a_build_makes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "a");
        let first = fingerprint(folder.path());

        write("target/release/lib.wasm", "a");
        write(".git/HEAD", "a");
        assert_eq!(fingerprint(folder.path()), first);
        write("src/lib.rs", "bb");
        let second = fingerprint(folder.path());
        write("scenarios/new.toml", "");
        let third = fingerprint(folder.path());
        assert!(first != second && second != third);
        fs::remove_file(folder.path().join("scenarios/new.toml")).unwrap();
        assert_eq!(fingerprint(folder.path()), second);
    }
}
