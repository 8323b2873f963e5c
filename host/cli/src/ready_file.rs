//! The file that tells scripts that a host is ready, and where it listens.

use std::fs::Permissions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;
use tempfile::NamedTempFile;

/// A ready file. It exists from [`ReadyFile::announce`] until this is dropped, and is never half
/// written.
pub(crate) struct ReadyFile(Option<PathBuf>);

impl ReadyFile {
    /// Removes the file of a host that was killed: until this host is ready, the file must not say
    /// so.
    pub(crate) fn claim(path: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(path) = &path {
            remove(path).with_context(|| format!("can't remove the old {}", path.display()))?;
        }
        Ok(Self(path))
    }

    /// Writes the addresses that the host got.
    pub(crate) fn announce(&self, public_url: &str, admin_url: &str) -> anyhow::Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        let content = json!({ "public": public_url, "admin": admin_url }).to_string();
        write_at_once(path, &content).with_context(|| format!("can't write {}", path.display()))
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = remove(path)
        {
            tracing::warn!(%error, path = %path.display(), "can't remove the ready file");
        }
    }
}

fn write_at_once(path: &Path, content: &str) -> anyhow::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    writeln!(file, "{content}")?;
    // The script that waits for the host may run as another user, and nothing in the file is
    // secret.
    file.as_file().set_permissions(Permissions::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn holds_both_addresses_while_the_host_runs_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        std::fs::write(&path, "left behind").unwrap();

        let ready = ReadyFile::claim(Some(path.clone())).unwrap();
        assert!(!path.exists());
        ready.announce("http://127.0.0.1:1", "http://127.0.0.1:2").unwrap();

        let content: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(content, json!({"public": "http://127.0.0.1:1", "admin": "http://127.0.0.1:2"}));
        drop(ready);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_reader_never_sees_half_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        let long = format!("http://{}", "x".repeat(100_000));
        let ready = ReadyFile::claim(Some(path.clone())).unwrap();
        let reader = std::thread::spawn(move || {
            for _ in 0..2_000 {
                if let Ok(text) = std::fs::read_to_string(&path) {
                    serde_json::from_str::<Value>(&text).unwrap();
                }
            }
        });
        while !reader.is_finished() {
            ready.announce(&long, "http://127.0.0.1:2").unwrap();
        }

        reader.join().unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_with_its_name() {
        let ready = ReadyFile::claim(Some(PathBuf::from("/does/not/exist/ready.json"))).unwrap();

        let error = ready.announce("http://127.0.0.1:1", "http://127.0.0.1:2").unwrap_err();

        assert!(error.to_string().contains("/does/not/exist/ready.json"), "{error}");
    }
}
